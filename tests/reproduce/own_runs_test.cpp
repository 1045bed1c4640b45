// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/own_runs.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "advice/curve_truths.h"
#include "data/scratch.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/log.h"
#include "phaselaw/reproduce/reproduce.h"
#include "phaselaw/reproduce/verdict.h"

namespace phaselaw::reproduce {
namespace {

using advice::testing::curve_of;

constexpr std::size_t kSteps = 20000;

// Runs of one law with a constant, recorded learning rate; `scale` multiplies the reducible part of each.
std::vector<tables::Curve> runs_of(const std::function<double(double)>& law, std::size_t count, double noise,
                                   double rho = 0, std::size_t steps = kSteps) {
  std::vector<tables::Curve> curves;
  for (std::size_t r = 0; r < count; ++r) {
    curves.push_back(curve_of(law, steps, noise, 10 + r, rho));
    curves.back().name = fmt::format("run {}", r);
    curves.back().rates = {{0, static_cast<double>(steps)}, {0.001, 0.001}};
  }
  return curves;
}

report::Claim claim_of(const std::vector<tables::Curve>& curves, const std::string& id) {
  auto claims = claims_of(judged_runs(curves, {}));
  decide(claims);
  const auto found = std::find_if(claims.begin(), claims.end(), [&](const auto& c) { return c.id == id; });
  EXPECT_NE(found, claims.end()) << id;
  return *found;
}

double exponential_then_power(double t) { return 1 + 8 * std::exp(-t / 300) + 0.8 * std::pow(t, -0.3); }
double sixth(double t) { return 2 * std::pow(1 + t / 3, -1.0 / 6); }  // floor 0
double power(double t) { return 0.5 + 6 * std::pow(t, -0.4); }

TEST(OwnRuns, APlantedExponentialStartIsFoundAndAPowerStartRefutesIt) {
  const auto found = claim_of(runs_of(exponential_then_power, 4, 0.01), "E8.first_stage");
  EXPECT_EQ(found.verdict, report::Verdict::kSupported) << found.reading;
  EXPECT_GT(found.measured, 6);
  const auto refuted = claim_of(runs_of(advice::testing::shifted_power_law, 4, 0.003), "E8.first_stage");
  EXPECT_EQ(refuted.verdict, report::Verdict::kNotSupported) << refuted.reading;
}

// A warm-up looks like an exponential start, so a log without learning rates decides nothing about it.
TEST(OwnRuns, WithoutTheLearningRateTheFirstStageIsUndecided) {
  auto curves = runs_of(exponential_then_power, 3, 0.01);
  for (auto& curve : curves) curve.rates = {};
  const auto claim = claim_of(curves, "E8.first_stage");
  EXPECT_EQ(claim.verdict, report::Verdict::kInconclusive);
  EXPECT_NE(claim.undecidable.find("--warmup"), std::string::npos) << claim.undecidable;
}

// One curve with strongly correlated noise is worth few independent rows.
TEST(OwnRuns, ABendIsFoundAndCorrelatedNoiseLeavesItOpen) {
  const auto found = claim_of(runs_of(advice::testing::shifted_power_law, 4, 0.003), "E8.bend");
  EXPECT_EQ(found.verdict, report::Verdict::kSupported) << found.reading;
  const auto open = claim_of(runs_of(power, 2, 0.05, 0.999, 400), "E8.bend");
  EXPECT_EQ(open.verdict, report::Verdict::kInconclusive) << open.reading;
}

TEST(OwnRuns, AShortNoisyLogIsInconclusiveAboutTheExponent) {
  for (const char* id : {"E8.exponent_steps", "E8.exponent_v1", "E8.exponent_v3"}) {
    const auto claim = claim_of(runs_of(power, 1, 0.2, 0, 60), id);
    EXPECT_EQ(claim.verdict, report::Verdict::kInconclusive) << id << " " << claim.reading;
  }
}

// A late exponent of 1.2 with a floor near the end: no floor that the run allows gives 1/6, so the false claim falls.
TEST(OwnRuns, AFalseExponentIsRefutedWhateverTheFloor) {
  const auto steep = [](double t) { return 0.2 + 300 * std::pow(1 + t / 5, -1.2); };
  const auto claim = claim_of(runs_of(steep, 4, 0.002), "E8.exponent_v1");
  EXPECT_EQ(claim.verdict, report::Verdict::kNotSupported) << claim.reading;
}

// With the true floor 0 the exponent is that of the law; the total range over floors contains 1/6.
TEST(OwnRuns, ThePlantedSixthLiesInTheRangeAndIsExactAtItsFloor) {
  const auto runs = judged_runs(runs_of(sixth, 4, 0.001), {});
  for (const OwnRun& run : runs) {
    ASSERT_TRUE(run.late.has_value()) << run.no_late;
    const auto& range = run.late->range;
    EXPECT_LE(range.lo, 1.0 / 6);
    EXPECT_GE(range.hi, 1.0 / 6);
    EXPECT_EQ(range.at.front().floor, 0);
    EXPECT_NEAR(range.at.front().exponent, 1.0 / 6, 0.01);  // the noise of a slope over one decade
    EXPECT_FALSE(range.bounded);
  }
  EXPECT_NE(claim_of(runs_of(sixth, 4, 0.001), "E8.exponent_v1").verdict, report::Verdict::kNotSupported);
}

// The estimator against its closed form: equal errors, so that Q(0) = sum d^2/e^2 and tau^2 = var - e^2.
TEST(OwnRuns, TheSpreadBetweenRunsIsTheExcessOverTheirErrors) {
  const std::vector<double> values = {0, 1, 2, 3}, errors(4, 0.1);
  const Effect effect = between_runs(values, errors);
  EXPECT_NEAR(effect.value, std::sqrt(5.0 / 3 - 0.01), 1e-12);
  EXPECT_LT(effect.lo, effect.value);
  EXPECT_GT(effect.hi, effect.value);
  const Effect none = between_runs(std::vector<double>{1, 1, 1}, std::vector<double>(3, 0.1));
  EXPECT_EQ(none.value, 0);
  EXPECT_EQ(none.lo, 0);
  EXPECT_EQ(none.hi, 0);  // closer together than their errors explain
  EXPECT_TRUE(std::isnan(between_runs(std::vector<double>{1}, std::vector<double>{0.1}).value));
}

class OwnRunsFiles : public ::testing::Test {
 protected:
  void SetUp() override { base::set_quiet(true); }
  void TearDown() override { base::set_quiet(false); }
  ReproduceOptions options() const {
    ReproduceOptions options;
    options.only = {"E8"};
    options.out = scratch_.path("out");
    options.made_by = base::Value::table();
    return options;
  }
  std::string write(const std::string& name, double noise) const {
    std::ofstream file(scratch_.path(name));
    file << "run,step,val_loss,lr\n";
    for (const auto& curve : runs_of(advice::testing::shifted_power_law, 2, noise, 0, 2000))
      for (std::size_t i = 0; i < curve.loss.size(); ++i)
        file << name << curve.name << ',' << curve.step[i] << ',' << fmt::to_string(curve.loss[i]) << ",0.001\n";
    return scratch_.path(name);
  }
  Scratch scratch_;
};

TEST_F(OwnRunsFiles, SeveralFilesWithSeveralRunsAreJudgedTogether) {
  auto own = options();
  own.own.curves = {write("a.csv", 0.003), write("b.csv", 0.003)};
  const auto result = reproduce(own);
  ASSERT_EQ(result.claims.size(), 6U);
  EXPECT_EQ(result.claims.front().id, "E8.first_stage");
  EXPECT_NE(result.claims.front().reading.find("4 runs"), std::string::npos) << result.claims.front().reading;
}

// Sizes of equal duration measure the exponent of the size; with durations that grow, that of the best runs.
TEST_F(OwnRunsFiles, TheFrontierOfEquallyLongRunsIsNotThatOfCompute) {
  for (const bool grow : {false, true}) {
    const std::string path = scratch_.path(grow ? "grow.csv" : "equal.csv");
    std::ofstream file(path);
    file << "run,step,tokens,n_params,val_loss\n";
    for (int size = 0; size < 5; ++size)
      for (int i = 1; i <= 20; ++i) {
        const double steps = 50 * i * (grow ? 1 << size : 1), params = 1e6 * (1 << size);
        file << fmt::format("m{},{},{},{},{}\n", size, steps, 1000 * steps, params,
                            1 + 30 * std::pow(params, -0.25) + 3 * std::pow(steps, -0.25));
      }
    file.close();
    auto own = options();
    own.out = scratch_.path(grow ? "out.grow" : "out.equal");
    own.own.curves = {path};
    const auto result = reproduce(own);
    const auto found = std::find_if(result.claims.begin(), result.claims.end(),
                                    [](const auto& claim) { return claim.id == "E8.frontier_v1"; });
    ASSERT_NE(found, result.claims.end());
    EXPECT_EQ(found->undecidable.empty(), grow) << found->undecidable;
  }
}

TEST_F(OwnRunsFiles, MistakesAreOneClearError) {
  EXPECT_THROW((void)reproduce(options()), base::InputError);  // E8 without files
  auto bad = options();
  bad.own.curves = {scratch_.path("missing.csv")};
  EXPECT_THROW((void)reproduce(bad), base::InputError);
  bad.own.curves = {write("a.csv", 0.003)};
  bad.only = {"LB.two_point"};
  EXPECT_THROW((void)reproduce(bad), base::InputError);  // files without E8
  bad = options();
  bad.own.read.loss = "val_loss";
  EXPECT_THROW((void)reproduce(bad), base::InputError);  // how to read files that are not given
  bad = options();
  bad.own.curves = {write("a.csv", 0.003)};
  bad.own.run = {"no such run"};
  EXPECT_THROW((void)reproduce(bad), base::InputError);
}

}  // namespace
}  // namespace phaselaw::reproduce
