// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/predicted_envelope.h"

#include <cmath>

#include <gtest/gtest.h>

#include "dynamics/risk_cases.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::dynamics {
namespace {

// risk = floor + n^-a + t^-b.
RiskSurface power_laws(double a, double b, double floor = 0) {
  RiskSurface surface;
  for (double n = 1; n < 1e6; n *= 1.2)
    if (surface.n_data.empty() || static_cast<std::int64_t>(n) > surface.n_data.back())
      surface.n_data.push_back(static_cast<std::int64_t>(n));
  surface.times = numerics::log_spaced(1e-2, 1e6, 400);
  surface.risk.resize(static_cast<Eigen::Index>(surface.n_data.size()), 400);
  for (Eigen::Index k = 0; k < surface.risk.rows(); ++k)
    for (Eigen::Index t = 0; t < 400; ++t)
      surface.risk(k, t) = floor + std::pow(static_cast<double>(surface.n_data[static_cast<std::size_t>(k)]), -a) +
                           std::pow(surface.times[static_cast<std::size_t>(t)], -b);
  surface.lo = surface.hi = surface.risk;
  return surface;
}

PredictedEnvelopeOptions grid(double lo, double hi) {
  PredictedEnvelopeOptions options;
  options.compute = numerics::log_spaced(lo, hi, 40);
  return options;
}

TEST(PredictedEnvelope, OptimumOfTwoPowerLaws) {
  // min_n n^-a + (C/n)^-b ~ C^{-ab/(a+b)}, at n = (a/b)^{1/(a+b)} C^{b/(a+b)}.
  const double a = 0.5, b = 0.8, exponent = a * b / (a + b);
  const ComputeModel model{0.5, 20};  // C = n t 40
  const PredictedEnvelope found = predicted_envelope(power_laws(a, b), model, grid(40e3, 40e7));
  ASSERT_EQ(found.points.size(), 40U);
  // A grid of n 20 % apart misses the optimum by a relative a b ln(1.2)^2 / 8 < 2e-3 at most.
  EXPECT_NEAR(found.exponent, exponent, 1e-3);
  for (const auto& point : found.points) {
    const double c = point.compute / 40, n = std::pow(a / b, 1 / (a + b)) * std::pow(c, b / (a + b));
    const double best = std::pow(n, -a) + std::pow(c / n, -b);
    EXPECT_NEAR(point.risk, best, 3e-3 * best);
    EXPECT_NEAR(std::log(static_cast<double>(point.n_data) / n), 0, 0.25);
    EXPECT_NEAR(model.compute(static_cast<double>(point.n_data), point.time), point.compute, 1e-12 * point.compute);
    EXPECT_TRUE(std::isnan(point.lo));
  }
  EXPECT_TRUE(std::isnan(found.lo));
}

TEST(PredictedEnvelope, FloorAndWindow) {
  PredictedEnvelopeOptions options = grid(1e3, 1e7);
  const RiskSurface surface = power_laws(0.5, 0.5, 0.3);
  EXPECT_LT(predicted_envelope(surface, {}, options).exponent, 0.15);
  options.floor = 0.3;
  const PredictedEnvelope found = predicted_envelope(surface, {}, options);
  EXPECT_NEAR(found.exponent, 0.25, 1e-2);
  options.window_lo = 1e4;
  options.window_hi = 1e5;
  const PredictedEnvelope inside = predicted_envelope(surface, {}, options);
  EXPECT_GE(inside.window_lo, 1e4);
  EXPECT_LE(inside.window_hi, 1e5);
  options.floor = 1;
  EXPECT_THROW((void)predicted_envelope(surface, {}, options), base::InputError);
}

TEST(PredictedEnvelope, AMinimumInTimeIsKeptByEarlyStopping) {
  RiskSurface surface;
  surface.n_data = {10};
  surface.times = {0, 1, 2, 4, INFINITY};
  surface.risk.resize(1, 5);
  surface.risk << 1, 0.5, 0.25, 0.6, 0.9;
  PredictedEnvelopeOptions options;
  options.compute = {5, 10, 20, 40, 41};
  const auto risks = [&](bool early) {
    options.early_stopping = early;
    std::vector<double> result;
    for (const auto& point : predicted_envelope(surface, {}, options).points) result.push_back(point.risk);
    return result;
  };
  // Beyond the last finite time there is no point. 0.75: half way to t = 1.
  EXPECT_EQ(risks(false), (std::vector<double>{0.75, 0.5, 0.25, 0.6}));
  EXPECT_EQ(risks(true), (std::vector<double>{0.75, 0.5, 0.25, 0.25}));
}

// Sequence errors are risk times exponential variables, the same for all n and t: replicates scale the whole surface
// and leave the exponent alone; the interval of the risk is that of the mean of 50 of them.
TEST(PredictedEnvelope, IntervalsFromResampledSequences) {
  RiskSurface surface = power_laws(0.5, 0.5);
  numerics::RandomStream stream(1, "test/envelope");
  numerics::Vector<double> factors(50);
  for (auto& f : factors) f = -std::log(stream.uniform());
  std::vector<std::int64_t> names(50);
  for (std::size_t k = 0; k < 50; ++k) names[k] = static_cast<std::int64_t>(k);
  for (std::size_t k = 0; k < surface.n_data.size(); ++k) {
    const auto row = static_cast<Eigen::Index>(k);
    surface.held_out.push_back({k, names, surface.risk.row(row).transpose() * factors.transpose()});
    surface.risk.row(row) *= factors.mean();
  }
  PredictedEnvelopeOptions options = grid(1e3, 1e6);
  options.compute = numerics::log_spaced(1e3, 1e6, 8);
  options.resamples = 200;
  const PredictedEnvelope found = predicted_envelope(surface, {}, options);
  EXPECT_EQ(found.resamples, 200);
  EXPECT_NEAR(found.lo, found.exponent, 1e-10);
  EXPECT_NEAR(found.hi, found.exponent, 1e-10);
  const double spread = numerics::standard_deviation({factors.data(), 50}) / std::sqrt(50.0) / factors.mean();
  for (const auto& point : found.points) {
    EXPECT_NEAR((point.hi - point.lo) / point.risk, 2 * 1.96 * spread, 0.3 * 2 * 1.96 * spread);
    EXPECT_LT(point.lo, point.risk);
    EXPECT_GT(point.hi, point.risk);
  }
}

TEST(PredictedEnvelope, BadInput) {
  const RiskSurface surface = power_laws(0.5, 0.5);
  const auto message = [&](const ComputeModel& model, const PredictedEnvelopeOptions& options) {
    return testing::message_of<base::InputError>([&] { (void)predicted_envelope(surface, model, options); });
  };
  EXPECT_NE(message({0, 1}, grid(1, 10)).find("learning_rate"), std::string::npos);
  EXPECT_NE(message({1, std::nan("")}, grid(1, 10)).find("flop_per_sequence"), std::string::npos);
  PredictedEnvelopeOptions options;
  EXPECT_NE(message({}, options).find("increasing list"), std::string::npos);
  options.compute = {2, 1};
  EXPECT_NE(message({}, options).find("increasing list"), std::string::npos);
  EXPECT_NE(message({}, grid(1e30, 1e31)).find("needs 3 points"), std::string::npos);
}

}  // namespace
}  // namespace phaselaw::dynamics
