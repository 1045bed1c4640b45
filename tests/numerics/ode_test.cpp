// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/ode.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::numerics {
namespace {

// y'' = -y + time dependence that is felt: y' = (y_2, -y_1 + cos t ... ) would hide it; dy/dt = -2 t y has y =
// e^{-t^2}.
OdeProblem gaussian(const std::vector<double>& one) {
  return {[](double t, std::span<const double> y, std::span<double> d) { d[0] = -2 * t * y[0]; }, one, 0};
}

// Rates i^-1.5, i = 1 .. size, times `fastest`: a kernel flow.
OdeProblem decay(const std::vector<double>& start, double fastest) {
  return {[fastest](double, std::span<const double> y, std::span<double> d) {
            for (std::size_t i = 0; i < y.size(); ++i)
              d[i] = -fastest * std::pow(static_cast<double>(i + 1), -1.5) * y[i];
          },
          start, 0};
}

double decay_error(const OdeSolution& s, double fastest) {
  double worst = 0;
  for (std::size_t k = 0; k < s.times.size(); ++k)
    for (Index i = 0; i < s.values.cols(); ++i)
      worst = std::max(worst, std::abs(s.values(static_cast<Index>(k), i) -
                                       std::exp(-fastest * std::pow(static_cast<double>(i + 1), -1.5) * s.times[k])));
  return worst;
}

// The slope of ln error against ln step over a factor 4 in the step is the order within 0.2.
TEST(OdeFixed, OrderByRegression) {
  const std::vector<double> one{1.0}, pair{0.5, 1.0}, times{3, 6};
  const OdeProblem wave{[](double t, std::span<const double> y, std::span<double> d) { d[0] = y[0] * std::cos(t); },
                        one, 0};
  // Lotka-Volterra has no closed form: the reference is the adaptive method at its tightest.
  const OdeProblem volterra{[](double, std::span<const double> y, std::span<double> d) {
                              d[0] = y[0] * (1 - y[1]);
                              d[1] = y[1] * (y[0] - 1);
                            },
                            pair, 0};
  OdeOptions tight;
  tight.relative_tolerance = 3e-14;
  tight.absolute_tolerance = 1e-14;
  const auto reference = integrate(volterra, times, tight);
  for (const bool nonlinear : {false, true}) {
    std::vector<double> x, y;
    for (const int steps : {60, 80, 100, 120, 160, 200, 240}) {
      FixedStepOptions options;
      options.step = 6.0 / steps;
      const auto s = integrate_fixed(nonlinear ? volterra : wave, times, options);
      ASSERT_EQ(s.status, OdeStatus::finished) << s.reason;
      EXPECT_EQ(s.steps, steps);
      EXPECT_EQ(s.rhs_calls, 4 * steps);
      double error = 0;
      for (Index k = 0; k < 2; ++k)
        error += nonlinear ? (s.values.row(k) - reference.values.row(k)).norm()
                           : std::abs(s.values(k, 0) - std::exp(std::sin(times[static_cast<std::size_t>(k)])));
      x.push_back(std::log(options.step));
      y.push_back(std::log(error));
    }
    double xy = 0, xx = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      xy += (x[i] - mean(x)) * (y[i] - mean(y));
      xx += (x[i] - mean(x)) * (x[i] - mean(x));
    }
    EXPECT_NEAR(xy / xx, 4, 0.2) << "nonlinear: " << nonlinear;
  }
}

// One step of a linear problem multiplies it by the Taylor polynomial of degree 4.
TEST(OdeFixed, LinearStepsAreTaylorPolynomials) {
  const std::vector<double> start{1, -2, 3}, times{1, 2.5};
  FixedStepOptions options;
  options.step = 0.1;
  const auto s = integrate_fixed(decay(start, 2), times, options);
  for (Index i = 0; i < 3; ++i) {
    const double z = -0.1 * 2 * std::pow(static_cast<double>(i + 1), -1.5);
    const double factor = 1 + z * (1 + z / 2 * (1 + z / 3 * (1 + z / 4)));
    // 25 steps of some ten roundings each.
    EXPECT_NEAR(s.values(1, i), start[static_cast<std::size_t>(i)] * std::pow(factor, 25), 25 * 10 * 2.3e-16 * 3);
  }
  EXPECT_EQ(s.steps, 25);
}

// On decays of rate up to 1 over 40 time scales the error stays below 200 tolerances (local errors of 40 to 900 steps
// decay as they add up), and eight halvings of both tolerances, 1/256 if errors were proportional, give at least 1/32.
TEST(OdeAdaptive, TolerancesMeanWhatTheySay) {
  const std::vector<double> start(60, 1.0);
  const auto times = log_spaced(0.04, 40, 20);
  OdeOptions options;
  std::vector<double> errors;
  for (int halving = 0; halving <= 16; halving += 8) {
    options.relative_tolerance = options.absolute_tolerance = 1e-5 * std::pow(0.5, halving);
    const auto s = integrate(decay(start, 1), times, options);
    ASSERT_EQ(s.status, OdeStatus::finished) << s.reason;
    errors.push_back(decay_error(s, 1));
    EXPECT_LE(errors.back(), 200 * options.relative_tolerance);
  }
  for (std::size_t i = 1; i < errors.size(); ++i) EXPECT_LE(errors[i], errors[i - 1] / 32);
}

TEST(OdeAdaptive, StiffLinearProblem) {
  // Rates from 1 down to 100^-1.5: after 1e5 fastest times the slow ones still move. Explicit steps would stay
  // below 3/rate.
  const std::vector<double> start(100, 1.0), times{1, 1e3, 1e5};
  OdeOptions options;
  options.relative_tolerance = options.absolute_tolerance = 1e-8;
  const auto stiff = integrate(decay(start, 1), times, options);
  ASSERT_EQ(stiff.status, OdeStatus::finished) << stiff.reason;
  EXPECT_LE(decay_error(stiff, 1), 200 * 1e-8);
  EXPECT_LE(stiff.rhs_calls, 4000);
}

TEST(OdeAdaptive, ABudgetKeepsWhatWasIntegrated) {
  const std::vector<double> start(10, 1.0);
  const auto times = log_spaced(0.1, 1e4, 30);
  OdeOptions options;
  options.budget.max_rhs = 300;
  const auto s = integrate(decay(start, 1), times, options);
  EXPECT_EQ(s.status, OdeStatus::budget);
  EXPECT_EQ(s.rhs_calls, 300);
  EXPECT_GE(s.times.size(), 3U);
  EXPECT_LT(s.times.size(), times.size());
  EXPECT_EQ(s.values.rows(), static_cast<Index>(s.times.size()));
  EXPECT_GE(s.time, s.times.back());
  EXPECT_NE(s.reason.find("300 right-hand sides"), std::string::npos) << s.reason;
  EXPECT_LE(decay_error(s, 1), 1e-6);
  // The state belongs to `time`.
  EXPECT_NEAR(s.state[0], std::exp(-s.time), 1e-6);
  OdeOptions seconds;
  seconds.budget.max_seconds = 1e-9;
  EXPECT_EQ(integrate(decay(start, 1), times, seconds).status, OdeStatus::budget);
}

TEST(OdeAdaptive, OutputsDoNotMoveTheSolution) {
  const std::vector<double> start(20, 1.0), last{3.0};
  const auto many = log_spaced(0.003, 3, 40);
  OdeOptions options;
  const auto a = integrate(decay(start, 1), many, options), b = integrate(decay(start, 1), last, options);
  EXPECT_EQ(a.times, many);
  EXPECT_EQ(b.time, 3);
  EXPECT_LE((a.values.row(39) - b.values.row(0)).cwiseAbs().maxCoeff(), 100 * options.relative_tolerance);
}

TEST(OdeAdaptive, SingularitiesAndUndefinedNumbersAreStatuses) {
  const std::vector<double> one{1.0}, times{0.5, 2};
  OdeOptions options;
  // y = 1/(1 - t) has no value at 1.
  const OdeProblem blow_up{[](double, std::span<const double> y, std::span<double> d) { d[0] = y[0] * y[0]; }, one, 0};
  const auto s = integrate(blow_up, times, options);
  EXPECT_TRUE(s.status == OdeStatus::stalled || s.status == OdeStatus::not_finite) << base::enum_name(s.status);
  EXPECT_NEAR(s.time, 1, 1e-4);
  ASSERT_EQ(s.times.size(), 1U);
  EXPECT_NEAR(s.values(0, 0), 2, 1e-5);
  EXPECT_FALSE(s.reason.empty());
  const OdeProblem undefined{
      [](double t, std::span<const double>, std::span<double> d) { d[0] = t > 1 ? base::kNaN : 1.0; }, one, 0};
  const auto u = integrate(undefined, times, options);
  EXPECT_EQ(u.status, OdeStatus::not_finite) << u.reason;
  EXPECT_NEAR(u.time, 1, 1e-6);
  // A trial step into undefined ground is no reason to stop: the solution itself stays above 0.
  const OdeProblem edge{[](double, std::span<const double> y, std::span<double> d) { d[0] = -y[0] * std::sqrt(y[0]); },
                        one, 0};
  const std::vector<double> far{100};
  options.relative_tolerance = 1e-3;
  const auto e = integrate(edge, far, options);  // y = 1/(1 + t/2)^2
  ASSERT_EQ(e.status, OdeStatus::finished) << e.reason;
  EXPECT_NEAR(e.values(0, 0), 1.0 / (51 * 51), 1e-2 / (51 * 51));
}

TEST(OdeAdaptive, ObserversInterruptsAndExceptions) {
  const std::vector<double> one{1.0}, times{0, 1, 2, 3};
  int seen = 0;
  const auto stopped = integrate(gaussian(one), times, {}, [&](double t, std::span<const double> y) {
    EXPECT_NEAR(y[0], std::exp(-t * t), 1e-6);
    return ++seen < 3;
  });
  EXPECT_EQ(stopped.status, OdeStatus::stopped);
  EXPECT_EQ(stopped.times, (std::vector<double>{0, 1, 2}));
  EXPECT_EQ(stopped.values(0, 0), 1);
  base::set_interrupted(true);
  EXPECT_THROW((void)integrate(gaussian(one), times), base::Interrupted);
  EXPECT_THROW((void)integrate_fixed(gaussian(one), times, {.step = 0.1, .budget = {}}), base::Interrupted);
  base::set_interrupted(false);
  // An interrupt in the middle gives no part of the solution either.
  EXPECT_THROW((void)integrate(gaussian(one), times, {},
                               [](double t, std::span<const double>) {
                                 base::set_interrupted(t >= 1);
                                 return true;
                               }),
               base::Interrupted);
  base::set_interrupted(false);
  const OdeProblem thrower{[](double, std::span<const double>, std::span<double>) { throw std::runtime_error("no"); },
                           one, 0};
  OdeOptions options;
  EXPECT_THROW((void)integrate(thrower, times, options), std::runtime_error);
}

TEST(OdeAdaptive, DomainErrorsSayTheLimit) {
  const std::vector<double> one{1.0}, none, nan{std::nan("")}, times{1}, unsorted{2, 1}, negative{-1}, twice{1, 1};
  OdeOptions options;
  options.relative_tolerance = 1e-17;
  try {
    (void)integrate(gaussian(one), times, options);
    FAIL();
  } catch (const std::domain_error& error) {
    EXPECT_NE(std::string(error.what()).find("2.3e-14"), std::string::npos) << error.what();
  }
  options.relative_tolerance = kSmallestRelativeTolerance;
  EXPECT_EQ(integrate(gaussian(one), times, options).status, OdeStatus::finished);
  options.absolute_tolerance = 0;
  EXPECT_THROW((void)integrate(gaussian(one), times, options), std::domain_error);
  for (const auto& bad : {unsorted, negative, twice, nan})
    EXPECT_THROW((void)integrate(gaussian(one), bad), std::domain_error);
  EXPECT_THROW((void)integrate(gaussian(none), times), std::domain_error);
  EXPECT_THROW((void)integrate(gaussian(nan), times), std::domain_error);
  EXPECT_THROW((void)integrate_fixed(gaussian(one), times, {}), std::domain_error);
  EXPECT_TRUE(integrate(gaussian(one), none).times.empty());
}

}  // namespace
}  // namespace phaselaw::numerics
