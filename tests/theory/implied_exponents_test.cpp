// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/implied_exponents.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

#include "phaselaw/base/constants.h"
#include "phaselaw/numerics/random.h"
#include "theory/golden_section.h"

namespace phaselaw::theory {
namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();

// What each experiment tests, by the accounting of the first and the third edition.
TEST(ImpliedExponents, EachExperimentTestsItsOwnExponent) {
  EXPECT_DOUBLE_EQ(implied_exponent(1, {0, 0, 2}), 1.0 / 2);  // fixed model, minibatch of fixed size
  EXPECT_DOUBLE_EQ(implied_exponent(1, {0, 1, 2}), 1.0 / 3);  // fixed model, full batch
  EXPECT_DOUBLE_EQ(implied_exponent(1, {3, 1, 2}), 1.0 / 6);  // M ~ n^3, full batch
  EXPECT_DOUBLE_EQ(implied_exponent(1, {4, 1, 2}), 1.0 / 7);
  EXPECT_DOUBLE_EQ(implied_exponent(0.5, {2, 1, 1}), 1.0 / 8);  // risk n^(-1/2), compute n^4
}

TEST(ImpliedExponents, GrowthAndAccountingAgree) {
  for (const double p_model : {0.0, 1.0, 2.0, 3.0})
    for (const double b : {0.76, 1.0}) {
      const ImpliedExponents full = implied_by_growth({b, p_model, 1.1});
      EXPECT_DOUBLE_EQ(full.excess_risk, implied_exponent(b, {p_model, 1, 1.1}));
      EXPECT_NEAR(full.n_params + full.n_data + full.n_steps, 1, 4 * kEps);  // M n T = C
      const ImpliedExponents steps = implied_by_growth({b, p_model, 1.1}, {.n_params = 1, .n_data = 0, .n_steps = 1});
      EXPECT_DOUBLE_EQ(steps.excess_risk, implied_exponent(b, {p_model, 0, 1.1}));
    }
}

// The powers written out: sizes and risk at two n, and the charge between them.
TEST(ImpliedExponents, GrowthIsTheSlopeAgainstTheCharge) {
  numerics::RandomStream stream(13, "test/implied-exponents");
  for (int trial = 0; trial < 20; ++trial) {
    const GrowthWithData growth{0.2 + stream.uniform(), 3 * stream.uniform(), 3 * stream.uniform()};
    const Charge charge{2 * stream.uniform(), 2 * stream.uniform(), 2 * stream.uniform()};
    const double log_n = 5, log_m = growth.p_model * log_n, log_t = growth.p_time * log_n;
    const double log_c = charge.n_params * log_m + charge.n_data * log_n + charge.n_steps * log_t;
    const ImpliedExponents implied = implied_by_growth(growth, charge);
    EXPECT_NEAR(implied.excess_risk, growth.risk_exponent * log_n / log_c, 1e-13);
    EXPECT_NEAR(implied.n_params, log_m / log_c, 1e-13);
    EXPECT_NEAR(implied.n_data, log_n / log_c, 1e-13);
    EXPECT_NEAR(implied.n_steps, log_t / log_c, 1e-13);
  }
}

IsolatedLaws random_laws(numerics::RandomStream& stream) {
  const auto law = [&] { return IsolatedLaw{std::exp(2 * stream.normal()), 0.2 + 2 * stream.uniform()}; };
  return {law(), law(), law()};
}

// The smallest sum at M^u n^v T^w = C, found by comparing values only: T is what the compute leaves.
double smallest_sum(const IsolatedLaws& laws, double log_compute, const Charge& charge) {
  const auto term = [](const IsolatedLaw& law, double log_size) {
    return law.amplitude * std::exp(-law.exponent * log_size);
  };
  const auto sum = [&](double log_m, double log_n) {
    const double log_t = (log_compute - charge.n_params * log_m - charge.n_data * log_n) / charge.n_steps;
    return term(laws.n_params, log_m) + term(laws.n_data, log_n) + term(laws.n_steps, log_t);
  };
  const auto best_n = [&](double log_m) {
    return golden_section([&](double log_n) { return sum(log_m, log_n); }, -60, 60);
  };
  const double log_m = golden_section([&](double m) { return sum(m, best_n(m)); }, -60, 60);
  return sum(log_m, best_n(log_m));
}

TEST(ImpliedExponents, AnOptimiserFindsTheSameMinimum) {
  numerics::RandomStream stream(11, "test/implied-exponents");
  for (int trial = 0; trial < 20; ++trial) {
    const IsolatedLaws laws = random_laws(stream);
    const Charge charge{0.5 + stream.uniform(), 0.5 + stream.uniform(), 0.5 + stream.uniform()};
    const double log_compute = 8 * stream.uniform();
    const BalancedMinimum found = minimise_isolated_laws(laws, std::exp(log_compute), charge);
    // The search stops at 1e-14 of 120 and the sum is flat there; nested rounding is the rest.
    EXPECT_NEAR(std::log(smallest_sum(laws, log_compute, charge)), found.log_excess_risk, 1e-11) << trial;
    // The sizes spend the compute, and the sum of the laws at these sizes is the value.
    EXPECT_NEAR(
        charge.n_params * found.log.n_params + charge.n_data * found.log.n_data + charge.n_steps * found.log.n_steps,
        log_compute, 1e-12);
    const double sum = laws.n_params.amplitude * std::exp(-laws.n_params.exponent * found.log.n_params) +
                       laws.n_data.amplitude * std::exp(-laws.n_data.exponent * found.log.n_data) +
                       laws.n_steps.amplitude * std::exp(-laws.n_steps.exponent * found.log.n_steps);
    EXPECT_NEAR(std::log(sum), found.log_excess_risk, 1e-12);
  }
}

// A sum of powers has an exact power law as its minimum, so that finite differences in ln C have no truncation error.
TEST(ImpliedExponents, AreTheSlopesOfTheMinimum) {
  numerics::RandomStream stream(12, "test/implied-exponents");
  for (int trial = 0; trial < 20; ++trial) {
    const IsolatedLaws laws = random_laws(stream);
    Charge charge{stream.uniform(), stream.uniform(), 1};
    if (trial % 3 == 1) charge.n_params = 0;
    if (trial % 3 == 2) charge.n_data = 0;
    const ImpliedExponents implied =
        implied_by_isolated_laws({laws.n_params.exponent, laws.n_data.exponent, laws.n_steps.exponent}, charge);
    const double decades = 20;
    const auto low = minimise_isolated_laws(laws, 1e-10, charge), high = minimise_isolated_laws(laws, 1e10, charge);
    const double step = decades * std::log(10.0);
    EXPECT_NEAR((low.log_excess_risk - high.log_excess_risk) / step, implied.excess_risk, 1e-12);
    EXPECT_NEAR((high.log.n_steps - low.log.n_steps) / step, implied.n_steps, 1e-12);
    if (charge.n_params > 0) {
      EXPECT_NEAR((high.log.n_params - low.log.n_params) / step, implied.n_params, 1e-12);
    } else {
      EXPECT_TRUE(std::isinf(high.log.n_params));
      EXPECT_EQ(implied.n_params, 0);
    }
    EXPECT_EQ(std::isinf(high.log.n_data), charge.n_data == 0);
  }
}

// A power law so steep that it costs nothing has the exponents of a law that falls faster than every power.
TEST(ImpliedExponents, AnExponentialLawIsTheLimitOfSteepPowers) {
  const ImpliedExponents limit = implied_by_isolated_laws({1, 0.5, base::kInfinity});
  const ImpliedExponents steep = implied_by_isolated_laws({1, 0.5, 1e12});
  EXPECT_DOUBLE_EQ(limit.excess_risk, 1.0 / 3);  // 1/(1/1 + 1/0.5)
  EXPECT_EQ(limit.n_steps, 0);
  EXPECT_NEAR(steep.excess_risk, limit.excess_risk, 1e-12);
  EXPECT_NEAR(steep.n_params, limit.n_params, 1e-12);
  EXPECT_NEAR(steep.n_steps, 0, 1e-12);
}

// Sized freely, no growth with n can be better: the balance minimises over all paths.
TEST(ImpliedExponents, NoGrowthWithDataBeatsTheBalance) {
  const IsolatedExponents laws{.n_params = 1, .n_data = 1, .n_steps = 0.7};
  const double best = implied_by_isolated_laws(laws).excess_risk;
  for (double p_model = 0; p_model <= 4; p_model += 0.25)
    for (double p_time = 0; p_time <= 4; p_time += 0.25) {
      // Along M ~ n^p_M, T ~ n^p_T the slowest term decides.
      const double b = std::min({laws.n_data, laws.n_params * p_model, laws.n_steps * p_time});
      if (b == 0) continue;
      EXPECT_LE(implied_by_growth({b, p_model, p_time}).excess_risk, best * (1 + 4 * kEps));
    }
  // It is reached where all terms fall alike: p_M = b/a, p_T = b/g.
  EXPECT_DOUBLE_EQ(implied_by_growth({1, 1, 1 / 0.7}).excess_risk, best);
}

TEST(ImpliedExponents, TheAccountingsOfTheEditions) {
  for (const Edition& edition : {edition_v1(), edition_v3()})
    for (const ComputeAccounting& accounting : accountings(edition.name))
      EXPECT_DOUBLE_EQ(implied_exponent(edition.risk_exponent, accounting), edition.exponent());
}

TEST(ImpliedExponents, DomainErrorsNameTheQuantity) {
  const auto message = [](const auto& call) {
    try {
      (void)call();
    } catch (const std::domain_error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_NE(message([] {
              return implied_exponent(1, {0, 0, 0});
            }).find("p = p_model + p_data + p_time > 0, found 0"),
            std::string::npos);
  EXPECT_NE(message([] { return implied_exponent(1, {-1, 1, 2}); }).find("p_model >= 0"), std::string::npos);
  EXPECT_NE(message([] { return implied_by_growth({1, 0, 0}, {1, 0, 1}); }).find("does not limit"), std::string::npos);
  for (const double bad : {0.0, -1.0, base::kNaN}) {
    EXPECT_THROW((void)implied_exponent(bad, {3, 1, 2}), std::domain_error);
    EXPECT_THROW((void)implied_by_growth({.risk_exponent = bad}), std::domain_error);
    EXPECT_THROW((void)implied_by_isolated_laws({.n_data = bad}), std::domain_error);
    EXPECT_THROW((void)minimise_isolated_laws({.n_steps = {1, bad}}, 1), std::domain_error);
    EXPECT_THROW((void)minimise_isolated_laws({.n_params = {bad, 1}}, 1), std::domain_error);
    EXPECT_THROW((void)minimise_isolated_laws({}, bad), std::domain_error);
  }
  EXPECT_THROW((void)minimise_isolated_laws({.n_steps = {1, base::kInfinity}}, 1), std::domain_error);
  EXPECT_THROW((void)implied_by_isolated_laws({}, {0, 0, 0}), std::domain_error);
  EXPECT_THROW((void)implied_by_isolated_laws({1, 1, base::kInfinity}, {0, 0, 1}), std::domain_error);
  EXPECT_THROW((void)implied_by_isolated_laws({}, {-1, 1, 1}), std::domain_error);
}

}  // namespace
}  // namespace phaselaw::theory
