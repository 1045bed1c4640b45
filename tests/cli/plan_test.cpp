// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "cli/cli_fixture.h"
#include "phaselaw/base/value.h"

namespace phaselaw {
namespace {

class PlanVerb : public testing::CliFixture {
 protected:
  void SetUp() override {
    CliFixture::SetUp();
    std::string text = "n_params,tokens,loss\n";
    int i = 0;
    for (double n = 1e7; n < 5e9; n *= 2.5)
      for (double d = 2e8; d < 2e11; d *= 3, ++i)
        text += fmt::format(
            "{},{},{}\n", n, d,
            (1.69 + 406.4 * std::pow(n, -0.34) + 410.7 * std::pow(d, -0.28)) * (1 + 0.003 * std::sin(7.0 * i)));
    write("runs.csv", text);
    const testing::Outcome fit = run({"fit", path("runs.csv"), "--law", "chinchilla", "--interval", "sandwich",
                                      "--quiet", "--json", path("fit.json")});
    ASSERT_EQ(fit.code, 0) << fit.err;
  }
  std::vector<std::string> plan(std::vector<std::string> more) {
    std::vector<std::string> words = {"plan", "--fit", path("fit.json"), "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
};

TEST_F(PlanVerb, SizesForAComputeAndComputeForTheirLoss) {
  const testing::Outcome there = run(plan({"--compute", "1e21", "1e22", "--json", "-"}));
  ASSERT_EQ(there.code, 0) << there.err;
  const base::Value json = base::parse_json(there.out, "stdout");
  const auto value = [&](const base::Value& from, const char* name) { return from.at(name).at("value").number(); };
  EXPECT_EQ(json.at("plans").list().size(), 2U);
  EXPECT_NEAR(6 * value(json, "n_params") * value(json, "tokens") / 1e21, 1, 1e-9);
  EXPECT_NEAR(json.at("exponent").at("n_params").at("value").number(), 0.28 / 0.62, 0.03);
  const testing::Outcome back = run(plan({"--loss", fmt::format("{:.17g}", value(json, "loss")), "--json", "-"}));
  ASSERT_EQ(back.code, 0) << back.err;
  EXPECT_NEAR(value(base::parse_json(back.out, "stdout"), "compute") / 1e21, 1, 1e-9);
}

TEST_F(PlanVerb, PageAndNextRun) {
  const testing::Outcome outcome =
      run(plan({"--compute", "1e21", "--tokens-per-param", "200", "--next-run", "alpha", "--out", path("plan")}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* part : {"tokens/param", "that the best sizes need", "to narrow alpha", "model-limited"})
    EXPECT_NE(outcome.out.find(part), std::string::npos) << part;
  EXPECT_TRUE(std::filesystem::exists(path("plan/report.html")));
  EXPECT_EQ(base::read_json(path("plan/plan.json")).at("bottleneck").text(), "model-limited");
}

// Two sizes and no compute: the loss of this run.
TEST_F(PlanVerb, TheLossOfGivenSizes) {
  const testing::Outcome outcome = run(plan({"--n-params", "1B", "--tokens", "20B", "--json", path("run.json")}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("1B parameters on 20B tokens, 1.2e20 FLOP: loss 2."), std::string::npos) << outcome.out;
  const base::Value json = base::read_json(path("run.json"));
  EXPECT_NEAR(json.at("loss").at("value").number(), 1.69 + 406.4 * std::pow(1e9, -0.34) + 410.7 * std::pow(2e10, -0.28),
              0.01);
  EXPECT_EQ(json.at("compute").at("value").number(), 1.2e20);
}

// The law in one line, the answer in the next, and one block with what limits it; nothing on stderr.
TEST_F(PlanVerb, SaysTheAnswerFirstAndWhatLimitsItOnce) {
  const testing::Outcome brief = run(plan({"--compute", "1e26"})), full = run(plan({"--compute", "1e26", "--verbose"}));
  ASSERT_EQ(brief.code, 0) << brief.err;
  EXPECT_EQ(brief.out.rfind("chinchilla: E + A*N^-alpha + B*D^-beta\nWith 1e26 FLOP, train ", 0), 0U) << brief.out;
  EXPECT_EQ(brief.err, "");
  const std::string block = brief.out.substr(brief.out.find("what limits this plan:\n"));
  EXPECT_NE(block.find("so the plan is an extrapolation"), std::string::npos) << brief.out;
  EXPECT_LE(std::count(block.begin(), block.end(), '\n'), 5);
  EXPECT_EQ(brief.out.find("elasticity"), std::string::npos);
  EXPECT_NE(full.out.find("elasticity"), std::string::npos);
  EXPECT_EQ(full.out.find("more: --verbose"), std::string::npos);
}

TEST_F(PlanVerb, OfSeveralFitsTheBestThatGivesSizes) {
  ASSERT_EQ(run({"fit", path("runs.csv"), "--interval", "none", "--quiet", "--json", path("all.json")}).code, 0);
  const testing::Outcome any = run({"plan", "--fit", path("all.json"), "--compute", "1e21", "--json", "-"});
  ASSERT_EQ(any.code, 0) << any.err;
  const base::Value json = base::parse_json(any.out, "stdout");
  EXPECT_TRUE(json.at("n_params").at("value").is_number());
  EXPECT_NE(any.err.find("the plan uses " + json.at("law").text()), std::string::npos) << any.err;
  const testing::Outcome named = run(
      {"plan", "--fit", path("all.json"), "--law", "chinchilla-tied", "--compute", "1e21", "--json", "-", "--quiet"});
  ASSERT_EQ(named.code, 0) << named.err;
  EXPECT_EQ(base::parse_json(named.out, "stdout").at("law").text(), "chinchilla-tied");
  expect_bad({"plan", "--fit", path("all.json"), "--law", "chinchila", "--compute", "1e21"},
             "did you mean 'chinchilla'");
}

TEST_F(PlanVerb, BadInputIsOneLine) {
  expect_bad(plan({}), "--compute: expected one of");
  expect_bad(plan({"--compute", "1e21", "--loss", "2"}), "expected one of");
  for (const char* bad : {"0", "-1", "nan", "inf", "abc", "1e21x", ""})
    expect_bad(plan({"--compute", bad}), "--compute: expected a number > 0");
  expect_bad(plan({"--loss", "1.2"}), "--loss: no compute up to 1e60 reaches 1.2");
  expect_bad(plan({"--compute", "1e21", "--flop-convention", "6n"}), "did you mean '6nd'");
  expect_bad(plan({"--compute", "1e21", "--flop-convention", "with-attention"}), "--seq-len");
  // A number that the plan would not look at.
  expect_bad(plan({"--compute", "1e21", "--vocab", "50257"}),
             "--vocab: is used only with --flop-convention without-embeddings");
  expect_bad(plan({"--compute", "1e21", "--seq-len", "1024"}), "--seq-len");
  expect_bad(plan({"--compute", "1e21", "--flop-per-param", "6"}), "--flop-per-param");
  expect_bad(plan({"--compute", "1e21", "--aspect-ratio", "32"}), "--aspect-ratio");
  expect_bad(plan({"--compute", "1e21", "--next-most-compute", "1e20"}),
             "--next-most-compute: bounds the run of --next-run");
  expect_bad(plan({"--compute", "1e21", "--next-run", "alpha", "--next-budget", "1e20"}), "--next-most-compute");
  expect_bad(
      plan({"--compute", "1e21", "--next-run", "alpha", "--next-least-tokens", "2B", "--next-most-tokens", "1B"}),
      "--next-least-tokens: expected at most --next-most-tokens = 1B, found 2B");
  expect_bad(plan({"--n-params", "1B"}), "--compute: expected one of --compute and --loss");
  expect_bad(plan({"--compute", "1e21", "--seed", "3"}), "--seed");
  expect_bad(plan({"--compute", "1e21", "--at", "unique_tokens"}), "expected name=number");
  expect_bad(plan({"--compute", "1e21", "--n-params", "1B", "--tokens", "1B"}), "give only one of");
  expect_bad({"plan", "--fit", path("none.json"), "--compute", "1e21"}, "none.json");
  expect_bad({"plan", "--fit", path("runs.csv"), "--compute", "1e21"}, "runs.csv");
  write("cut.json", base::read_text(path("fit.json")).substr(0, 500));
  expect_bad({"plan", "--fit", path("cut.json"), "--compute", "1e21"}, "cut.json:");
}

}  // namespace
}  // namespace phaselaw
