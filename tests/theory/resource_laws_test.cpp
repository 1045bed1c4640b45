// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/resource_laws.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include <gtest/gtest.h>

#include "phaselaw/base/constants.h"
#include "phaselaw/numerics/random.h"

namespace phaselaw::theory {
namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();
constexpr ResourceLaw kLaws[] = {ResourceLaw::model_size, ResourceLaw::time, ResourceLaw::data};

ResourceLawNumbers random_numbers(numerics::RandomStream& stream) {
  ResourceLawNumbers numbers;
  numbers.noise = {std::exp(stream.normal()), 0.4 * stream.uniform()};
  numbers.at = {.initial_risk = std::exp(3 + stream.normal()),
                .rate = std::exp(stream.normal()),
                .time = 1,
                .n_params = std::exp(4 + 4 * stream.uniform()),
                .n_data = std::exp(4 + 4 * stream.uniform()),
                .c_model = std::exp(stream.normal()),
                .c_xi = std::exp(stream.normal()),
                .d_eff = std::exp(stream.normal())};
  numbers.at.noise = noise_at(numbers.noise, numbers.at.n_data);
  return numbers;
}

// The isolated laws of excess_risk.h at the same numbers.
TEST(ResourceLaws, AreTheIsolatedLaws) {
  numerics::RandomStream stream(1, "test/resource-laws");
  for (int trial = 0; trial < 30; ++trial) {
    ResourceLawNumbers numbers = random_numbers(stream);
    const double scale = std::exp(stream.normal());
    ExcessRiskNumbers at = numbers.at;
    at.n_params = 100 * scale;
    EXPECT_NEAR(resource_law_at(ResourceLaw::model_size, numbers, at.n_params).excess_risk / model_size_law(at), 1,
                4 * kEps);
    at = numbers.at;
    at.time = scale;
    EXPECT_NEAR(resource_law_at(ResourceLaw::time, numbers, scale).excess_risk / training_time_law(at), 1, 4 * kEps);
    numbers.unlimited_params = true;
    at = numbers.at;
    at.n_data = 100 * scale;
    at.noise = noise_at(numbers.noise, at.n_data);
    EXPECT_NEAR(resource_law_at(ResourceLaw::data, numbers, at.n_data).excess_risk / data_size_law(at), 1, 4 * kEps);
  }
}

TEST(ResourceLaws, ElasticityIsTheLogarithmicDerivative) {
  numerics::RandomStream stream(2, "test/resource-laws");
  const double h = 1e-4;
  for (int trial = 0; trial < 30; ++trial) {
    const ResourceLawNumbers numbers = random_numbers(stream);
    for (const ResourceLaw law : kLaws) {
      const double resource = law == ResourceLaw::time ? 3 * stream.uniform() + 0.1 : 1 + 1e3 * stream.uniform();
      const auto log_risk = [&](double factor) {
        return std::log(resource_law_at(law, numbers, resource * factor).excess_risk);
      };
      const double found = resource_law_at(law, numbers, resource).elasticity;
      const double x = law == ResourceLaw::time ? numbers.at.rate * resource : 1;
      // Central differences: h^2/6 times third derivatives below 10 (1 + x)^3; and rounding.
      EXPECT_NEAR(found, -(log_risk(std::exp(h)) - log_risk(std::exp(-h))) / (2 * h),
                  2 * h * h * std::pow(1 + x, 3) + 64 * kEps * (1 + x) / h);
    }
  }
}

TEST(ResourceLaws, AtTheSaturationBothPartsAreEqual) {
  numerics::RandomStream stream(3, "test/resource-laws");
  for (int trial = 0; trial < 50; ++trial) {
    const ResourceLawNumbers numbers = random_numbers(stream);
    for (const ResourceLaw law : kLaws) {
      const ResourceLawTable table = resource_law_table(law, numbers, 1, 10, 2);
      if (table.saturation == 0) {  // the floor is above R0, so time has nothing to remove
        EXPECT_EQ(law, ResourceLaw::time);
        EXPECT_GE(table.floor, numbers.at.initial_risk);
        continue;
      }
      const ResourceLawPoint at = resource_law_at(law, numbers, table.saturation);
      // An error of c eps in the place becomes one of c eps times its local exponent in the term.
      const double x = law == ResourceLaw::time ? numbers.at.rate * table.saturation : 5;
      EXPECT_NEAR(at.reducible / table.floor, 1, 64 * kEps * (1 + x));
      EXPECT_NEAR(at.excess_risk / (2 * table.floor), 1, 64 * kEps * (1 + x));
    }
  }
}

// The exponent is the slope of the reducible part; that of the time grows without limit.
TEST(ResourceLaws, TheExponentIsTheSlopeOfTheReduciblePart) {
  numerics::RandomStream stream(4, "test/resource-laws");
  const ResourceLawNumbers numbers = random_numbers(stream);
  for (const ResourceLaw law : {ResourceLaw::model_size, ResourceLaw::data}) {
    const ResourceLawTable table = resource_law_table(law, numbers, 10, 1e9, 2);
    const double slope = std::log(table.points[0].reducible / table.points[1].reducible) / std::log(1e8);
    EXPECT_NEAR(slope, table.exponent, 16 * kEps);
  }
  EXPECT_DOUBLE_EQ(resource_law_table(ResourceLaw::data, numbers, 1, 2, 2).exponent, 1 - 2 * numbers.noise.exponent);
  EXPECT_TRUE(std::isinf(resource_law_table(ResourceLaw::time, numbers, 1, 2, 2).exponent));
}

TEST(ResourceLaws, TheDefaultRangeShowsTheBend) {
  numerics::RandomStream stream(5, "test/resource-laws");
  for (int trial = 0; trial < 30; ++trial) {
    const ResourceLawNumbers numbers = random_numbers(stream);
    for (const ResourceLaw law : kLaws) {
      const ResourceRange range = default_range(law, numbers);
      const ResourceLawTable table = resource_law_table(law, numbers, range.lo, range.hi, 7);
      EXPECT_LT(range.lo, range.hi);
      EXPECT_GE(range.lo, law == ResourceLaw::data ? 1 : 0);
      if (table.saturation > range.lo * 2) {
        EXPECT_LT(table.saturation, range.hi);
        EXPECT_GT(table.points.front().reducible, table.floor);
        EXPECT_LT(table.points.back().reducible, table.floor);
      }
    }
  }
}

TEST(ResourceLaws, WithoutAFloorThereIsNoSaturation) {
  ResourceLawNumbers numbers;
  numbers.unlimited_params = true;
  numbers.at.rate = 0.5;
  EXPECT_TRUE(std::isinf(resource_law_table(ResourceLaw::data, numbers, 1, 10, 3).saturation));
  numbers.at.noise = 0;
  EXPECT_TRUE(std::isinf(resource_law_table(ResourceLaw::time, numbers, 1, 10, 3).saturation));
  EXPECT_TRUE(std::isinf(resource_law_table(ResourceLaw::model_size, numbers, 1, 10, 3).saturation));
  // Noise that grows as n^(1/2) leaves nothing that data could remove, with a floor or without one.
  numbers.unlimited_params = false;
  numbers.noise.exponent = 0.5;
  const ResourceLawTable flat = resource_law_table(ResourceLaw::data, numbers, 1, 100, 3);
  EXPECT_TRUE(std::isinf(flat.saturation));
  EXPECT_EQ(flat.points.front().excess_risk, flat.points.back().excess_risk);
  EXPECT_EQ(flat.exponent, 0);
}

TEST(ResourceLaws, DomainErrors) {
  ResourceLawNumbers numbers;
  EXPECT_THROW((void)default_range(ResourceLaw::time, numbers), std::domain_error);  // rate 0
  numbers.at.rate = 1;
  for (const ResourceLaw law : kLaws) {
    for (const double bad : {0.0, -1.0, base::kNaN, base::kInfinity})
      EXPECT_THROW((void)resource_law_at(law, numbers, bad), std::domain_error);
    EXPECT_THROW((void)resource_law_table(law, numbers, 2, 1, 3), std::domain_error);
    EXPECT_THROW((void)resource_law_table(law, numbers, 1, 2, 1), std::domain_error);
  }
  numbers.at.c_model = -1;
  EXPECT_THROW((void)resource_law_at(ResourceLaw::model_size, numbers, 1), std::domain_error);
}

}  // namespace
}  // namespace phaselaw::theory
