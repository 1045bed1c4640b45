// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/two_stage.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/lambert_w.h"
#include "phaselaw/numerics/statistics.h"
#include "theory/golden_section.h"

namespace phaselaw::theory {
namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();

std::vector<Edition> editions_with_logarithm() {
  return {edition_v1(), edition_v3(), edition_free(2.5, 1, 30), edition_free(9, 1, 1e-4)};
}

TEST(TwoStage, CheckValues) {
  struct Row {
    double p, noise, compute, excess_risk;
  };
  const std::vector<Row> table = {
      {6, 1, 1e6, 1.1381089771e-1},  {6, 1, 1e12, 1.2781364334e-2}, {6, 1, 1e18, 1.3693622425e-3},
      {6, 1, 1e24, 1.4381337866e-4}, {7, 1, 1e6, 1.5209980868e-1},  {7, 1, 1e12, 2.3326712942e-2},
      {7, 1, 1e18, 3.4376264717e-3}, {7, 1, 1e24, 4.9807858636e-4}, {6, 0.3, 1e12, 1.8273223499e-3},
  };
  for (const Row& row : table)
    EXPECT_NEAR(excess_risk(edition_free(row.p), row.compute, row.noise), row.excess_risk, 1e-9 * row.excess_risk)
        << "p = " << row.p << ", C = " << row.compute;
}

TEST(TwoStage, CheckValuesOfTheSlopeToTheirDigits) {
  const std::vector<std::pair<double, double>> table = {
      {1e6, -0.15480}, {1e12, -0.16053}, {1e18, -0.16256}, {1e24, -0.16358}};
  for (const auto& [compute, expected] : table) EXPECT_NEAR(slope(edition_v1(), compute, 1), expected, 5e-6);
}

TEST(TwoStage, EditionsStateTheirExponents) {
  EXPECT_EQ(edition_v1().exponent(), 1.0 / 6);
  EXPECT_EQ(edition_v3().exponent(), 1.0 / 7);
  EXPECT_EQ(edition_predecessor().exponent(), 1.0 / 8);
  EXPECT_EQ(edition_free(5, 0.5).exponent(), 0.1);
  EXPECT_EQ(edition_from_name("v3").p, 7);
  EXPECT_THROW((void)edition_from_name("v2"), base::InputError);
  EXPECT_THROW((void)edition_from_name("free"), base::InputError);  // needs its numbers
}

TEST(TwoStage, PredecessorIsAPurePowerLaw) {
  const Edition edition = edition_predecessor();
  for (const double compute : {1e-3, 1.0, 1e8, 1e200}) {
    EXPECT_NEAR(excess_risk(edition, compute, 1) / std::pow(compute, -1.0 / 8), 1, 16 * kEps * 60);
    EXPECT_EQ(slope(edition, compute, 1), -1.0 / 8);
    EXPECT_NEAR(n_data_optimal(edition, compute, 1) / std::pow(compute, 0.25), 1, 16 * kEps * 120);
  }
  EXPECT_THROW((void)excess_risk_at(edition, 1e8, 100, 1), std::domain_error);
}

TEST(TwoStage, SlopeIsTheDerivative) {
  const double h = 1e-4;  // central difference: error ~ h^2 |third derivative| + eps |ln risk| / h
  for (const Edition& edition : {edition_v1(), edition_v3(), edition_free(4, 0.5, 10)})
    for (const double noise : {0.3, 1.0, 2.0})
      for (const double compute : {1e-6, 1e-1, 1.0, 1e3, 1e12, 1e100}) {
        const double up = log_excess_risk(edition, compute * std::exp(h), noise);
        const double down = log_excess_risk(edition, compute * std::exp(-h), noise);
        const double tolerance = h * h + 8 * kEps * std::abs(up) / h;
        EXPECT_NEAR(slope(edition, compute, noise), (up - down) / (2 * h), tolerance) << compute;
      }
}

TEST(TwoStage, FixedNSlopeIsTheDerivative) {
  const double h = 1e-4;
  for (const double n_data : {3.0, 30.0, 1e4})
    for (const double share : {1e-3, 0.1, 1.0, 3.0}) {
      const Edition edition = edition_v1();
      const double compute = share * threshold_compute(edition, n_data, 0.5);
      const double up = std::log(excess_risk_at(edition, compute * std::exp(h), n_data, 0.5, 2));
      const double down = std::log(excess_risk_at(edition, compute * std::exp(-h), n_data, 0.5, 2));
      const double x = 0.25 * compute / std::pow(n_data, 6);  // third derivatives grow like x^3
      EXPECT_NEAR(slope_at(edition, compute, n_data, 0.5, 2), (up - down) / (2 * h), h * h * (1 + x * x * x) + 1e-10);
    }
}

TEST(TwoStage, SlopeTendsToItsLimitFromTheShallowSide) {
  for (const Edition& edition : editions_with_logarithm()) {
    double previous = 0;
    for (const double compute : numerics::log_spaced(1e-6, 1e300, 40)) {
      const double here = slope(edition, compute, 1);
      EXPECT_LT(here, previous);
      EXPECT_GT(here, -edition.exponent());
      previous = here;
    }
  }
}

TEST(TwoStage, ThresholdOfTheOptimalDataIsTheCompute) {
  for (const Edition& edition : editions_with_logarithm())
    for (const double noise : {0.1, 1.0, 3.0})
      for (const double compute : {1.0, 1e6, 1e24, 1e150}) {
        const double n_data = n_data_optimal(edition, compute, noise);
        // ln n carries an error of some eps |ln C|; the threshold multiplies it by p + 1/ln(n/xi^2).
        const double log_ratio = std::log(n_data / (noise * noise));
        const double tolerance =
            16 * kEps * (1 + std::abs(std::log(compute)) + 2 * edition.p) * (edition.p + 1 / log_ratio);
        EXPECT_NEAR(threshold_compute(edition, n_data, noise) / compute, 1, tolerance) << edition.p << " " << compute;
      }
}

TEST(TwoStage, FixedNLawAtItsThresholdIsTwiceTheDataLimitedValue) {
  for (const double compute : {10.0, 1e6, 1e24}) {
    const double n_data = n_data_optimal(edition_v1(), compute, 0.7);
    EXPECT_NEAR(excess_risk_at(edition_v1(), compute, n_data, 0.7) / excess_risk(edition_v1(), compute, 0.7), 2, 1e-12);
  }
}

// A second route to the data-limited stage: minimise the fixed-n law over n itself. Its minimum lies between the
// formula and its double (header). Setting the derivative to 0 gives x = ln(n/xi^2) + ln(p x) for x = xi^2 C/(a n^p),
// where the formula has x = ln(n/xi^2): the best n is smaller, by (1 + ln(p x)/ln(n/xi^2))^(1/p) < 2.
TEST(TwoStage, MinimumOverDataBracketsTheFormula) {
  for (const Edition& edition : {edition_v1(), edition_v3()})
    for (const double compute : {1e3, 1e9, 1e18, 1e30}) {
      const double formula = excess_risk(edition, compute, 1), n_formula = n_data_optimal(edition, compute, 1);
      double best = std::numeric_limits<double>::infinity(), best_n = 0;
      for (const double n_data : numerics::log_spaced(n_formula / 10, n_formula * 10, 4001)) {
        const double risk = excess_risk_at(edition, compute, n_data, 1);
        if (risk < best) best = risk, best_n = n_data;
      }
      EXPECT_GE(best, formula * (1 - 1e-12));
      EXPECT_LE(best, 2 * formula);
      EXPECT_LT(best_n, n_formula);
      EXPECT_GT(best_n, n_formula / 2);
    }
}

TEST(TwoStage, GeneralRiskExponentIsAPowerOfTheRisk) {
  for (const double compute : {1.0, 1e9, 1e30})
    EXPECT_NEAR(excess_risk(edition_free(6, 0.5), compute, 0.4), std::sqrt(excess_risk(edition_v1(), compute, 0.4)),
                1e-14);
}

TEST(TwoStage, ComputeIsMeasuredInUnitsOfA) {
  for (const double a : {1e-3, 42.0})
    EXPECT_NEAR(excess_risk(edition_free(6, 1, a), a * 1e9, 1) / excess_risk(edition_v1(), 1e9, 1), 1, 1e-13);
}

TEST(TwoStage, StageChangesAtTheThreshold) {
  const double threshold = threshold_compute(edition_v1(), 100, 0.5);
  EXPECT_EQ(stage(edition_v1(), 0.999 * threshold, 100, 0.5), Stage::compute_starved);
  EXPECT_EQ(stage(edition_v1(), 1.001 * threshold, 100, 0.5), Stage::data_limited);
  EXPECT_EQ(base::enum_name(Stage::compute_starved), "compute-starved");
  EXPECT_EQ(base::enum_name(Stage::data_limited), "data-limited");
  EXPECT_EQ(base::enum_name(Stage::model_limited), "model-limited");
  EXPECT_EQ(threshold_compute(edition_v1(), 0.2, 0.5), 0);  // n <= xi^2: no compute is needed to reach the noise
}

TEST(TwoStage, ExtremesStayFinite) {
  EXPECT_GT(excess_risk(edition_v1(), 1e308, 1e-20), 0);
  EXPECT_NEAR(excess_risk(edition_v1(), 1e-300, 1), 1, 1e-12);
  EXPECT_GT(log_threshold_compute(edition_v3(), 1e300, 1e-100), 0);
  EXPECT_TRUE(std::isinf(threshold_compute(edition_v3(), 1e300, 1e-100)));
  EXPECT_EQ(slope_at(edition_v1(), 1e300, 1e-3, 1), 0);
}

TEST(TwoStage, DomainErrors) {
  for (const double bad : {0.0, -1.0, base::kNaN, base::kInfinity}) {
    EXPECT_THROW((void)excess_risk(edition_v1(), bad, 1), std::domain_error);
    EXPECT_THROW((void)excess_risk(edition_v1(), 1, bad), std::domain_error);
    EXPECT_THROW((void)slope(edition_v1(), bad, 1), std::domain_error);
    EXPECT_THROW((void)threshold_compute(edition_v1(), bad, 1), std::domain_error);
    EXPECT_THROW((void)stage(edition_v1(), bad, 10, 1), std::domain_error);
    EXPECT_THROW((void)excess_risk_at(edition_v1(), 1, 1, 1, bad), std::domain_error);
    EXPECT_THROW((void)edition_free(bad), std::domain_error);
    EXPECT_THROW((void)edition_free(6, bad), std::domain_error);
    EXPECT_THROW((void)edition_free(6, 1, bad), std::domain_error);
  }
}

// A second route to n(C): the paper's law balances the two terms, which is the minimum over n of the larger of them. An
// optimiser that knows neither Lambert's W nor a derivative finds it.
TEST(TwoStage, MinimisingTheLargerTermGivesTheFormula) {
  for (const Edition& edition : editions_with_logarithm())
    for (const double noise : {0.3, 1.0, 2.0})
      for (const double compute : {1e3, 1e9, 1e18, 1e30}) {
        const auto larger_term = [&](double log_n, double at_compute) {
          const FixedNTerms terms = fixed_n_terms(edition, at_compute, std::exp(log_n), noise);
          return std::max(terms.log_optimisation, terms.log_estimation);
        };
        const auto minimum = [&](double at_compute) {
          const double start = 2 * std::log(noise);
          return golden_section([&](double log_n) { return larger_term(log_n, at_compute); }, start, start + 120);
        };
        // The larger term has a corner at its minimum, so the place is as well determined as the value: rounding of
        // x = exp(...) with exponents up to ~ p 120.
        const double log_n = minimum(compute), tolerance = 1e-12 * (1 + edition.p);
        EXPECT_NEAR(log_n, std::log(n_data_optimal(edition, compute, noise)), tolerance);
        EXPECT_NEAR(larger_term(log_n, compute), log_excess_risk(edition, compute, noise), tolerance * 10);
        const double h = 1e-3;  // central difference: h^2/24 times a third derivative below 1
        const double up = compute * std::exp(h), down = compute * std::exp(-h);
        EXPECT_NEAR((larger_term(minimum(up), up) - larger_term(minimum(down), down)) / (2 * h),
                    slope(edition, compute, noise), h * h + 10 * tolerance / h);
      }
}

// The identities of the law: risk = xi^2/n = exp(-W0/p) = (W0/z)^(1/p), to 1e-12.
TEST(TwoStage, IdentitiesOfTheDataLimitedLaw) {
  for (const Edition& edition : editions_with_logarithm())
    for (const double noise : {0.3, 1.0, 2.0})
      for (const double compute : {1e3, 1e9, 1e18}) {
        const double p = edition.p;
        const double z = p * compute / (edition.a * std::pow(noise, 2 * (p - 1)));
        const double w = numerics::lambert_w0(z), risk = excess_risk(edition, compute, noise);
        EXPECT_NEAR(noise * noise / n_data_optimal(edition, compute, noise) / risk, 1, 1e-12);
        EXPECT_NEAR(std::exp(-w / p) / risk, 1, 1e-12);
        EXPECT_NEAR(std::pow(w / z, 1 / p) / risk, 1, 1e-12);
        EXPECT_NEAR(slope(edition, compute, noise), -w / (1 + w) / p, 1e-12);
      }
}

// The stated threshold of v1, a = 1: C > n^6 log(n/xi^2)/xi^2; where its two terms are equal.
TEST(TwoStage, ThresholdIsWhereTheTermsAreEqual) {
  EXPECT_NEAR(threshold_compute(edition_v1(), 10, 0.5) / (1e6 * std::log(40) / 0.25), 1, 1e-13);
  for (const double n_data : {3.0, 100.0, 1e5}) {
    const FixedNTerms terms = fixed_n_terms(edition_v3(), threshold_compute(edition_v3(), n_data, 0.5), n_data, 0.5);
    EXPECT_NEAR(terms.log_optimisation, terms.log_estimation, 1e-12 * 100);
  }
}

}  // namespace
}  // namespace phaselaw::theory
