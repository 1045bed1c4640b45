// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "phaselaw/numerics/line.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/reproduce/depth_width.h"
#include "phaselaw/reproduce/line.h"
#include "phaselaw/theory/convergence.h"

namespace phaselaw {
namespace {

using report::Verdict;
using namespace reproduce;

const report::Claim& claim(const std::vector<report::Claim>& claims, const std::string& id) {
  for (const auto& c : claims)
    if (c.id == id) return c;
  throw std::runtime_error("no claim " + id);
}

// Scatter with the signs +, -, -, +, so that its mean and its covariance with depth are 0.
double scatter(int replicate, double size) { return replicate % 4 == 0 || replicate % 4 == 3 ? size : -size; }

// Flows at depths 1, 2, 4, 8 with the rate S(N, c), bound_share times above the bound, and the drift N^drift_slope.
std::vector<FlowPoint> flows(double growth, double drift_slope, double bound_share, double noise) {
  std::vector<FlowPoint> points;
  for (const int depth : {1, 2, 4, 8})
    for (int k = 0; k < 4; ++k) {
      FlowPoint p;
      p.n_layers = depth;
      p.d_hidden = 64;
      p.learned = true;
      p.signature = "none";
      p.rate = std::exp(theory::log_depth_sum(depth, growth) + scatter(k, noise));
      p.bound = p.rate / bound_share;
      p.drift = std::pow(depth, drift_slope) * std::exp(scatter(k, noise));
      points.push_back(p);
    }
  return points;
}

TEST(Line, RecoversALineAndItsIntervalByHand) {
  // x = 0, 1, 2, 3; y = 1 + 2 x + (1, -1, -1, 1): slope 2, squares 4, variance of the slope (4/2)/5.
  const auto line =
      numerics::least_squares_line(std::vector<double>{0, 1, 2, 3, NAN}, std::vector<double>{2, 2, 4, 8, 1});
  EXPECT_EQ(line.points, 4u);
  EXPECT_NEAR(line.slope, 2, 1e-14);
  EXPECT_NEAR(line.intercept, 1, 1e-14);
  EXPECT_NEAR(line.hi - line.slope, 4.302652729911275 * std::sqrt(0.4), 1e-9);  // t of 2 degrees of freedom
  EXPECT_TRUE(std::isnan(numerics::least_squares_line(std::vector<double>{1, 1}, std::vector<double>{1, 2}).slope));
}

TEST(Share, IsTheExactInterval) {
  EXPECT_NEAR(share_of(10, 10).lo, std::pow(0.025, 0.1), 1e-9);  // p^n = 0.025
  EXPECT_EQ(share_of(10, 10).hi, 1);
  EXPECT_NEAR(share_of(0, 10).hi, 1 - std::pow(0.025, 0.1), 1e-9);
}

TEST(DepthGrowth, RecoversAPlantedGrowth) {
  for (const double planted : {-0.2, 0.0, 0.3}) {
    std::vector<double> depth, log_rate;
    for (const auto& p : flows(planted, 0, 10, 0.02))
      depth.push_back(static_cast<double>(p.n_layers)), log_rate.push_back(std::log(p.rate));
    const auto fit = fit_depth_growth(depth, log_rate);
    EXPECT_NEAR(fit.growth, planted, 0.01);
    EXPECT_LE(fit.lo, planted);
    EXPECT_GE(fit.hi, planted);
    EXPECT_EQ(fit.aicc_gain > 6, planted != 0);
  }
}

TEST(DepthWidth, VerdictsFollowWhatIsPlanted) {
  const auto linear = claims_of(DepthWidth{flows(0, -0.5, 10, 0.05), flows(0, 0, 10, 0.05)});
  EXPECT_EQ(claim(linear, "E3.linear.kept").verdict, Verdict::kSupported);
  EXPECT_EQ(claim(linear, "E3.bound").verdict, Verdict::kSupported);
  EXPECT_EQ(claim(linear, "E3.drift").verdict, Verdict::kSupported);
  EXPECT_NEAR(claim(linear, "E3.drift").measured, -0.5, 1e-12);
  EXPECT_EQ(claim(linear, "E3.exponential.kept").verdict, Verdict::kInconclusive);  // c = 0 is its edge

  const auto broken = claims_of(DepthWidth{flows(0.5, 0.5, 0.1, 0.05), flows(-0.3, 0, 0.1, 0.05)});
  EXPECT_EQ(claim(broken, "E3.linear.kept").verdict, Verdict::kNotSupported);
  EXPECT_EQ(claim(broken, "E3.exponential.kept").verdict, Verdict::kSupported);
  EXPECT_EQ(claim(broken, "E3.exponential.fixed").verdict, Verdict::kNotSupported);
  EXPECT_EQ(claim(broken, "E3.bound").verdict, Verdict::kNotSupported);
  EXPECT_EQ(claim(broken, "E3.drift").verdict, Verdict::kNotSupported);

  const auto weak = claims_of(DepthWidth{flows(0, 0, 10, 3), flows(0, 0, 10, 3)});
  EXPECT_EQ(claim(weak, "E3.linear.kept").verdict, Verdict::kInconclusive);
  EXPECT_EQ(claim(weak, "E3.drift").verdict, Verdict::kInconclusive);
}

}  // namespace
}  // namespace phaselaw
