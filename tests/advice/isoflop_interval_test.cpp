// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/isoflop/exponent_interval.h"

#include <cmath>
#include <functional>

#include <gtest/gtest.h>

#include "advice/isoflop_designs.h"
#include "phaselaw/base/constants.h"

// Intervals of the minima of bowls and of the exponent of compute.
namespace phaselaw::advice {
namespace {

using testing::IsoflopCoverage;
using testing::IsoflopDesign;

Bowl bowl_with(const std::vector<double>& x, const std::function<double(double)>& loss) {
  Bowl bowl;
  bowl.x = x;
  for (const double at : x) bowl.y.push_back(loss(at));
  bowl.rows.assign(x.size(), 1);
  return bowl;
}

const std::vector<double> kSeven = {18, 18.4, 19, 19.5, 20.1, 20.4, 21};

TEST(Parabola, WeightsAreRepeatedPoints) {
  const std::vector<double> x = {1, 2, 2.5, 4, 5}, y = {3, 1, 1.2, 2, 4}, weights = {1, 3, 1, 2, 1};
  std::vector<double> xs, ys;
  for (std::size_t i = 0; i < x.size(); ++i)
    for (int k = 0; k < static_cast<int>(weights[i]); ++k) {
      xs.push_back(x[i]);
      ys.push_back(y[i]);
    }
  const auto weighted = fit_parabola(x, y, weights), repeated = fit_parabola(xs, ys);
  ASSERT_TRUE(weighted && repeated);
  EXPECT_NEAR(weighted->vertex(), repeated->vertex(), 1e-13);
  for (const double at : {0.0, 2.2, 6.0}) EXPECT_NEAR(weighted->at(at), repeated->at(at), 1e-12);
  // The trace of the projection is the number of coefficients.
  double trace = 0;
  for (std::size_t i = 0; i < x.size(); ++i) trace += weights[i] * weighted->leverage(x[i]);
  EXPECT_NEAR(trace, 3, 1e-12);
}

TEST(BowlNoise, CubicsHaveNoneAndParabolasOfFourSizesShareTheirs) {
  const auto cubic = [](double x) { return 3 + 0.1 * std::pow(x - 19.4, 2) + 0.01 * std::pow(x - 19, 3); };
  const Bowl bowl = bowl_with(kSeven, cubic);
  const Bowl smooth = smooth_bowl(bowl, 1e3);
  for (std::size_t i = 0; i < bowl.x.size(); ++i) EXPECT_NEAR(smooth.y[i], bowl.y[i], 1e-12);
  EXPECT_LT(noise_of(std::vector<Bowl>{bowl}, 1e3).scale, 1e-12);
  double squares = 0, dof = 0;
  int uneven = 0;
  for (std::uint64_t draw = 0; draw < 60; ++draw) {
    const testing::SimulatedIsoflop table = testing::simulate({7, 4, false, 0.004}, draw);
    const BowlNoise noise = noise_of(table.noisy, table.budgets, 10);
    squares += noise.dof * noise.scale * noise.scale;
    dof += noise.dof;
    uneven += noise.uneven ? 1 : 0;
  }
  EXPECT_GT(dof, 400);  // 420, less the budgets without a minimum
  EXPECT_NEAR(std::sqrt(squares / dof) / 0.004, 1, 4 / std::sqrt(2 * dof));
  EXPECT_LE(uneven, 4);  // 1 % of 60: more than four has a probability below 1e-3
}

TEST(BowlNoise, BudgetsOfDifferentNoiseKeepTheirOwn) {
  const IsoflopDesign design{8, 9, false, 0.001};
  testing::SimulatedIsoflop table = testing::simulate(design, 3);
  for (std::size_t i = 0; i < table.noisy.loss.size(); ++i)
    if (i < 36) table.noisy.loss[i] = table.exact.loss[i] * std::pow(table.noisy.loss[i] / table.exact.loss[i], 8);
  const BowlNoise noise = noise_of(table.noisy, table.budgets, 10);
  ASSERT_TRUE(noise.uneven);
  for (std::size_t b = 0; b < 8; ++b) {
    // Five degrees of freedom each, and some of the others': within a factor 2.5 of its own.
    EXPECT_NEAR(std::log(noise.own[b] / (b < 4 ? 0.008 : 0.001)), 0, std::log(2.5)) << b;
    EXPECT_GT(noise.freedom[b], 5);
    EXPECT_LT(noise.freedom[b], 40);
  }
}

// Small noise: the draws have the variance that the derivatives of the vertex imply,
// x* = mean + (tilt - c1/c2)/2 with independent errors of c1 and c2.
TEST(BowlNoise, DrawsSpreadAsTheDeltaMethodSays) {
  numerics::RandomStream stream(5, "draws", 0);
  const Bowl bowl =
      bowl_with(kSeven, [&](double x) { return (3 + 0.1 * std::pow(x - 19.7, 2)) * (1 + 2e-4 * stream.normal()); });
  const std::vector<Bowl> bowls = {bowl};
  const BowlNoise noise = noise_of(bowls, 1e3);
  constexpr std::size_t kDraws = 4000;
  const auto shifts = shifts_of(BowlShape::parabola, bowls, 1e3, noise, kDraws, 1, "draws");
  const auto p = fit_parabola(bowl.x, bowl.y);
  const double loss = numerics::mean(bowl.y);  // the noise is relative, and the loss varies by 9 %
  const double sd = noise.scale * loss * std::sqrt(1 / p->s2 + std::pow(p->c1 / p->c2, 2) / p->s4) / (2 * p->c2);
  EXPECT_NEAR(numerics::standard_deviation(shifts[0]) / sd, 1, 0.09 + 4 / std::sqrt(2.0 * kDraws));
  EXPECT_NEAR(numerics::mean(shifts[0]) / sd, 0, 4 / std::sqrt(1.0 * kDraws) + 0.05);
  EXPECT_EQ(shifts, shifts_of(BowlShape::parabola, bowls, 1e3, noise, kDraws, 1, "draws"));
}

TEST(ExponentInterval, WithoutDrawsItIsTheLine) {
  const std::vector<double> c = {1, 2, 3, 4, 5}, n = {0.4, 1.1, 1.4, 2.1, 2.4};
  const numerics::Line line = numerics::least_squares_line(c, n);
  const ExponentInterval interval = exponent_interval(c, n, {}, {}, 0.95);
  EXPECT_NEAR(*interval.lo, line.lo, 1e-13);
  EXPECT_NEAR(*interval.hi, line.hi, 1e-13);
  const double ratio = numerics::student_t_quantile(0.75, 3) / numerics::student_t_quantile(0.975, 3);
  const ExponentInterval half = line_interval(c, n, 0.5);
  EXPECT_NEAR((*half.hi - *half.lo) / (line.hi - line.lo), ratio, 1e-9);
}

// Normal draws of known variance and points on a line: t(nu + B - 2) times sqrt(nu/(nu + B - 2)) standard errors.
TEST(ExponentInterval, NoiseAndScatterArePooled) {
  const std::vector<double> c = {0, 1, 2, 3}, n = {0, 0.5, 1, 1.5}, freedom(4, 6.0);
  constexpr std::size_t kDraws = 20000;
  std::vector<std::vector<double>> shifts(4);
  for (std::size_t b = 0; b < 4; ++b) {
    numerics::RandomStream stream(7, "shifts", b);
    for (std::size_t k = 0; k < kDraws; ++k) shifts[b].push_back(0.1 * stream.normal());
  }
  const ExponentInterval interval = exponent_interval(c, n, shifts, freedom, 0.95);
  const double half = 0.1 / std::sqrt(5.0) * std::sqrt(6.0 / 8) * numerics::student_t_quantile(0.975, 8);
  EXPECT_FALSE(interval.from_scatter);
  EXPECT_EQ(interval.dof, 8);
  EXPECT_NEAR(interval.value, 0.5, 1e-14);
  // Standard error of a normal's 2.5 % quantile: 2.67 sd/sqrt(draws).
  EXPECT_NEAR(*interval.hi - 0.5, half, 4 * 2.67 / 1.96 * half / std::sqrt(1.0 * kDraws));
  EXPECT_NEAR(0.5 - *interval.lo, half, 4 * 2.67 / 1.96 * half / std::sqrt(1.0 * kDraws));
  // Points far from the line: the scatter decides.
  const std::vector<double> far = {0, 1.5, 0, 1.5};
  const ExponentInterval wide = exponent_interval(c, far, shifts, freedom, 0.95);
  EXPECT_TRUE(wide.from_scatter);
  EXPECT_NEAR(*wide.hi, numerics::least_squares_line(c, far).hi, 1e-12);
  // Draws without a minimum: the budget is left out of the draw; with too few budgets an end is unknown, and why.
  for (std::size_t k = 0; k < kDraws; k += 2)
    for (std::size_t b = 0; b < 3; ++b) shifts[b][k] = b == 0 ? base::kInfinity : base::kNaN;
  const ExponentInterval open = exponent_interval(c, n, shifts, freedom, 0.95);
  EXPECT_FALSE(open.lo || open.hi);
  EXPECT_NE(open.why.find("50 % of the draws"), std::string::npos) << open.why;
}

// 300 tables of each design: 95 % within four standard errors, 1.26 points each.
TEST(ExponentInterval, HoldsTheExponentWithoutNoise) {
  for (const IsoflopDesign& design : {IsoflopDesign{3, 5, false, 0.002}, IsoflopDesign{4, 4, false, 0.005},
                                      IsoflopDesign{5, 6, false, 0.01}, IsoflopDesign{5, 9, true, 0.002}}) {
    IsoflopCoverage parabola, spline;
    for (std::uint64_t draw = 0; draw < 300; ++draw) {
      look_at(BowlShape::parabola, design, 200, draw, parabola);
      look_at(BowlShape::akima, design, 200, draw, spline);
    }
    for (const IsoflopCoverage& counts : {parabola, spline}) {
      EXPECT_GE(counts.exponents, 295);
      EXPECT_NEAR(counts.percent(counts.held), 95, 5) << design.budgets << " x " << design.sizes;
      EXPECT_LE(counts.open, 3);
    }
  }
}

TEST(ExponentInterval, HoldsTheLawWhenBudgetsScatter) {
  IsoflopCoverage counts;
  for (std::uint64_t draw = 0; draw < 300; ++draw)
    look_at(BowlShape::parabola, {7, 6, false, 0.002, 0.1}, 200, draw, counts);
  EXPECT_NEAR(counts.percent(counts.held_truth), 95, 5);
}

}  // namespace
}  // namespace phaselaw::advice
