// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/departure.h"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/numerics/statistics.h"

namespace phaselaw::dynamics {
namespace {

TEST(Departure, IsInterpolated) {
  // The deviation is 0.1 log10 t exactly: linear in ln t, so the interpolation is exact.
  const auto times = numerics::log_spaced(1, 1e4, 5);
  std::vector<double> measured, predicted;
  for (const double t : times) {
    measured.push_back(1 / t);
    predicted.push_back((1 + 0.1 * std::log10(t)) / t);
  }
  const auto found = departure(times, predicted, measured, 0.25);
  ASSERT_TRUE(found.time);
  EXPECT_NEAR(*found.time, std::pow(10, 2.5), 1e-9);
  EXPECT_NEAR(found.largest, 0.4, 1e-12);
  EXPECT_EQ(found.largest_time, 1e4);
  // Linear in t where a time is 0.
  const auto from_zero =
      departure(std::vector<double>{0, 2}, std::vector<double>{1, 3}, std::vector<double>{1, 2}, 0.25);
  EXPECT_NEAR(from_zero.time.value(), 1, 1e-12);
}

TEST(Departure, NeverIsAnAnswer) {
  const std::vector<double> times{1, 2, 3}, measured{1, 1, 1}, predicted{1.01, 0.98, 1.015};
  const auto found = departure(times, predicted, measured, 0.05);
  EXPECT_FALSE(found.time);
  EXPECT_NEAR(found.largest, 0.02, 1e-12);
  EXPECT_EQ(found.largest_time, 2);
  EXPECT_NE(found.reason.find("never within the run"), std::string::npos) << found.reason;
}

TEST(Departure, WhatIsNotFiniteDeparts) {
  const std::vector<double> times{1, 2, 3}, one{1, 1, 1};
  EXPECT_EQ(departure(times, std::vector<double>{1, std::nan(""), 1}, one, 0.1).time, 2);
  EXPECT_EQ(departure(times, one, std::vector<double>{0, 1, 1}, 0.1).time, 1);
  EXPECT_FALSE(departure(times, std::vector<double>{0, 1, 1}, std::vector<double>{0, 1, 1}, 0.1).time);
}

TEST(Departure, DomainErrors) {
  const std::vector<double> one{1}, two{1, 2}, back{2, 1};
  EXPECT_THROW((void)departure({}, {}, {}, 0.1), std::domain_error);
  EXPECT_THROW((void)departure(two, one, two, 0.1), std::domain_error);
  EXPECT_THROW((void)departure(two, two, two, 0), std::domain_error);
  EXPECT_THROW((void)departure(back, two, two, 0.1), std::domain_error);
}

}  // namespace
}  // namespace phaselaw::dynamics
