// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "phaselaw/numerics/line.h"
#include "phaselaw/reproduce/line.h"
#include "phaselaw/reproduce/mask.h"

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

MaskStudy masks(double slope, double other_slope, double noise) {
  MaskStudy study;
  for (const int n : {4, 8, 16, 32})
    for (int k = 0; k < 4; ++k) {
      FlowPoint p;
      p.n_data = n;
      p.past_minimum = true;
      p.rate = p.lambda = p.bound = 1;
      p.best_risk = std::pow(n, slope);
      study.causal.push_back(p);
      p.best_risk = std::pow(n, other_slope) * std::exp(scatter(k, noise));
      study.bidirectional.push_back(p);
    }
  return study;
}

TEST(Mask, VerdictsFollowWhatIsPlanted) {
  const auto same = claims_of(masks(-0.8, -0.8, 0.05));
  EXPECT_EQ(claim(same, "E7.exponent").verdict, Verdict::kSupported);
  const auto other = claims_of(masks(-0.8, -0.3, 0.05));
  EXPECT_EQ(claim(other, "E7.exponent").verdict, Verdict::kNotSupported);
  EXPECT_NEAR(claim(other, "E7.exponent").measured, 0.5, 1e-12);
  EXPECT_EQ(claim(claims_of(masks(-0.8, -0.8, 3)), "E7.exponent").verdict, Verdict::kInconclusive);
  auto early = masks(-0.8, -0.8, 0.05);
  for (auto& p : early.causal) p.past_minimum = false;
  EXPECT_EQ(claim(claims_of(early), "E7.exponent").verdict, Verdict::kInconclusive);
}

}  // namespace
}  // namespace phaselaw
