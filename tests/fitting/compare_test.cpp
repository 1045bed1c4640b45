// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/compare.h"

#include <cmath>

#include <gtest/gtest.h>

#include "laws/synthetic.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/fitting/fit_json.h"

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

TEST(Compare, FindsTheFormThatMadeTheData) {
  const auto compute = numerics::log_spaced(1e-2, 1e6, 60), short_range = numerics::log_spaced(1e-2, 5, 60);
  const auto two_stage = noisy(
      compute, [](double c) { return two_stage_value(c, 1, 1, 0.5, 0); }, 0.01);
  const auto shifted = noisy(
      compute, [](double c) { return std::pow(1 + c, -0.3); }, 0.01);
  const auto power = noisy(
      compute, [](double c) { return std::pow(c, -0.3); }, 0.01);
  const auto exponential = noisy(
      short_range, [](double c) { return std::exp(-c); }, 0.01);
  const Known no_floor;
  const auto best = [&](const auto& c, const auto& loss) { return compare_forms(c, loss, no_floor, quick()); };
  EXPECT_EQ(best(compute, two_stage).fits.front().law, "two-stage");
  EXPECT_EQ(best(compute, two_stage).early_form, "exponential");
  EXPECT_EQ(best(compute, shifted).fits.front().law, "shifted-power");
  EXPECT_EQ(best(compute, shifted).early_form, "power");
  EXPECT_EQ(best(compute, power).early_form, "power");
  EXPECT_EQ(best(short_range, exponential).early_form, "exponential");
}

TEST(Compare, NoiseThatHidesTheFormIsInconclusive) {
  const auto compute = numerics::log_spaced(1e-2, 1e2, 12);
  const auto loss = noisy(
      compute, [](double c) { return two_stage_value(c, 1, 1, 0.2, 0); }, 0.3);
  EXPECT_EQ(compare_forms(compute, loss, {}, quick()).early_form, "inconclusive");
}

TEST(Compare, RanksByAicc) {
  const auto sample = testing::two_stage_sample({1, 1, 1.0 / 6, 0.1}, 40, 0.02, 0);
  const Comparison comparison = compare_forms(sample.compute, sample.loss, {{}, {}}, quick());
  ASSERT_EQ(comparison.fits.size(), 4U);
  EXPECT_EQ(comparison.delta_aicc.front(), 0);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_GE(comparison.delta_aicc[i], comparison.delta_aicc[i - 1]);
  const base::Value value = to_value(comparison);
  EXPECT_EQ(value.at("fits").list().size(), 4U);
  EXPECT_EQ(value.at("ranking").list().size(), 4U);
  EXPECT_EQ(value.at("early_form").text(), comparison.early_form);
}

// AICc of the power law without floor is that of a straight line in logarithms, in closed form.
TEST(Compare, AiccOfAStraightLine) {
  const std::vector<double> compute = {1, 10, 100, 1000, 1e4, 1e5, 1e6}, loss = {9, 5.1, 3, 1.6, 1, 0.52, 0.31};
  const LogData data = log_data(compute, loss);
  const Fit fit = fit_form(*power_form(data, {}), data, quick());
  const double n = 7, mean_x = numerics::mean(data.log_inputs), mean_y = numerics::mean(data.log_loss);
  double xx = 0, xy = 0, yy = 0;
  for (std::size_t i = 0; i < 7; ++i) {
    const double x = data.log_inputs[i] - mean_x, y = data.log_loss[i] - mean_y;
    xx += x * x;
    xy += x * y;
    yy += y * y;
  }
  const double rss = yy - xy * xy / xx, k = 3;
  EXPECT_NEAR(fit.find("q")->value, -xy / xx, 1e-9);
  EXPECT_NEAR(fit.aicc, n * std::log(rss / n) + 2 * k + 2 * k * (k + 1) / (n - k - 1), 1e-8);
  EXPECT_NEAR(fit.bic, n * std::log(rss / n) + k * std::log(n), 1e-8);
}

TEST(Compare, FormsWithTooFewRowsAreLeftOut) {
  const Comparison comparison =
      compare_forms(std::vector<double>{1, 2, 4, 8, 16}, std::vector<double>{5, 4, 3, 2, 1}, {}, quick());
  EXPECT_FALSE(comparison.notes.empty());
  EXPECT_THROW((void)compare_forms(std::vector<double>{1}, std::vector<double>{5}, {}, quick()), base::InputError);
}

}  // namespace
}  // namespace phaselaw::fitting
