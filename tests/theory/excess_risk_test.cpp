// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/excess_risk.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/base/constants.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/theory/two_stage.h"

namespace phaselaw::theory {
namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();

ExcessRiskNumbers random_numbers(numerics::RandomStream& stream) {
  return {.initial_risk = std::exp(stream.normal()),
          .rate = std::exp(stream.normal()),
          .time = std::exp(stream.normal()),
          .n_params = std::exp(4 * stream.uniform()),
          .n_data = std::exp(4 * stream.uniform()),
          .noise = std::exp(stream.normal()),
          .c_model = std::exp(stream.normal()),
          .c_xi = std::exp(stream.normal()),
          .d_eff = std::exp(stream.normal()),
          .rate_data_exponent = 2 * stream.uniform()};
}

TEST(ExcessRisk, TermsAreTheirFormulas) {
  const auto terms = excess_risk_terms({.initial_risk = 2,
                                        .rate = 0.5,
                                        .time = 3,
                                        .n_params = 50,
                                        .n_data = 20,
                                        .noise = 0.3,
                                        .c_model = 4,
                                        .c_xi = 5,
                                        .d_eff = 7});
  EXPECT_NEAR(terms.optimisation, 2 * std::exp(-1.5), 8 * kEps);
  EXPECT_NEAR(terms.approximation, 0.08, kEps);
  EXPECT_NEAR(terms.estimation, 5 * 7 * 0.09 / 20, 8 * kEps);
  EXPECT_EQ(terms.total(), terms.optimisation + terms.approximation + terms.estimation);
}

TEST(ExcessRisk, IsolatedLawsAreLimits) {
  numerics::RandomStream stream(3, "test/excess-risk");
  for (int trial = 0; trial < 20; ++trial) {
    auto numbers = random_numbers(stream);
    const double model_law = model_size_law(numbers), data_law = data_size_law(numbers);
    // Three positive terms in two orders: each sum rounds twice.
    EXPECT_NEAR(training_time_law(numbers) / excess_risk_terms(numbers).total(), 1, 4 * kEps);
    numbers.time = 1e6 / numbers.rate;  // exp(-1e6) = 0
    EXPECT_NEAR(excess_risk_terms(numbers).total() / model_law, 1, 4 * kEps);
    numbers.n_params = 1e300;
    EXPECT_NEAR(excess_risk_terms(numbers).total() / data_law, 1, 4 * kEps);
  }
}

TEST(ExcessRisk, SaturationIsWhereTermsAreEqual) {
  numerics::RandomStream stream(4, "test/excess-risk");
  for (int trial = 0; trial < 50; ++trial) {
    auto numbers = random_numbers(stream);
    numbers.initial_risk = 10 * model_size_law(numbers);
    numbers.time = saturating_time(numbers);
    const auto at_time = excess_risk_terms(numbers);
    EXPECT_NEAR(at_time.optimisation / (at_time.approximation + at_time.estimation), 1, 64 * kEps);
    const double saturating = saturating_n_params(numbers);
    numbers.n_params = saturating;
    const auto at_model = excess_risk_terms(numbers);
    EXPECT_NEAR(at_model.approximation / at_model.estimation, 1, 16 * kEps);
    // More model than that buys at most a factor 2.
    numbers.n_params = 1e12 * saturating;
    EXPECT_LE(at_model.approximation + at_model.estimation, 2 * model_size_law(numbers) * (1 + 16 * kEps));
  }
  EXPECT_NEAR(saturating_n_params({.n_data = 100, .noise = 0.5}), 400, 1e-10);  // n/xi^2
  EXPECT_TRUE(std::isinf(saturating_n_params({.noise = 0})));
  EXPECT_EQ(saturating_time({.initial_risk = 1e-9, .rate = 1}), 0);
  EXPECT_TRUE(std::isinf(saturating_time({.initial_risk = 10, .rate = 0})));
}

TEST(ExcessRisk, ElasticitiesAreLogarithmicDerivatives) {
  numerics::RandomStream stream(5, "test/excess-risk");
  const double h = 1e-4;
  for (int trial = 0; trial < 100; ++trial) {
    const auto numbers = random_numbers(stream);
    const auto found = elasticities(numbers);
    const auto derivative = [&](auto scale) {
      const auto log_risk = [&](double factor) {
        auto moved = numbers;
        scale(moved, factor);
        return std::log(excess_risk_terms(moved).total());
      };
      return -(log_risk(std::exp(h)) - log_risk(std::exp(-h))) / (2 * h);
    };
    // Central differences: h^2/6 times third derivatives, which are below 10 (1 + q^3)(1 + (alpha T)^3); and rounding.
    const double x = numbers.rate * numbers.time, q = numbers.rate_data_exponent;
    const double tolerance = 2 * h * h * (1 + q * q * q) * (1 + x * x * x) + 64 * kEps / h;
    EXPECT_NEAR(found.time, derivative([](auto& r, double f) { r.time *= f; }), tolerance);
    EXPECT_NEAR(found.n_params, derivative([](auto& r, double f) { r.n_params *= f; }), tolerance);
    EXPECT_NEAR(found.noise, derivative([](auto& r, double f) { r.noise /= f; }), tolerance);
    EXPECT_NEAR(found.n_data, derivative([](auto& r, double f) {
                  r.n_data *= f;
                  r.rate *= std::pow(f, -r.rate_data_exponent);
                }),
                tolerance);
  }
  EXPECT_EQ(elasticities({.initial_risk = 0, .noise = 0, .c_model = 0}).n_data, 0);
}

TEST(ExcessRisk, TheBottleneckIsTheResourceThatPaysMost) {
  numerics::RandomStream stream(6, "test/excess-risk");
  int seen[3] = {};
  for (int trial = 0; trial < 200; ++trial) {
    auto numbers = random_numbers(stream);
    numbers.rate_data_exponent = 0;
    const auto risk_with = [&](Resource resource) {
      auto more = numbers;
      const double factor = 1 + 1e-6;
      (resource == Resource::time ? more.time : resource == Resource::n_data ? more.n_data : more.n_params) *= factor;
      return excess_risk_terms(more).total();
    };
    const Resource found = bottleneck(elasticities(numbers));
    ++seen[static_cast<int>(found)];
    for (const Resource other : {Resource::time, Resource::n_data, Resource::n_params})
      EXPECT_LE(risk_with(found), risk_with(other) * (1 + 1e-11));  // (1e-6)^2 and rounding
  }
  for (const int count : seen) EXPECT_GT(count, 0);
  EXPECT_EQ(base::enum_name(Resource::n_params), "n_params");
  EXPECT_EQ(bottleneck({}), Resource::time);
}

TEST(ExcessRisk, RegimesAreTheLargestTerms) {
  EXPECT_EQ(regime({3, 1, 2}), Stage::compute_starved);
  EXPECT_EQ(regime({1, 3, 2}), Stage::model_limited);
  EXPECT_EQ(regime({1, 2, 3}), Stage::data_limited);
  EXPECT_EQ(regime({1, 1, 1}), Stage::compute_starved);
  EXPECT_EQ(regime({0, 1, 1}), Stage::data_limited);
}

// With alpha T = xi^2 C/(a n^p) and no model term the regime is the stage of the two-stage law, and the bound its
// bound.
TEST(ExcessRisk, RegimeAgreesWithTheTwoStageLaw) {
  const Edition edition = edition_v1();
  for (const double n_data : {10.0, 300.0})
    for (const double share : {0.2, 0.99, 1.01, 5.0}) {
      const double compute = share * threshold_compute(edition, n_data, 0.5);
      const auto terms = excess_risk_terms({.rate = fixed_n_terms(edition, compute, n_data, 0.5).x,
                                            .time = 1,
                                            .n_data = n_data,
                                            .noise = 0.5,
                                            .c_model = 0});
      EXPECT_EQ(regime(terms), stage(edition, compute, n_data, 0.5));
      EXPECT_NEAR(terms.total() / excess_risk_at(edition, compute, n_data, 0.5), 1, 1e-12);
    }
}

TEST(ExcessRisk, DomainErrors) {
  for (const double bad : {-1.0, base::kNaN, double{INFINITY}}) {
    EXPECT_THROW((void)excess_risk_terms({.initial_risk = bad}), std::domain_error);
    EXPECT_THROW((void)excess_risk_terms({.rate = bad}), std::domain_error);
    EXPECT_THROW((void)excess_risk_terms({.time = bad}), std::domain_error);
    EXPECT_THROW((void)excess_risk_terms({.n_params = bad}), std::domain_error);
    EXPECT_THROW((void)elasticities({.d_eff = bad}), std::domain_error);
  }
  EXPECT_THROW((void)excess_risk_terms({.n_params = 0}), std::domain_error);
  EXPECT_THROW((void)excess_risk_terms({.n_data = 0}), std::domain_error);
}

}  // namespace
}  // namespace phaselaw::theory
