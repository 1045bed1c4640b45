// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/matching_band.h"

#include <cmath>
#include <numbers>
#include <stdexcept>

#include <gtest/gtest.h>

#include "phaselaw/theory/two_point.h"
#include "phaselaw/theory/two_stage.h"

namespace phaselaw::theory {
namespace {

TEST(MatchingBand, AtTheBestDataTheRatioIs16AtEveryCompute) {
  for (const Edition& edition : {edition_v1(), edition_v3(), edition_free(2.5, 1, 7)})
    for (const double noise : {0.3, 1.0})
      for (const double compute : {1e3, 1e12, 1e100}) {
        const auto band = matching_band(edition, compute, noise);
        EXPECT_NEAR(band.log_ratio(), std::log(16), 1e-13);
        EXPECT_NEAR(band.log_upper, log_excess_risk(edition, compute, noise), 1e-14);
        const double n_data = n_data_optimal(edition, compute, noise);
        EXPECT_NEAR(band.log_lower, std::log(statistical_lower_bound(noise, n_data)), 1e-11);
      }
}

TEST(MatchingBand, ThePredecessorsBoundsPartLikeAPower) {
  const auto small = matching_band(edition_predecessor(), 1e8, 1),
             large = matching_band(edition_predecessor(), 1e16, 1);
  // risk n^(-1/2) against n^-1: the ratio grows like n^(1/2) = C^(1/8).
  EXPECT_NEAR(large.log_ratio() - small.log_ratio(), std::log(1e8) / 8, 1e-12);
  EXPECT_THROW((void)matching_band(edition_predecessor(), 1e8, 1, 100), std::domain_error);
}

TEST(MatchingBand, AtFixedDataItIsTheFixedNLaw) {
  for (const double compute : {1e3, 1e12, 1e14}) {
    const auto band = matching_band(edition_v1(), compute, 0.5, 100, 2);
    EXPECT_NEAR(band.log_upper, std::log(excess_risk_at(edition_v1(), compute, 100, 0.5, 2)), 1e-13);
    EXPECT_NEAR(band.log_lower, std::log(0.25 / 1600), 1e-13);
    EXPECT_GT(band.log_ratio(), std::log(16) - 1e-12);
  }
  EXPECT_NEAR(matching_band(edition_v1(), 1e300, 1e-3, 10).log_ratio(), std::log(16), 1e-12);
}

TEST(MatchingBand, LowerBoundOfAComputeHasItsExponent) {
  const double here = log_statistical_lower_bound_of_compute(edition_v1(), 1e12, 0.5);
  EXPECT_NEAR(here, std::log(0.25 / 16 / 100), 1e-13);  // n = 1e12^(1/6) = 100
  EXPECT_NEAR(log_statistical_lower_bound_of_compute(edition_v1(), 1e18, 0.5) - here, -std::numbers::ln10, 1e-12);
  EXPECT_THROW((void)log_statistical_lower_bound_of_compute(edition_v1(), 0, 1), std::domain_error);
}

TEST(ComputeAccounting, SplitsAddUpToTheEditionsExponent) {
  for (const Edition& edition : {edition_v1(), edition_v3()}) {
    ASSERT_FALSE(accountings(edition.name).empty());
    for (const auto& split : accountings(edition.name)) EXPECT_EQ(split.p(), edition.p);
  }
  EXPECT_EQ(accountings("v3").size(), 2U);
  EXPECT_TRUE(accountings("predecessor").empty());
}

// M n T = C, and T is a n^p_T log(n/xi^2)/xi^2: written out, a second time, from n alone.
TEST(ComputeAccounting, AllocationSpendsTheCompute) {
  for (const Edition& edition : {edition_v1(), edition_v3()})
    for (const auto& split : accountings(edition.name))
      for (const double compute : {1e6, 1e20, 1e200}) {
        const double noise = 0.4;
        const auto log = optimal_allocation(edition, split, compute, noise);
        EXPECT_NEAR(log.n_params + log.n_data + log.n_steps, std::log(compute), 1e-12);
        EXPECT_NEAR(log.n_params, split.p_model * log.n_data, 1e-12);
        const double log_steps =
            split.p_time * log.n_data + std::log(log.n_data - 2 * std::log(noise)) - 2 * std::log(noise);
        EXPECT_NEAR(log.n_steps, log_steps, 1e-10);
      }
  // A fixed model, and steps of a fixed batch: M = 1 in the units of C, and C = M T.
  const auto fixed = optimal_allocation(edition_v1(), {0, 1, 5}, 1e9, 1);
  EXPECT_EQ(fixed.n_params, 0);
  EXPECT_NEAR(fixed.n_data + fixed.n_steps, std::log(1e9), 1e-12);
  const auto batch = optimal_allocation(edition_v1(), {3, 0, 3}, 1e9, 1);
  EXPECT_NEAR(batch.n_params + batch.n_steps, std::log(1e9), 1e-12);
  EXPECT_THROW((void)optimal_allocation(edition_v3(), {}, 1e9, 1), std::domain_error);
  EXPECT_THROW((void)optimal_allocation(edition_v1(), {2, 1, 2}, 1e9, 1), std::domain_error);
  EXPECT_THROW((void)optimal_allocation(edition_v1(), {7, 1, -2}, 1e9, 1), std::domain_error);
  EXPECT_THROW((void)optimal_allocation(edition_v1(), {}, 0, 1), std::domain_error);
}

}  // namespace
}  // namespace phaselaw::theory
