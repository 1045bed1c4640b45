// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <gtest/gtest.h>

#include "cli/cli_fixture.h"
#include "phaselaw/base/value.h"

namespace phaselaw {
namespace {

// Curves of 400 steps with a linear decay over the last fifth; each of the runs is a little different.
class ForecastVerb : public testing::CliFixture {
 protected:
  static double loss_at(int step, int run) {
    const double decayed = std::max(0.0, (step - 320) / 80.0);
    return (2 + 0.02 * run) + 3 * std::pow(step + 5.0, -0.4) - 0.1 * decayed + 1e-4 * ((step * 7 + run) % 5);
  }
  static std::string curves(int first_run, int last_run, int steps) {
    std::string text = "run,step,loss\n";
    for (int run = first_run; run <= last_run; ++run)
      for (int step = 1; step <= steps; ++step) text += fmt::format("r{},{},{}\n", run, step, loss_at(step, run));
    return text;
  }
  base::Value json(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "forecast");
    arguments.insert(arguments.end(), {"--json", "-", "--quiet"});
    const auto outcome = run(arguments);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    return base::parse_json(outcome.out, "stdout");
  }
};

TEST_F(ForecastVerb, ScheduleAndHistoryGiveTheFinalLoss) {
  write("now.csv", curves(0, 0, 250));
  write("earlier.csv", curves(1, 4, 400));
  const base::Value stated = json({path("now.csv"), "--to", "400", "--decay", "linear", "--decay-from", "320"});
  const base::Value& f = stated.at("forecasts").list().front();
  EXPECT_EQ(f.at("status").text(), "forecast");
  const double truth = loss_at(400, 0);
  EXPECT_LE(f.at("final_loss").at("lo").number(), truth);
  EXPECT_GE(f.at("final_loss").at("hi").number(), truth);
  const base::Value history = json({path("now.csv"), "--history", path("earlier.csv")});
  const base::Value& h = history.at("forecasts").list().front();
  EXPECT_NEAR(h.at("final_loss").at("value").number(), truth, 0.01);
  EXPECT_EQ(h.at("parts").list().front().at("source").text(), "history");
  // A run that is among the earlier ones does not support itself.
  write("all.csv", curves(0, 4, 400));
  const base::Value self = json({path("all.csv"), "--history", path("all.csv"), "--run", "r0"});
  EXPECT_EQ(self.at("forecasts").list().front().at("status").text(), "none");
  EXPECT_EQ(json({path("now.csv"), "--to", "400"}).at("forecasts").list().front().at("status").text(), "conditional");
}

TEST_F(ForecastVerb, RegistersOnceAndChecksLater) {
  write("now.csv", curves(0, 0, 250));
  const std::vector<std::string> arguments = {"forecast", path("now.csv"), "--to", "400",        "--decay",
                                              "linear",   "--decay-from",  "320",  "--register", path("f.json")};
  auto outcome = run(arguments);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("registered in"), std::string::npos);
  EXPECT_EQ(base::read_json(path("f.json")).at("input").at("rows").integer(), 250);
  expect_bad(arguments, "exists already and is not overwritten");
  outcome = run({"forecast", "--check", path("f.json")});  // the log named in the file, not yet grown
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(outcome.out.find("cannot be compared yet"), std::string::npos) << outcome.out;
  write("now.csv", curves(0, 0, 400));
  outcome = run({"forecast", path("now.csv"), "--check", path("f.json"), "--json", path("check.json")});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(base::read_json(path("check.json")).at("status").text(), "inside");
  write("other.csv", curves(1, 1, 400));
  expect_bad({"forecast", path("other.csv"), "--check", path("f.json")}, "is not the one of the forecast");
}

TEST_F(ForecastVerb, WritesThePage) {
  write("now.csv", curves(0, 1, 250));
  const auto outcome = run({"forecast", path("now.csv"), "--to", "400", "--out", path("page")});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_NE(base::read_text(path("page/report.html")).find("The curve and its forecast"), std::string::npos);
  EXPECT_EQ(base::read_json(path("page/forecast.json")).at("forecasts").list().size(), 2U);
}

TEST_F(ForecastVerb, ALadderForecastsAPlannedRun) {
  std::string text = "n_params,tokens,loss\n";
  for (const double n : {1e7, 3e7, 1e8, 3e8})
    for (const double d : {5e8, 2e9, 8e9})
      text += fmt::format("{},{},{:.6f}\n", n, d, 1.7 + 400 * std::pow(n, -0.34) + 410 * std::pow(d, -0.28));
  write("ladder.csv", text);
  const base::Value table = json({"--ladder", path("ladder.csv"), "--n-params", "1B", "--tokens", "20B"});
  const double value = table.at("forecasts").list().front().at("final_loss").at("value").number();
  EXPECT_NEAR(value, 1.7 + 400 * std::pow(1e9, -0.34) + 410 * std::pow(2e10, -0.28), 0.01);
  const auto fit =
      run({"fit", path("ladder.csv"), "--law", "chinchilla", "--holdout", "0", "--json", path("fit.json"), "--quiet"});
  ASSERT_EQ(fit.code, 0) << fit.err;
  const base::Value saved = json({"--ladder", path("fit.json"), "--n-params", "1B", "--tokens", "20B"});
  EXPECT_NEAR(saved.at("forecasts").list().front().at("final_loss").at("value").number(), value, 1e-6);
  expect_bad({"forecast", "--ladder", path("ladder.csv"), "--tokens", "20B"}, "--n-params");
}

TEST_F(ForecastVerb, BadInputIsOneSentence) {
  write("now.csv", curves(0, 0, 250));
  write("two.csv", curves(0, 1, 250));
  expect_bad({"forecast"}, "expected a curve, --history or --ladder");
  expect_bad({"forecast", path("now.csv"), "--to", "100"}, "--to: the curve of");
  expect_bad({"forecast", path("now.csv"), "--to", "400", "--decay", "linear", "--decay-from", "500"}, "--decay-from");
  expect_bad({"forecast", path("two.csv"), "--to", "400", "--register", path("f.json")}, "registers one forecast");
  expect_bad({"forecast", path("now.csv"), "--check", path("now.csv")}, "now.csv");
  expect_bad({"forecast", path("now.csv"), "--history", path("none.csv")}, "none.csv");
  std::string accuracy = "step,acc\n";
  for (int i = 1; i <= 100; ++i) accuracy += fmt::format("{},{}\n", i, 1 - 1 / std::sqrt(i + 1.0));
  write("acc.csv", accuracy);
  expect_bad({"forecast", path("acc.csv"), "--loss", "acc", "--to", "400"}, "acc");
}

}  // namespace
}  // namespace phaselaw
