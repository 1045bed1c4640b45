// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/bound_minimum.h"

#include <cmath>
#include <limits>
#include <stdexcept>

#include <gtest/gtest.h>

#include "phaselaw/numerics/statistics.h"
#include "theory/golden_section.h"

namespace phaselaw::theory {
namespace {

double log_bound(const Edition& edition, double compute, double log_n, double noise, double r0) {
  return std::log(excess_risk_at(edition, compute, std::exp(log_n), noise, r0));
}

TEST(BoundMinimum, AnOptimiserFindsTheSame) {
  for (const Edition& edition : {edition_v1(), edition_v3(), edition_free(4, 0.5, 10), edition_free(2.5, 2, 0.1)})
    for (const double noise : {0.3, 1.0})
      for (const double r0 : {0.5, 1.0, 20.0})
        for (const double compute : {1e8, 1e15, 1e30}) {
          const auto found = minimise_over_data(edition, compute, noise, r0);
          ASSERT_TRUE(found.has_value());
          const auto bound = [&](double log_n) { return log_bound(edition, compute, log_n, noise, r0); };
          // Left of the maximum, which lies where x is below 1 - r/p < 1.
          const double log_n_of_x1 = (2 * std::log(noise) + std::log(compute / edition.a)) / edition.p;
          const double searched = golden_section(bound, log_n_of_x1 - 10, log_n_of_x1);
          EXPECT_NEAR(bound(searched), found->log_excess_risk, 1e-12 * (1 + std::abs(found->log_excess_risk)));
          // A smooth minimum, known by values to sqrt(eps |f|/f''), f'' > 1 here.
          EXPECT_NEAR(searched, found->log_n_data, 1e-6);
        }
}

TEST(BoundMinimum, SlopeIsTheDerivativeOfTheMinimum) {
  const double h = 1e-3;
  for (const Edition& edition : {edition_v1(), edition_v3(), edition_free(4, 0.5, 10)})
    for (const double compute : {1e5, 1e12, 1e40}) {
      const auto at = [&](double c) { return minimise_over_data(edition, c, 0.5, 2)->log_excess_risk; };
      EXPECT_NEAR(minimise_over_data(edition, compute, 0.5, 2)->slope,
                  (at(compute * std::exp(h)) - at(compute * std::exp(-h))) / (2 * h), h * h + 1e-11);
    }
}

// R0 = r = 1: between the balanced law and its double; the slope is of the same shape and has the same limit.
TEST(BoundMinimum, LiesBetweenTheBalancedLawAndItsDouble) {
  for (const Edition& edition : {edition_v1(), edition_v3(), edition_free(2.5), edition_free(9, 1, 1e-4)})
    for (const double compute : numerics::log_spaced(1e3, 1e100, 30)) {
      const auto found = minimise_over_data(edition, compute, 1);
      ASSERT_TRUE(found.has_value());
      const double balanced = log_excess_risk(edition, compute, 1);
      EXPECT_GE(found->log_excess_risk, balanced);
      EXPECT_LE(found->log_excess_risk, balanced + std::log(2.0));
      EXPECT_LT(found->log_n_data, std::log(n_data_optimal(edition, compute, 1)));
      EXPECT_GT(found->slope, -edition.exponent());
      EXPECT_LT(found->slope, slope(edition, compute, 1) * 0.9);
    }
}

TEST(BoundMinimum, TooLittleComputeHasNone) {
  EXPECT_FALSE(minimise_over_data(edition_v1(), 1e-6, 1).has_value());
  // Then the bound falls as n grows, all the way to R0.
  double previous = std::numeric_limits<double>::infinity();
  for (const double n_data : numerics::log_spaced(1e-3, 1e6, 200)) {
    const double here = excess_risk_at(edition_v1(), 1e-6, n_data, 1);
    EXPECT_LE(here, previous);
    previous = here;
  }
}

TEST(BoundMinimum, DomainErrors) {
  for (const double bad : {0.0, -1.0, std::nan(""), double{INFINITY}}) {
    EXPECT_THROW((void)minimise_over_data(edition_v1(), bad, 1), std::domain_error);
    EXPECT_THROW((void)minimise_over_data(edition_v1(), 1, bad), std::domain_error);
    EXPECT_THROW((void)minimise_over_data(edition_v1(), 1, 1, bad), std::domain_error);
  }
  EXPECT_THROW((void)minimise_over_data(edition_predecessor(), 1, 1), std::domain_error);
  EXPECT_THROW((void)minimise_over_data(edition_free(1, 1), 1, 1), std::domain_error);
}

}  // namespace
}  // namespace phaselaw::theory
