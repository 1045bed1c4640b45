// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/depth_width.h"

#include <gtest/gtest.h>

#include <cmath>

#include "phaselaw/reproduce/line.h"
#include "phaselaw/reproduce/verdict.h"
#include "phaselaw/theory/convergence.h"

namespace phaselaw::reproduce {
namespace {

using report::Verdict;

constexpr int kTeachers = 6;

// Scatter between teachers with mean 0.
double scatter(int teacher, double size) { return size * (teacher - 0.5 * (kTeachers + 1)) / kTeachers; }

FlowPoint flow(int teacher, int depth, int width) {
  FlowPoint p;
  p.seed = teacher;
  p.n_layers = depth;
  p.d_hidden = width;
  p.learned = true;
  p.signature = "none";
  p.rate = p.bound = p.lambda = p.drift = p.unit_radius = 1;
  return p;
}

struct Plan {
  double growth = 0;       // c of the rate
  double scaled = -1;      // exponent of the rate at omega ~ 1/N
  double drift = -0.8;     // exponent in depth
  double looseness = 100;  // rate/bound
  double radius = -0.5;    // exponent in width
  double noise = 0.05;     // of the exponents, between teachers
};

DepthWidth planted(const Plan& plan) {
  DepthWidth e{depth_rules(), {}};
  for (int teacher = 1; teacher <= kTeachers; ++teacher) {
    const double shift = scatter(teacher, plan.noise);
    for (auto& rule : e.rules)
      for (const int depth : {1, 2, 4, 8}) {
        auto p = flow(teacher, depth, 64);
        p.rate = rule.scaled ? std::pow(depth, plan.scaled + shift)
                             : std::exp(theory::log_depth_sum(depth, plan.growth)) * std::pow(depth, shift);
        p.bound = p.rate / plan.looseness;
        p.drift = std::pow(depth, plan.drift + shift);
        rule.points.push_back(p);
      }
    for (const int width : {16, 64, 256}) {
      auto p = flow(teacher, 2, width);
      p.unit_radius = std::pow(width, plan.radius + shift);
      p.rate = std::pow(width, 0.2 + shift);
      p.bound = p.rate / plan.looseness;
      e.widths.push_back(p);
    }
  }
  return e;
}

report::Claim decided(const DepthWidth& e, const std::string& id) {
  auto claims = claims_of(e);
  decide(claims);
  for (const auto& c : claims)
    if (c.id == "E3." + id) return c;
  throw std::runtime_error("no claim " + id);
}

TEST(DepthWidth, TrueClaimsAreSupported) {
  const auto e = planted({});
  for (const char* id : {"rate.kept", "rate.fixed", "rate.scaled_kept", "rate.scaled_fixed", "bound", "drift.kept",
                         "drift.fixed", "width.radius", "width.radius_exponent", "width.rate"})
    EXPECT_EQ(decided(e, id).verdict, Verdict::kSupported) << id;
  EXPECT_NEAR(decided(e, "rate.scaled_fixed").measured, -1, 1e-12);
  EXPECT_NEAR(decided(e, "drift.fixed").measured, -0.8, 1e-12);
}

TEST(DepthWidth, FalseClaimsAreRefuted) {
  const auto e = planted({.growth = -0.3, .scaled = 1, .drift = 0.5, .looseness = 0.01, .radius = 0.3});
  for (const char* id :
       {"rate.kept", "rate.fixed", "rate.scaled_kept", "rate.scaled_fixed", "exponential.kept", "exponential.fixed",
        "bound", "drift.kept", "drift.fixed", "width.radius", "width.radius_exponent"})
    EXPECT_EQ(decided(e, id).verdict, Verdict::kNotSupported) << id;
}

TEST(DepthWidth, AnExponentialRateIsTheOtherReading) {
  const auto e = planted({.growth = 0.3, .noise = 0.02});
  EXPECT_EQ(decided(e, "exponential.fixed").verdict, Verdict::kSupported);
  EXPECT_EQ(decided(e, "rate.fixed").verdict, Verdict::kNotSupported);
}

TEST(DepthWidth, ScatterBetweenTeachersIsInconclusive) {
  const auto e = planted({.noise = 3});
  for (const char* id : {"rate.kept", "exponential.kept", "drift.kept", "drift.fixed", "width.radius"})
    EXPECT_EQ(decided(e, id).verdict, Verdict::kInconclusive) << id;
}

TEST(DepthWidth, ALooseBoundIsCalledLooseWithItsFactor) {
  EXPECT_NE(decided(planted({.looseness = 1000}), "bound").reading.find("loose"), std::string::npos);
  EXPECT_NE(decided(planted({.looseness = 1000}), "bound").reading.find("10^3 "), std::string::npos);
  EXPECT_EQ(decided(planted({.looseness = 3}), "bound").reading.find("loose"), std::string::npos);
}

TEST(DepthWidth, FlowsThatDidNotLearnDecideNothing) {
  auto e = planted({});
  for (auto& p : e.rules[0].points)
    if (p.n_layers == 8 && p.seed <= 3) p.learned = false;
  EXPECT_EQ(e.rules[0].id, "kept");
  const auto claim = decided(e, "rate.kept");
  EXPECT_EQ(claim.verdict, Verdict::kInconclusive);
  EXPECT_NE(claim.undecidable, "");
  EXPECT_EQ(decided(e, "rate.fixed").verdict, Verdict::kSupported);
}

TEST(DepthWidth, FiguresAndTablesHaveEveryRule) {
  const auto e = planted({});
  EXPECT_EQ(figures_of(e)[0].series.size(), 6U);  // four rules, and two bounds
  EXPECT_EQ(figures_of(e)[1].series.size(), 4U);
  EXPECT_EQ(tables_of(e)[0].rows.size(), 5U);
  EXPECT_EQ(tables_of(e)[1].rows.size(), 4U * 4 + 3);
}

TEST(DepthGrowth, RecoversAPlantedGrowth) {
  for (const double growth : {-0.2, 0.0, 0.3}) {
    std::vector<double> depth, log_rate;
    for (const int n : {1, 2, 4, 8})
      for (const double noise : {0.02, -0.02, -0.02, 0.02}) {
        depth.push_back(n);
        log_rate.push_back(theory::log_depth_sum(n, growth) + noise);
      }
    const auto fit = fit_depth_growth(depth, log_rate);
    EXPECT_NEAR(fit.growth, growth, 0.01);
    EXPECT_LE(fit.lo, growth);
    EXPECT_GE(fit.hi, growth);
    EXPECT_EQ(fit.aicc_gain > 6, growth != 0);
  }
}

}  // namespace
}  // namespace phaselaw::reproduce
