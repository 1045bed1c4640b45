// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/good_class.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/base/constants.h"

namespace phaselaw::theory {
namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();

TEST(GoodClass, BranchScaleIsItsFormula) {
  // 1/(4 * 64 * 16^2.5 * 2^3) = 1/(4 * 64 * 1024 * 8) = 2^-21, and its factor c_omega.
  EXPECT_NEAR(branch_scale({.n_layers = 4, .seq_len = 8, .d_model = 16, .data_bound = 2, .c_omega = 3}),
              3 * std::ldexp(1, -21), 64 * kEps * 3 * std::ldexp(1, -21));
}

TEST(GoodClass, WidthIsItsFormulaWhereItFitsADouble) {
  for (const double c_d : {0.1, 1.0})
    for (const double scale : {0.01, 0.7}) {
      const WidthNumbers numbers{.n_data = 10,
                                 .seq_len = 3,
                                 .d_model = 4,
                                 .n_layers = 5,
                                 .log_branch_scale = std::log(scale),
                                 .lambda_min = 0.2,
                                 .failure_prob = 0.1,
                                 .c_m = 7,
                                 .c_d = c_d};
      const double direct = 7 * std::pow(10, 3) * std::pow(3, 5) * std::exp(c_d * 4) /
                            (std::pow(scale, 6) * std::pow(0.2, 6) * std::pow(0.1, 3) * 25);
      EXPECT_NEAR(log10_d_hidden_min(numbers), std::log10(direct), 32 * kEps * 100);
    }
}

// At the prescribed omega: m = c_m n^3 L^17 d^15 exp(c_d d) N^4 B^18 / (c_omega^6 lambda^6 delta^3).
TEST(GoodClass, WidthAtThePrescribedScale) {
  const BranchScaleNumbers scale{.n_layers = 4, .seq_len = 8, .d_model = 16, .data_bound = 3, .c_omega = 2};
  const double width = log10_d_hidden_min({.n_data = 64,
                                           .seq_len = 8,
                                           .d_model = 16,
                                           .n_layers = 4,
                                           .log_branch_scale = log_branch_scale(scale),
                                           .lambda_min = 0.5,
                                           .failure_prob = 0.05});
  const double expected = 3 * std::log10(64) + 17 * std::log10(8) + 15 * std::log10(16) + 16 / std::numbers::ln10 +
                          4 * std::log10(4) + 18 * std::log10(3) - 6 * std::log10(2) - 6 * std::log10(0.5) -
                          3 * std::log10(0.05);
  EXPECT_NEAR(width, expected, 32 * kEps * 200);
}

// Exponents by doubling one number at a time, the rest fixed.
TEST(GoodClass, WidthHasTheStatedExponents) {
  const WidthNumbers base{.n_data = 30, .seq_len = 6, .d_model = 9, .n_layers = 3, .log_branch_scale = -4};
  const double here = log10_d_hidden_min(base), two = std::log10(2.0), tolerance = 64 * kEps * 100;
  const auto changed = [&](auto change) {
    WidthNumbers numbers = base;
    change(numbers);
    return (log10_d_hidden_min(numbers) - here) / two;
  };
  EXPECT_NEAR(changed([](WidthNumbers& w) { w.n_data *= 2; }), 3, tolerance);
  EXPECT_NEAR(changed([](WidthNumbers& w) { w.seq_len *= 2; }), 5, tolerance);
  EXPECT_NEAR(changed([](WidthNumbers& w) { w.n_layers *= 2; }), -2, tolerance);  // depth relaxes width at fixed omega
  EXPECT_NEAR(changed([](WidthNumbers& w) { w.log_branch_scale += std::numbers::ln2; }), -6, tolerance);
  EXPECT_NEAR(changed([](WidthNumbers& w) { w.lambda_min *= 2; }), -6, tolerance);
  EXPECT_NEAR(changed([](WidthNumbers& w) { w.failure_prob *= 2; }), -3, tolerance);
  EXPECT_NEAR(changed([](WidthNumbers& w) { w.d_model += 1; }) * std::numbers::ln2, 1, tolerance);  // e^(c_d)
}

TEST(GoodClass, NothingOverflows) {
  const double scale =
      log_branch_scale({.n_layers = 1e4, .seq_len = 1e6, .d_model = 1e5, .data_bound = 100, .c_omega = 1e-30});
  EXPECT_NEAR(scale / std::numbers::ln10, -30 - 4 - 12 - 12.5 - 6, 1e-12);
  const double width = log10_d_hidden_min({.n_data = 1e15,
                                           .seq_len = 1e6,
                                           .d_model = 1e5,
                                           .n_layers = 1e4,
                                           .log_branch_scale = -1e6,
                                           .lambda_min = 1e-300,
                                           .failure_prob = 1e-10});
  EXPECT_TRUE(std::isfinite(width));
  EXPECT_GT(width, 2.6e6);
}

TEST(GoodClass, AssumptionIsReadFromTheLayers) {
  const std::vector<double> layers = {0.3, 0.02, 0.5};
  const auto holds = check_layer_kernels(layers, 0.5);
  EXPECT_EQ(holds.verdict, PositiveDefinite::holds);
  EXPECT_EQ(holds.weakest_layer, 1U);
  EXPECT_NEAR(holds.lambda_min, 0.08, 4 * kEps);
  EXPECT_EQ(check_layer_kernels(layers, 0.5, 0.02).verdict, PositiveDefinite::undecided);
  EXPECT_EQ(check_layer_kernels(std::vector<double>{1, -0.1}, 1, 0.02).verdict, PositiveDefinite::fails);
  EXPECT_EQ(check_layer_kernels(std::vector<double>{1, 0}, 1).verdict, PositiveDefinite::fails);
  EXPECT_EQ(check_layer_kernels(std::vector<double>{1, -1e-17}, 1, 1e-12).verdict, PositiveDefinite::undecided);
  for (const auto verdict : {PositiveDefinite::holds, PositiveDefinite::fails, PositiveDefinite::undecided})
    EXPECT_NE(base::enum_name(verdict), "?");
}

TEST(GoodClass, DomainErrors) {
  for (const double bad : {0.0, -1.0, base::kNaN, base::kInfinity}) {
    EXPECT_THROW((void)branch_scale({.n_layers = bad}), std::domain_error);
    EXPECT_THROW((void)branch_scale({.data_bound = bad}), std::domain_error);
    EXPECT_THROW((void)log10_d_hidden_min({.n_data = bad}), std::domain_error);
    EXPECT_THROW((void)log10_d_hidden_min({.lambda_min = bad}), std::domain_error);
    EXPECT_THROW((void)log10_d_hidden_min({.failure_prob = bad}), std::domain_error);
    EXPECT_THROW((void)check_layer_kernels(std::vector<double>{1}, bad), std::domain_error);
  }
  EXPECT_THROW((void)log10_d_hidden_min({.failure_prob = 1}), std::domain_error);
  EXPECT_THROW((void)log10_d_hidden_min({.log_branch_scale = base::kNaN}), std::domain_error);
  EXPECT_THROW((void)check_layer_kernels(std::vector<double>{}, 1), std::domain_error);
  EXPECT_THROW((void)check_layer_kernels(std::vector<double>{1, base::kNaN}, 1), std::domain_error);
  EXPECT_THROW((void)check_layer_kernels(std::vector<double>{1}, 1, -1), std::domain_error);
}

}  // namespace
}  // namespace phaselaw::theory
