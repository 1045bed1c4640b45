// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/quality.h"

#include <gtest/gtest.h>

#include <cmath>

#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/reproduce/verdict.h"

namespace phaselaw::reproduce {
namespace {

using analysis::LinearErrors;
using report::Verdict;

TEST(Threshold, IsExactWhereTheRiskIsLinearInTheNoise) {
  // Equal weights: ratio of variances (1 + r x)/(1 + r)^2 with r = m/n, which is 1 at x = 2 + r.
  for (const double r : {0.25, 1.0, 3.0}) {
    std::vector<double> ratios;
    const std::vector<double> inside = {1, 2, 4, 8}, below = {0.5, 1}, above = {20, 30};
    for (const auto& noise : {inside, below, above}) {
      ratios.clear();
      for (const double x : noise) ratios.push_back((1 + r * x) / ((1 + r) * (1 + r)));
      EXPECT_NEAR(threshold(noise, ratios), ideal_threshold(r), 1e-12);
    }
  }
  EXPECT_TRUE(std::isnan(threshold(std::vector<double>{1, 2}, std::vector<double>{0.9, 0.8})));
}

TEST(Threshold, UsefulSizesInvertAPower) {
  const std::vector<double> sizes = {16, 32, 64};
  std::vector<double> risks;
  for (const double n : sizes) risks.push_back(7 * std::pow(n, -0.8));
  for (const double n : {8.0, 20.0, 50.0, 100.0})
    EXPECT_NEAR(useful_size(sizes, risks, 7 * std::pow(n, -0.8)), n, 1e-11 * n);
  EXPECT_TRUE(std::isnan(useful_size(sizes, std::vector<double>{1, 2, 3}, 1.5)));
}

// The formula against simulated designs: 20 groups give the mean and its standard error; five of them, at a bias of the
// ratio of averages that 400 repetitions make smaller than that.
TEST(Threshold, TheFormulaOfLeastSquaresIsThatOfSimulatedDesigns) {
  for (const LeastSquaresCase design : {LeastSquaresCase{8, 16, 4}, {8, 32, 32}, {4, 24, 96}}) {
    const auto simulated = simulated_thresholds(design, 20, 400, 5);
    const double error = numerics::standard_deviation(simulated) / std::sqrt(20.0);
    const double exact =
        least_squares_threshold(static_cast<double>(design.added) / static_cast<double>(design.n),
                                static_cast<double>(design.parameters + 1) / static_cast<double>(design.n));
    EXPECT_NEAR(numerics::mean(simulated), exact, 5 * error);
    EXPECT_LT(error, 0.02 * exact);
  }
  EXPECT_NEAR(least_squares_threshold(3, 0), ideal_threshold(3), 1e-15);
  EXPECT_TRUE(std::isnan(least_squares_threshold(1, 1)));
}

// sum w^2/(sum w)^2 over multinomial counts w is 1/n + (1 - 1/n)/g.
TEST(Threshold, DrawsAreWorthWhatTheirCountsSay) {
  const std::int64_t g = 50, n = 100;
  double sum = 0;
  constexpr int kTrials = 4000;
  for (int trial = 0; trial < kTrials; ++trial) {
    numerics::RandomStream stream(1, "draws", static_cast<std::uint64_t>(trial));
    std::vector<double> count(g, 0.0);
    for (std::int64_t i = 0; i < n; ++i) count[stream.below(g)] += 1;
    double squares = 0;
    for (const double w : count) squares += w * w;
    sum += squares / static_cast<double>(n * n) / kTrials;
  }
  // Standard deviation of one trial about 0.0014: of the mean 2e-5. The formula omits 1/(n g) = 2e-4.
  EXPECT_NEAR(sum, 1 / useful_size_of_draws(n, g) - 1.0 / (n * g), 1e-4);
}

// bias/clean/added of a student with a fixed number of learned directions: only the last time counts.
std::vector<LinearErrors> fixed_dimension(double n, double m, double bias) {
  return {{1e3, 0, 0}, {bias, n / ((n + m) * (n + m)), m / ((n + m) * (n + m))}};
}

TEST(Threshold, OfAFixedDimensionIsTwoPlusMOverN) {
  const auto without = fixed_dimension(64, 0, 0.01), with = fixed_dimension(64, 16, 0.01);
  EXPECT_NEAR(linear_threshold(without, with, 1, StopAt::best), 2.25, 1e-8);
  EXPECT_NEAR(linear_threshold(without, with, 1, StopAt::end), 2.25, 1e-8);
  EXPECT_EQ(linear_threshold(without, fixed_dimension(64, 16, 0.1), 1, StopAt::best), 0);
  const auto unharmed = std::vector<LinearErrors>{{0.001, 0.01, 0}};
  EXPECT_TRUE(std::isinf(linear_threshold(without, unharmed, 1, StopAt::best)));
  // A lower bias raises the threshold.
  EXPECT_GT(linear_threshold(without, fixed_dimension(64, 16, 0.009), 1, StopAt::best), 2.25);
}

struct Planted {
  double threshold_factor = 1;  // of 2 + m/n, trained students
  double drawn_factor = 1;      // of n g/(n + g)
  double bias_gain = 0.5;       // bias with added samples/without
  double scatter = 0.02;
};

// Risk 1/useful n with a common scatter of each teacher and a small one of each run.
QualityStudy planted(const Planted& p, std::size_t teachers) {
  QualityStudy s;
  s.clean = 64;
  s.added = {16, 64, 192};
  s.linear_noise = {0.03, 1, 3};
  for (const std::int64_t n : {16, 32, 64, 128}) s.cells.push_back({SampleKind::distinct, n, 1});
  for (const auto m : s.added)
    for (const double ratio : {1.0, 2.0, 4.0, 8.0}) s.cells.push_back({SampleKind::added, s.clean + m, ratio});
  for (const std::int64_t n : {64, 256}) s.cells.push_back({SampleKind::drawn, n, 1});
  for (std::size_t t = 0; t < teachers; ++t) {
    numerics::RandomStream stream(11, "planted", t);
    const double level = std::exp(0.5 * stream.normal());
    auto& teacher = s.teachers.emplace_back();
    for (const auto& c : s.cells) {
      const double n = static_cast<double>(c.n), m = n - 64, r = m / 64;
      double risk = 1 / n;
      if (c.kind == SampleKind::added) risk = (1 + r * c.noise_ratio / p.threshold_factor) / ((1 + r) * (1 + r)) / 64;
      if (c.kind == SampleKind::drawn) risk = 1 / (p.drawn_factor * useful_size_of_draws(n, 64));
      risk *= level * std::exp(p.scatter * stream.normal());
      teacher.risk.push_back({10 * risk, risk, risk});
    }
    const double bias = 0.01 * std::exp(p.scatter * stream.normal());
    teacher.linear.push_back(fixed_dimension(64, 0, bias));
    for (const auto m : s.added)
      teacher.linear.push_back(fixed_dimension(64, static_cast<double>(m), p.bias_gain * bias));
  }
  return s;
}

Verdict verdict_of(const QualityStudy& s, const std::string& id) {
  auto claims = claims_of(s, analyse(s));
  decide(claims);
  for (const auto& claim : claims)
    if (claim.id == "E2." + id) return claim.verdict;
  ADD_FAILURE() << "no claim " << id;
  return Verdict::kInconclusive;
}

TEST(QualityExperiment, PlantedThresholdsAreFound) {
  const auto results = analyse(planted({.scatter = 0}, 4));
  ASSERT_EQ(results.thresholds.size(), 3U);
  for (const auto& t : results.thresholds) {
    EXPECT_NEAR(t.best.value, 2 + t.added_over_clean, 1e-9);
    EXPECT_NEAR(t.end.hi - t.end.lo, 0, 1e-6);
  }
  EXPECT_NEAR(results.useful_to_formula.value, 1, 1e-9);
  EXPECT_NEAR(results.useful_to_distinct.value, 256.0 / 320, 1e-9);
}

TEST(QualityExperiment, TrueClaimsAreSupported) {
  const auto s = planted({.bias_gain = 0.9}, 12);
  for (const char* id : {"quality_threshold", "quality_growth", "quality_kernel_noise", "quality_kernel_bias",
                         "duplicates_formula", "duplicates_distinct", "quality_least_squares"})
    EXPECT_EQ(verdict_of(s, id), Verdict::kSupported) << id;
}

TEST(QualityExperiment, PlantedFalseClaimsAreNotSupported) {
  const auto s = planted({.threshold_factor = 2, .drawn_factor = 0.5, .bias_gain = 1}, 12);
  for (const char* id : {"quality_threshold", "quality_kernel_bias", "duplicates_formula", "duplicates_distinct"})
    EXPECT_EQ(verdict_of(s, id), Verdict::kNotSupported) << id;
}

TEST(QualityExperiment, AThresholdThatDoesNotGrowIsRefuted) {
  auto s = planted({}, 12);
  for (auto& teacher : s.teachers)
    for (std::size_t cell = 0; cell < s.cells.size(); ++cell)
      if (s.cells[cell].kind == SampleKind::added)  // with and without are equal at a noise ratio of 3
        for (double& risk : teacher.risk[cell]) risk = teacher.risk[2].back() * (0.7 + 0.1 * s.cells[cell].noise_ratio);
  EXPECT_EQ(verdict_of(s, "quality_growth"), Verdict::kNotSupported);
}

TEST(QualityExperiment, TooLittleDataAreInconclusive) {
  const auto wide = planted({.scatter = 0.5}, 3), single = planted({}, 1);
  for (const char* id : {"quality_threshold", "quality_growth", "duplicates_formula", "duplicates_distinct"}) {
    EXPECT_EQ(verdict_of(wide, id), Verdict::kInconclusive) << id;
    EXPECT_EQ(verdict_of(single, id), Verdict::kInconclusive) << id;
  }
}

}  // namespace
}  // namespace phaselaw::reproduce
