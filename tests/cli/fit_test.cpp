// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "cli/cli_fixture.h"
#include "phaselaw/base/value.h"

// fit, plan and isoflop on a table of runs that is Chinchilla's law itself.
namespace phaselaw::cli {
namespace {

using testing::Outcome;

constexpr double kE = 1.8, kA = 400, kAlpha = 0.34, kB = 410, kBeta = 0.28;

double loss_of(double n, double d) { return kE + kA * std::pow(n, -kAlpha) + kB * std::pow(d, -kBeta); }

class FitAnyLaw : public testing::CliFixture {
 protected:
  // Six budgets, nine sizes each, about each budget's optimum.
  std::string runs() {
    std::string text = "Model Size,Training Tokens,flops,val_loss\n";
    for (double c = 1e18; c < 5e20; c *= 3)
      for (int k = -4; k <= 4; ++k) {
        const double n = 0.08 * std::sqrt(c) * std::pow(1.5, k), d = c / (6 * n);
        text += fmt::format("{},{},{},{}\n", n, d, c, loss_of(n, d));
      }
    write("runs.csv", text);
    return path("runs.csv");
  }
  base::Value json(const std::vector<std::string>& words) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return base::parse_json(outcome.out, "stdout");
  }
};

TEST_F(FitAnyLaw, FindsThePlantedParameters) {
  const auto fit = json({"fit", runs(), "--law", "chinchilla", "--interval", "none", "--json", "-", "--quiet"});
  const std::pair<const char*, double> truth[] = {{"E", kE}, {"A", kA}, {"alpha", kAlpha}, {"B", kB}, {"beta", kBeta}};
  for (const auto& [name, value] : truth)
    EXPECT_NEAR(fit.at("parameters").at(name).at("value").number() / value, 1, 1e-6) << name;
  EXPECT_LT(fit.at("holdout").at("mean_abs_rel_error").number(), 1e-6);
  EXPECT_NEAR(fit.at("holdout").at("fraction").number(), 0.2, 0.04);  // rows of one compute are never divided
  for (const char* field : {"law", "objective", "delta", "n_points", "objective_value", "interval", "convergence",
                            "selection", "warnings", "seconds", "derived"})
    EXPECT_NE(fit.find(field), nullptr) << field;
}

TEST_F(FitAnyLaw, AnExpressionIsALaw) {
  const auto named = json({"fit", runs(), "--law", "chinchilla", "--interval", "none", "--json", "-", "--quiet"});
  const auto typed =
      json({"fit", runs(), "--law", "E + P*N^-p + Q*D^-q", "--interval", "none", "--json", "-", "--quiet"});
  EXPECT_NEAR(typed.at("parameters").at("p").at("value").number(),
              named.at("parameters").at("alpha").at("value").number(), 1e-7);
}

TEST_F(FitAnyLaw, RanksTheTrueLawFirst) {
  const auto all = json({"fit", runs(), "--law", "all", "--interval", "none", "--json", "-", "--quiet"});
  // Laws that contain the true one predict as well; none that does not may stand before it.
  const std::string best = all.at("ranking").list().front().at("law").text();
  EXPECT_TRUE(best == "chinchilla" || best == "chinchilla-outer") << best;
  EXPECT_EQ(all.at("fits").list().size(), all.at("ranking").list().size());
}

TEST_F(FitAnyLaw, WritesPageChecklistAndTables) {
  const auto outcome = run({"fit", runs(), "--law", "chinchilla", "--resamples", "30", "--out", path("f"),
                            "--mis-fitting-checklist", "--quiet"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* item :
       {"What is fitted", "objective", "starts", "held out", "not stated; please say whether embeddings"})
    EXPECT_NE(outcome.out.find(item), std::string::npos) << item;
  for (const char* file : {"fit.json", "report.html", "residuals.csv"})
    EXPECT_TRUE(std::filesystem::exists(path("f") + "/" + file)) << file;
  const std::string page = base::read_text(path("f") + "/report.html");
  for (const char* part : {"Reducible part against compute", "Predicted against measured", "Residuals against"})
    EXPECT_NE(page.find(part), std::string::npos) << part;
}

TEST_F(FitAnyLaw, ThePlanIsTheClosedForm) {
  ASSERT_EQ(
      run({"fit", runs(), "--law", "chinchilla", "--resamples", "40", "--json", path("fit.json"), "--quiet"}).code, 0);
  const auto plan = json({"plan", "--fit", path("fit.json"), "--compute", "1e22", "--json", "-", "--quiet"});
  const double g = std::pow(kAlpha * kA / (kBeta * kB), 1 / (kAlpha + kBeta));
  const double n = g * std::pow(1e22 / 6, kBeta / (kAlpha + kBeta));
  EXPECT_NEAR(plan.at("n_params").at("value").number() / n, 1, 1e-4);
  EXPECT_NEAR(plan.at("tokens").at("value").number() / (1e22 / 6 / n), 1, 1e-4);
  EXPECT_NEAR(plan.at("loss").at("value").number(), loss_of(n, 1e22 / 6 / n), 1e-5);
  EXPECT_EQ(plan.at("bottleneck").text(), "compute-starved");
  EXPECT_FALSE(plan.at("isoflop").list().empty());
  for (const char* resource : {"n_params", "tokens", "compute"})
    EXPECT_NE(plan.at("elasticity").find(resource), nullptr) << resource;
  // And back: the least compute for that loss.
  const auto back = json({"plan", "--fit", path("fit.json"), "--loss",
                          fmt::format("{}", plan.at("loss").at("value").number()), "--json", "-", "--quiet"});
  EXPECT_NEAR(back.at("compute").at("value").number() / 1e22, 1, 1e-4);
}

TEST_F(FitAnyLaw, IsoflopFindsTheExponentThreeWays) {
  const auto result = json({"isoflop", runs(), "--resamples", "20", "--json", "-", "--quiet"});
  const double a = kBeta / (kAlpha + kBeta);
  EXPECT_NEAR(result.at("methods").at("parametric").at("a").at("value").number(), a, 1e-4);
  // Akima follows the bowl; a parabola is off by no more than its own stated bias, for there is no noise.
  EXPECT_NEAR(result.at("methods").at("akima").at("a").at("value").number(), a, 0.02);
  const auto& parabola = result.at("methods").at("parabola");
  EXPECT_NEAR(parabola.at("a").at("value").number() - parabola.at("bias_a").number(), a, 1e-3);
}

// Two experiments in one file are refused by name; --by fits them apart and writes one page.
TEST_F(FitAnyLaw, IsoflopFitsExperimentsApart) {
  const std::string table = base::read_text(runs());
  std::string both;
  for (std::size_t from = 0; from < table.size();) {
    const std::size_t end = std::min(table.find('\n', from), table.size());
    const std::string line = table.substr(from, end - from);
    from = end + 1;
    if (both.empty()) {
      both = line + ",dataset\n";
      continue;
    }
    const std::size_t comma = line.rfind(',');
    both += line + ",c4\n";
    both += fmt::format("{},{},pile\n", line.substr(0, comma), 1.1 * std::stod(line.substr(comma + 1)));
  }
  write("both.csv", both);
  expect_bad({"isoflop", path("both.csv")}, "fit each apart with --by dataset");
  expect_bad({"isoflop", path("both.csv"), "--by", "datset"}, "dataset");
  expect_bad({"isoflop", path("both.csv"), "--optima", "--vocab", "100"}, "remove --vocab");
  const auto result = json({"isoflop", path("both.csv"), "--by", "dataset", "--resamples", "20", "--out", path("apart"),
                            "--json", "-", "--quiet"});
  ASSERT_EQ(result.at("experiments").list().size(), 2U);
  for (const auto& one : result.at("experiments").list())
    EXPECT_NEAR(one.at("methods").at("akima").at("a").at("value").number(), kBeta / (kAlpha + kBeta), 0.02);
  EXPECT_TRUE(std::filesystem::exists(path("apart") + "/report.html"));
}

TEST_F(FitAnyLaw, BadInputIsOneClearError) {
  const std::string table = runs();
  expect_bad({"fit", table, "--law", "chinchila"}, "did you mean 'chinchilla'");
  expect_bad({"fit", table, "--law", "chinchilla", "--objective", "hubber"}, "did you mean 'huber'");
  expect_bad({"fit", table, "--law", "chinchilla", "--holdout", "1.5"}, "--holdout");
  expect_bad({"fit", table, "--law", "chinchilla", "--fix", "alpa=0.3", "--quiet"}, "alpha");
  expect_bad({"fit", table, "--law", "E + A*N^"}, "--law");
  expect_bad({"fit", path("none.csv"), "--law", "chinchilla"}, "none.csv");
  write("billions.csv", "n_params,tokens,loss\n1.4,20e9,3.1\n2.8,40e9,2.9\n6.9,80e9,2.7\n");
  expect_bad({"fit", path("billions.csv"), "--law", "chinchilla"}, "billions.csv:2");
  write("negative.csv", "n_params,tokens,loss\n1e8,2e9,3.1\n2e8,2e9,-2.9\n");
  expect_bad({"fit", path("negative.csv"), "--law", "chinchilla"}, "negative.csv:3");
  write("one.csv", "n_params,tokens,loss\n1e8,2e9,3.1\n");
  expect_bad({"fit", path("one.csv"), "--law", "chinchilla"}, "rows");
  expect_bad({"plan", "--fit", table, "--compute", "1e21"}, "runs.csv");
  ASSERT_EQ(
      run({"fit", table, "--law", "chinchilla", "--interval", "none", "--json", path("fit.json"), "--quiet"}).code, 0);
  expect_bad({"plan", "--fit", path("fit.json"), "--compute", "-3"}, "--compute");
  expect_bad({"plan", "--fit", path("fit.json")}, "--compute");
  expect_bad({"plan", "--fit", path("fit.json"), "--loss", "1.5"}, "floor");
  expect_bad({"plan", "--fit", path("fit.json"), "--compute", "1e21", "--next-run", "alpa"}, "alpha");
  expect_bad({"plan", "--fit", path("fit.json"), "--compute", "1e21", "--flop-convention", "7nd"}, "6nd");
}

}  // namespace
}  // namespace phaselaw::cli
