// SPDX-License-Identifier: Apache-2.0

#include <cmath>

#include <gtest/gtest.h>

#include "fitting/synthetic.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/fitting/selection.h"
#include "phaselaw/numerics/line.h"

namespace phaselaw::fitting {
namespace {

FitOptions quick() {
  FitOptions options;
  options.objective = Objective::l2;
  options.interval = IntervalMethod::none;
  return options;
}

std::vector<double> noisy(const std::vector<double>& compute, double (*law)(double), double noise) {
  numerics::RandomStream stream(2, "compare_test");
  std::vector<double> loss;
  for (const double c : compute) loss.push_back(law(c) * std::exp(noise * stream.normal()));
  return loss;
}

Ranking rank(const std::vector<double>& compute, const std::vector<double>& loss, bool floor_is_zero = true) {
  std::vector<laws::Law> forms;
  for (const char* name : {"two-stage", "shifted-power@compute", "exponential@compute", "power"})
    forms.push_back(laws::law_from(name));
  FitOptions options = quick();
  if (floor_is_zero) options.fix["E"] = 0;
  return rank_laws(forms, testing::curve_of(compute, loss), options, 0);
}

TEST(EarlyForm, FindsTheFormThatMadeTheData) {
  const auto compute = numerics::log_spaced(1e-2, 1e6, 60), short_range = numerics::log_spaced(1e-2, 5, 60);
  const auto two_stage = noisy(
      compute, [](double c) { return testing::two_stage_value(c, 1, 1, 0.5, 0); }, 0.01);
  const auto shifted = noisy(
      compute, [](double c) { return std::pow(1 + c, -0.3); }, 0.01);
  const auto power = noisy(
      compute, [](double c) { return std::pow(c, -0.3); }, 0.01);
  const auto exponential = noisy(
      short_range, [](double c) { return std::exp(-c); }, 0.01);
  EXPECT_EQ(rank(compute, two_stage).laws.front().fit.name(), "two-stage");
  EXPECT_EQ(early_form(rank(compute, two_stage)).word, "exponential");
  EXPECT_EQ(rank(compute, shifted).laws.front().fit.name(), "shifted-power@compute");
  EXPECT_EQ(early_form(rank(compute, shifted)).word, "power");
  EXPECT_EQ(early_form(rank(compute, power)).word, "power");
  EXPECT_EQ(early_form(rank(short_range, exponential)).word, "exponential");
}

TEST(EarlyForm, NoiseThatHidesTheFormIsInconclusive) {
  const auto compute = numerics::log_spaced(1e-2, 1e2, 12);
  const auto loss = noisy(
      compute, [](double c) { return testing::two_stage_value(c, 1, 1, 0.2, 0); }, 0.3);
  EXPECT_EQ(early_form(rank(compute, loss)).word, "inconclusive");
}

TEST(EarlyForm, WithoutHoldoutLawsAreRankedByAicc) {
  const auto sample = testing::two_stage_sample({1, 1, 1.0 / 6, 0.1}, 40, 0.02, 0);
  const Ranking ranking = rank(sample.compute, sample.loss, false);
  ASSERT_EQ(ranking.laws.size(), 4U);
  EXPECT_EQ(ranking.laws.front().delta_aicc, 0);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_GE(ranking.laws[i].delta_aicc, ranking.laws[i - 1].delta_aicc);
}

// AICc of the power law without floor is that of a straight line in logarithms, in closed form.
TEST(EarlyForm, AiccOfAStraightLine) {
  const std::vector<double> compute = {1, 10, 100, 1000, 1e4, 1e5, 1e6}, loss = {9, 5.1, 3, 1.6, 1, 0.52, 0.31};
  const Fit fit = fit_law(laws::law_from("A*C^-q"), testing::curve_of(compute, loss), quick());
  const numerics::Line line = numerics::least_squares_power(compute, loss);
  const double n = 7, k = 3, rss = line.squares;
  EXPECT_NEAR(fit.find("q")->value, -line.slope, 1e-9);
  EXPECT_NEAR(fit.aicc, n * std::log(rss / n) + 2 * k + 2 * k * (k + 1) / (n - k - 1), 1e-8);
  EXPECT_NEAR(fit.bic, n * std::log(rss / n) + k * std::log(n), 1e-8);
}

TEST(EarlyForm, LawsWithTooFewRowsAreLeftOut) {
  EXPECT_FALSE(rank({1, 2, 4, 8}, {5, 4, 3, 2}, false).notes.empty());
  EXPECT_THROW((void)rank({1}, {5}), base::InputError);
}

}  // namespace
}  // namespace phaselaw::fitting
