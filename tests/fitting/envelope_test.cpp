// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/envelope.h"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {
namespace {

// Runs of different size whose curves are tangent to 0.5 + 3 C^-exponent: run k learns exponentially down to its floor.
Curves runs_along_a_power_law(double exponent, double noise) {
  numerics::RandomStream stream(4, "envelope_test");
  Curves curves;
  for (int k = 0; k < 12; ++k) {
    const double size = std::pow(10, 0.5 * k), level = std::exp(noise * stream.normal());
    for (const double c : numerics::log_spaced(0.01 * size, 10 * size, 25)) {
      curves.run.push_back("run" + std::to_string(k));
      curves.compute.push_back(c);
      curves.loss.push_back(0.5 + 3 * level * std::pow(size, -exponent) * (1 + std::exp(4 - 8 * c / size)));
    }
  }
  return curves;
}

bool dominated(const Curves& curves, std::size_t i) {
  for (std::size_t j = 0; j < curves.run.size(); ++j) {
    const bool no_worse = curves.compute[j] <= curves.compute[i] && curves.loss[j] <= curves.loss[i];
    const bool better = curves.compute[j] < curves.compute[i] || curves.loss[j] < curves.loss[i];
    if (no_worse && better) return true;
  }
  return false;
}

TEST(Envelope, StaircaseIsWhatNothingDominates) {
  const Curves curves = runs_along_a_power_law(0.2, 0.1);
  const auto points = staircase(curves);
  std::size_t undominated = 0;
  for (std::size_t i = 0; i < curves.run.size(); ++i) undominated += dominated(curves, i) ? 0 : 1;
  EXPECT_EQ(points.size(), undominated);
  for (std::size_t i = 1; i < points.size(); ++i) {
    EXPECT_GT(points[i].compute, points[i - 1].compute);
    EXPECT_LT(points[i].loss, points[i - 1].loss);
  }
}

TEST(Envelope, ByHand) {
  const Curves curves{{"a", "b", "a", "b", "c"}, {1, 2, 10, 20, 100}, {5, 4, 4.5, 2, 3}};
  const auto stairs = staircase(curves);
  ASSERT_EQ(stairs.size(), 3U);
  EXPECT_EQ(stairs[1].loss, 4);
  EXPECT_EQ(stairs[1].run, "b");
  EXPECT_EQ(stairs[2].compute, 20);
  const auto bins = binned_envelope(curves, 2);  // 1..10 and 10..100
  ASSERT_EQ(bins.size(), 2U);
  EXPECT_EQ(bins[0].loss, 4);
  EXPECT_EQ(bins[1].loss, 2);
  EXPECT_EQ(bins[1].run, "b");
  EXPECT_EQ(binned_envelope({{"a"}, {1}, {1}}, 5).size(), 1U);
}

TEST(Envelope, RecoversThePowerLawOfItsRuns) {
  PowerLawOptions options{.floor = 0.5, .compute_lo = 1, .compute_hi = 1e5, .bins = 30};
  const PowerLaw exact = fit_envelope_power_law(runs_along_a_power_law(0.2, 0), options);
  EXPECT_NEAR(exact.exponent, 0.2, 0.02);  // the envelope ripples by the factor 1 + e^-4 .. between runs
  const PowerLaw noisy = fit_envelope_power_law(runs_along_a_power_law(0.2, 0.05), options);
  ASSERT_TRUE(noisy.lo && noisy.hi);
  EXPECT_LT(*noisy.lo, 0.2);
  EXPECT_GT(*noisy.hi, 0.2);
  EXPECT_GT(*noisy.lo, 0);  // twelve runs over six decades show at least that the loss falls
  EXPECT_EQ(noisy.lo, fit_envelope_power_law(runs_along_a_power_law(0.2, 0.05), options).lo);
}

TEST(Envelope, LineOfExactPoints) {
  Curves curves;
  for (const double c : numerics::log_spaced(1, 1e6, 13)) {
    curves.run.push_back("one");
    curves.compute.push_back(c);
    curves.loss.push_back(2 * std::pow(c, -1.0 / 6));
  }
  const PowerLaw law = fit_envelope_power_law(curves, {});
  EXPECT_NEAR(law.exponent, 1.0 / 6, 1e-13);
  EXPECT_NEAR(law.log_amplitude, std::log(2.0), 1e-12);
  EXPECT_FALSE(law.lo.has_value());  // one run: no interval over runs
}

TEST(Envelope, BadInput) {
  const Curves good = runs_along_a_power_law(0.2, 0);
  EXPECT_THROW((void)staircase({}), base::InputError);
  EXPECT_THROW((void)staircase({{"a"}, {1}, {std::nan("")}}), base::InputError);
  EXPECT_THROW((void)staircase({{"a"}, {0}, {1}}), base::InputError);
  EXPECT_THROW((void)staircase({{"a", "b"}, {1}, {1}}), base::InputError);
  EXPECT_THROW((void)binned_envelope(good, 0), base::InputError);
  EXPECT_THROW((void)fit_envelope_power_law(good, {.floor = 10}), base::InputError);
  EXPECT_THROW((void)fit_envelope_power_law(good, {.floor = -1}), base::InputError);
  EXPECT_THROW((void)fit_envelope_power_law(good, {.compute_lo = 1e9}), base::InputError);
  EXPECT_THROW((void)fit_envelope_power_law(good, {.level = 2}), base::InputError);
}

}  // namespace
}  // namespace phaselaw::fitting
