// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/noise.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include <gtest/gtest.h>

#include "phaselaw/base/constants.h"
#include "phaselaw/numerics/statistics.h"
#include "theory/golden_section.h"

namespace phaselaw::theory {
namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();

TEST(NoiseSchedule, StatedExponents) {
  EXPECT_NEAR(compute_exponent(edition_v1(), 0), 1.0 / 6, kEps);
  EXPECT_NEAR(compute_exponent(edition_v1(), 0.25), 1.0 / 11, kEps);
  EXPECT_EQ(compute_exponent(edition_v1(), 0.5), 0);
  EXPECT_NEAR(compute_exponent(edition_v3(), 0.25), 1.0 / 13, kEps);
  EXPECT_NEAR(compute_exponent(edition_predecessor(), 0), 1.0 / 8, kEps);
  EXPECT_EQ(data_exponent(0), -1);
  EXPECT_EQ(data_exponent(0.25, 2), -1);
  EXPECT_EQ(data_exponent(0.5), 0);
  EXPECT_GT(data_exponent(0.6), 0);
}

TEST(NoiseSchedule, NoiseIsAPowerOfTheData) {
  EXPECT_EQ(noise_at({0.3, 0}, 1e6), 0.3);
  EXPECT_NEAR(noise_at({0.3, 0.5}, 100), 3, 8 * kEps);
  EXPECT_NEAR(noise_at({2, -1}, 4), 0.5, kEps);
}

TEST(NoiseSchedule, ConstantNoiseIsTheTwoStageLaw) {
  for (const Edition& edition : {edition_v1(), edition_v3(), edition_predecessor(), edition_free(4, 0.5, 3)})
    for (const double compute : {1e3, 1e12}) {
      const auto law = scheduled_law(edition, compute, {0.4, 0});
      EXPECT_NEAR(law.log_excess_risk, log_excess_risk(edition, compute, 0.4), 1e-13);
      EXPECT_NEAR(*law.log_n_data, std::log(n_data_optimal(edition, compute, 0.4)), 1e-12);
      EXPECT_NEAR(law.slope, slope(edition, compute, 0.4), 1e-15);
    }
}

// Second route: at every n the noise is xi(n); an optimiser balances the terms of the fixed-n law.
TEST(NoiseSchedule, AnOptimiserFindsTheLaw) {
  for (const Edition& edition : {edition_v1(), edition_v3(), edition_free(3, 1, 7)})
    for (const double s : {-0.3, 0.1, 0.25, 0.4})
      for (const double compute : {1e6, 1e20}) {
        const NoiseSchedule schedule{0.5, s};
        const auto larger_term = [&](double log_n) {
          const double n = std::exp(log_n);
          const auto terms = fixed_n_terms(edition, compute, n, noise_at(schedule, n));
          return std::max(terms.log_optimisation, terms.log_estimation);
        };
        // From n = xi(n)^2 on: below it both terms are O(1).
        const double start = 2 * std::log(0.5) / (1 - 2 * s);
        const double log_n = golden_section(larger_term, start, start + 60);
        const auto law = scheduled_law(edition, compute, schedule);
        EXPECT_NEAR(log_n, *law.log_n_data, 1e-10) << s;
        EXPECT_NEAR(larger_term(log_n), law.log_excess_risk, 1e-10) << s;
      }
}

TEST(NoiseSchedule, ThresholdOfTheBestDataIsTheCompute) {
  for (const double s : {-0.3, 0.0, 0.25, 0.45}) {
    const NoiseSchedule schedule{0.5, s};
    const double n = std::exp(*scheduled_law(edition_v1(), 1e15, schedule).log_n_data);
    EXPECT_NEAR(threshold_compute(edition_v1(), n, noise_at(schedule, n)) / 1e15, 1, 1e-10) << s;
  }
}

TEST(NoiseSchedule, SlopeIsTheDerivativeAndTendsToTheExponent) {
  const double h = 1e-3;
  for (const Edition& edition : {edition_v1(), edition_v3(), edition_predecessor()})
    for (const double s : {-0.3, 0.0, 0.25, 0.45}) {
      const NoiseSchedule schedule{0.7, s};
      for (const double compute : {1e3, 1e12}) {
        const double up = scheduled_law(edition, compute * std::exp(h), schedule).log_excess_risk;
        const double down = scheduled_law(edition, compute * std::exp(-h), schedule).log_excess_risk;
        EXPECT_NEAR(scheduled_law(edition, compute, schedule).slope, (up - down) / (2 * h), h * h + 1e-11);
      }
      // w/(1 + w) with w ~ ln C ~ 690: within 2/690 of 1.
      const double e = compute_exponent(edition, s);
      EXPECT_NEAR(scheduled_law(edition, 1e300, schedule).slope, -e, e * 2 / 600);
    }
}

TEST(NoiseSchedule, TheLawBreaksAtTheSquareRoot) {
  EXPECT_EQ(effect_of_data({1, 0.499}), DataEffect::helps);
  EXPECT_EQ(effect_of_data({1, 0.5}), DataEffect::no_effect);
  EXPECT_EQ(effect_of_data({1, 0.501}), DataEffect::hurts);
  for (const auto effect : {DataEffect::helps, DataEffect::no_effect, DataEffect::hurts})
    EXPECT_NE(base::enum_name(effect), "?");
  for (const double compute : {1e3, 1e12, 1e30}) {
    const auto flat = scheduled_law(edition_v1(), compute, {0.3, 0.5});
    EXPECT_NEAR(std::exp(flat.log_excess_risk), 0.09, 1e-16);
    EXPECT_EQ(flat.slope, 0);
    EXPECT_FALSE(flat.log_n_data.has_value());
  }
  // The law below the break tends to it: risk -> xi_0^2 as s -> 1/2.
  EXPECT_NEAR(scheduled_law(edition_v1(), 1e12, {0.3, 0.5 - 1e-9}).log_excess_risk, std::log(0.09), 1e-6);
}

TEST(NoiseSchedule, DomainErrors) {
  for (const double bad : {0.0, -1.0, base::kNaN, double{INFINITY}}) {
    EXPECT_THROW((void)noise_at({bad, 0}, 1), std::domain_error);
    EXPECT_THROW((void)noise_at({1, 0}, bad), std::domain_error);
    EXPECT_THROW((void)scheduled_law(edition_v1(), bad, {}), std::domain_error);
    EXPECT_THROW((void)scheduled_law(edition_v1(), 1, {bad, 0.5}), std::domain_error);
  }
  EXPECT_THROW((void)compute_exponent(edition_v1(), 3), std::domain_error);
  EXPECT_THROW((void)compute_exponent(edition_v1(), base::kNaN), std::domain_error);
  EXPECT_THROW((void)data_exponent(base::kNaN), std::domain_error);
  EXPECT_THROW((void)effect_of_data({1, base::kNaN}), std::domain_error);
}

}  // namespace
}  // namespace phaselaw::theory
