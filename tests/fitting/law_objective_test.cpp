// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "laws/law_truths.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/fitting/fit.h"
#include "phaselaw/fitting/refit.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {
namespace {

tables::Measurements noisy(std::size_t n, double noise, std::uint64_t draw) {
  tables::Measurements data = laws::testing::exact_measurements(laws::law_from("chinchilla"), n, draw);
  numerics::RandomStream stream(11, "noisy", draw);
  for (double& loss : data.output) loss *= std::exp(noise * stream.normal());
  return data;
}

FitOptions plain(Objective objective) {
  FitOptions options;
  options.objective = objective;
  if (objective == Objective::huber) options.delta = kPublishedDelta;
  options.interval = IntervalMethod::none;
  return options;
}

// A law that is one number: every objective's minimum is a known statistic of the sample.
class OneNumber : public ::testing::Test {
 protected:
  OneNumber() {
    numerics::RandomStream stream(2, "one number");
    std::vector<double> column;
    for (int i = 0; i < 101; ++i) {
      data_.output.push_back(std::exp(0.3 * stream.normal()));
      column.push_back(1 + i);
    }
    data_.columns.add("n_params", column);
    sorted_ = data_.output;
    std::sort(sorted_.begin(), sorted_.end());
  }
  double minimiser(const FitOptions& options) const {
    return fit_law(laws::law_from("A + 0*N"), data_, options).find("A")->value;
  }
  tables::Measurements data_;
  std::vector<double> sorted_;
};

TEST_F(OneNumber, SquaresGiveMeans) {
  std::vector<double> logs;
  for (const double x : data_.output) logs.push_back(std::log(x));
  EXPECT_NEAR(minimiser(plain(Objective::l2)), std::exp(numerics::mean(logs)), 1e-9);
  EXPECT_NEAR(minimiser(plain(Objective::l2_raw)), numerics::mean(data_.output), 1e-9);
}

TEST_F(OneNumber, AbsoluteValuesGiveTheMedian) {
  // Within the bend of the loss at 1e-6.
  EXPECT_NEAR(minimiser(plain(Objective::l1)), sorted_[50], 1e-5);
  EXPECT_NEAR(minimiser(plain(Objective::l1_raw)), sorted_[50], 1e-5);
}

TEST_F(OneNumber, AsymmetryGivesAQuantile) {
  // rows below weigh 4: the balance is where a fraction 1/(1 + 4) lies below.
  FitOptions options = plain(Objective::asymmetric);
  options.delta = 1e-7;
  options.asymmetry = 4;
  EXPECT_NEAR(minimiser(options), sorted_[20], 1e-5);
}

TEST(LawObjective, WideHuberIsLeastSquares) {
  const tables::Measurements data = noisy(80, 0.02, 0);
  FitOptions huber = plain(Objective::huber);
  huber.delta = 10;
  const Fit a = fit_law(laws::law_from("chinchilla"), data, huber),
            b = fit_law(laws::law_from("chinchilla"), data, plain(Objective::l2));
  EXPECT_NEAR(a.objective_value, b.objective_value, 1e-12 * b.objective_value);
  for (std::size_t p = 0; p < a.value.size(); ++p) EXPECT_NEAR(a.value[p], b.value[p], 1e-8 * b.value[p]);
}

TEST(LawObjective, UnitAsymmetryIsHuber) {
  const tables::Measurements data = noisy(80, 0.02, 1);
  FitOptions asymmetric = plain(Objective::asymmetric);
  asymmetric.asymmetry = 1;
  const Fit a = fit_law(laws::law_from("chinchilla"), data, asymmetric),
            b = fit_law(laws::law_from("chinchilla"), data, plain(Objective::huber));
  EXPECT_NEAR(a.objective_value, b.objective_value, 1e-12 * b.objective_value);
}

// A weight of 2 is a row that is there twice; the weights' mean is taken out of the objective.
TEST(LawObjective, WeightsCountRows) {
  const tables::Measurements data = noisy(60, 0.02, 2);
  FitOptions weighted = plain(Objective::huber);
  weighted.weights.assign(60, 1);
  std::vector<std::size_t> rows(60);
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  for (std::size_t i = 0; i < 60; i += 3) {
    weighted.weights[i] = 2;
    rows.push_back(i);
  }
  const Fit a = fit_law(laws::law_from("chinchilla"), data, weighted);
  const Fit b = fit_law(laws::law_from("chinchilla"), data.rows(rows), plain(Objective::huber));
  EXPECT_NEAR(a.objective_value * 80 / 60, b.objective_value, 1e-11 * b.objective_value);
  for (std::size_t p = 0; p < a.value.size(); ++p) EXPECT_NEAR(a.value[p], b.value[p], 1e-6 * b.value[p]);
}

TEST(LawObjective, KnownErrorsWeighSquaresByTheirInverseSquares) {
  const tables::Measurements data = noisy(60, 0.02, 3);
  FitOptions by_sd = plain(Objective::l2), by_weight = plain(Objective::l2);
  for (int i = 0; i < 60; ++i) {
    const double sd = i % 2 == 0 ? 0.01 : 0.03;
    by_sd.sd.push_back(sd);
    by_weight.weights.push_back(1 / (sd * sd));
  }
  const Fit a = fit_law(laws::law_from("chinchilla"), data, by_sd),
            b = fit_law(laws::law_from("chinchilla"), data, by_weight);
  for (std::size_t p = 0; p < a.value.size(); ++p) EXPECT_NEAR(a.value[p], b.value[p], 1e-7 * b.value[p]);
}

TEST(LawObjective, TheOptimumIsAMinimum) {
  for (const Objective objective :
       {Objective::huber, Objective::l1, Objective::l2, Objective::l2_raw, Objective::l1_raw, Objective::asymmetric}) {
    const tables::Measurements data = noisy(70, 0.02, 4);
    const laws::Law law = laws::law_from("chinchilla");
    const Fit fit = fit_law(law, data, plain(objective));
    ASSERT_TRUE(fit.convergence.certified) << base::enum_name(objective) << " " << fit.convergence.status;
    FitOptions held = plain(objective);
    for (const double factor : {0.97, 1.03}) {
      held.fix = {{"alpha", fit.find("alpha")->value * factor}};
      EXPECT_GT(fit_law(law, data, held).objective_value, fit.objective_value) << base::enum_name(objective);
    }
  }
}

// Half the sum of squares of a straight line is known in closed form, also where a value is zero or negative.
TEST(RawObjective, ALinearProblemHasItsClosedForm) {
  numerics::RandomStream stream(3, "raw");
  tables::Measurements data;
  std::vector<double> n, x;
  for (int i = 0; i < 30; ++i) {
    n.push_back(2 + i);
    x.push_back(std::pow(n.back(), -0.45));
    data.output.push_back(1 - 1.8 * x.back() + 0.3 * stream.normal());
  }
  data.output[4] = 0;
  ASSERT_LT(*std::min_element(data.output.begin(), data.output.end()), 0);
  data.columns.add("n_params", n);
  FitOptions options = plain(Objective::l2_raw);
  options.fix = {{"s", 0.45}};
  const Fit fit = fit_law(laws::law_from("I - A*N^-s"), data, options);
  const double mx = numerics::mean(x), my = numerics::mean(data.output);
  double xx = 0, xy = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mx) * (x[i] - mx);
    xy += (x[i] - mx) * (data.output[i] - my);
    yy += (data.output[i] - my) * (data.output[i] - my);
  }
  EXPECT_TRUE(fit.convergence.certified);
  EXPECT_NEAR(fit.find("A")->value, -xy / xx, 1e-8);
  EXPECT_NEAR(fit.find("I")->value, my - xy / xx * mx, 1e-8);
  EXPECT_NEAR(fit.objective_value, 0.5 * (yy - xy * xy / xx), 1e-10);
  EXPECT_NEAR(fit.residual_scale, std::sqrt((yy - xy * xy / xx) / 28), 1e-8);
  // On the logarithmic scale the first such row is named.
  try {
    (void)fit_law(laws::law_from("I - A*N^-s"), data, plain(Objective::l2));
    FAIL();
  } catch (const base::InputError& error) {
    EXPECT_NE(std::string(error.what()).find("objective l2-raw"), std::string::npos);
  }
  EXPECT_NO_THROW((void)fit_law(laws::law_from("I - A*N^-s"), data, plain(Objective::l1_raw)));
}

// Derivatives of the raw residuals in the coordinates of the fit against central differences.
TEST(RawObjective, DerivativesMatchDifferences) {
  const tables::Measurements data = noisy(40, 0.01, 5);
  const laws::Law law = laws::law_from("chinchilla");
  const LawForm form(law, data, {});
  const Refitter refitter(form, plain(Objective::l2_raw));
  const std::vector<double> theta = form.theta(laws::testing::true_parameters(law));
  const std::size_t k = theta.size();
  std::vector<double> residual(40), jacobian(40 * k), up(40), down(40);
  refitter.residuals(theta, residual, jacobian);
  for (std::size_t j = 0; j < k; ++j) {
    const double h = 1e-6;
    std::vector<double> moved = theta;
    moved[j] += h;
    refitter.residuals(moved, up, {});
    moved[j] -= 2 * h;
    refitter.residuals(moved, down, {});
    // Rounding of a value near 3 over h, and h^2/6 times a third derivative below 30.
    for (std::size_t i = 0; i < 40; ++i)
      EXPECT_NEAR(jacobian[i * k + j], (up[i] - down[i]) / (2 * h), 100 * 2.2e-16 * 3 / h + 30 * h * h / 6);
  }
}

}  // namespace
}  // namespace phaselaw::fitting
