// SPDX-License-Identifier: Apache-2.0
#include <Eigen/LU>
#include <algorithm>
#include <cmath>

#include "advice/curve_kinds.h"
#include "gtest/gtest.h"
#include "phaselaw/advice/curve/curve_blocks.h"
#include "phaselaw/advice/curve/falling_rates.h"
#include "phaselaw/advice/curve/late_changes.h"
#include "phaselaw/advice/curve/row_cleaning.h"
#include "phaselaw/advice/curve/row_noise.h"
#include "phaselaw/advice/curve/shape_fit.h"
#include "phaselaw/advice/curve/shape_grid.h"
#include "phaselaw/base/constants.h"
#include "phaselaw/numerics/lambert_w.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {
namespace {

struct FewBlocks {
  std::vector<double> step, loss, error, drop;
};

FewBlocks few_blocks(std::uint64_t seed, double noise) {
  FewBlocks blocks;
  numerics::RandomStream stream(seed, "few blocks");
  for (const double t : numerics::log_spaced(0.001, 1, 30)) {
    blocks.step.push_back(t);
    blocks.loss.push_back(1.5 + 2 * std::pow(1 + (t - 0.001) / (0.5 * 0.02), -0.5) + noise * stream.normal());
    blocks.error.push_back(noise * (1 + t));
    blocks.drop.push_back(t * t);
  }
  return blocks;
}

// The least squares over the bounds floor, amplitude, drop >= 0, by trying every set of parameters that are not 0.
double least_chi2(const FewBlocks& b, const std::vector<double>& y, bool with_drop) {
  double least = base::kInfinity;
  for (int set = 1; set < (with_drop ? 8 : 4); ++set) {
    std::vector<std::vector<double>> columns;
    for (int k = 0; k < 3; ++k) {
      if ((set >> k & 1) == 0) continue;
      columns.emplace_back();
      for (std::size_t i = 0; i < y.size(); ++i)
        columns.back().push_back((k == 0 ? 1 : k == 1 ? y[i] : -b.drop[i]) / b.error[i]);
    }
    const auto n = static_cast<Eigen::Index>(y.size()), p = static_cast<Eigen::Index>(columns.size());
    Eigen::MatrixXd a(n, p);
    Eigen::VectorXd l(n);
    for (Eigen::Index i = 0; i < n; ++i) {
      l[i] = b.loss[static_cast<std::size_t>(i)] / b.error[static_cast<std::size_t>(i)];
      for (Eigen::Index k = 0; k < p; ++k) a(i, k) = columns[static_cast<std::size_t>(k)][static_cast<std::size_t>(i)];
    }
    const Eigen::VectorXd x = (a.transpose() * a).inverse() * (a.transpose() * l);
    if (x.minCoeff() >= 0) least = std::min(least, (l - a * x).squaredNorm());
  }
  return least;
}

TEST(ShapeGrid, SolvesTheLinearPartWithinItsBounds) {
  for (const bool with_drop : {false, true})
    for (const bool two_stage : {false, true})
      for (const double q : {0.06, 0.5, 3.0, 40.0})
        for (const double u : {0.001, 0.02, 1.0}) {
          const FewBlocks b = few_blocks(1, 0.01);
          ShapeGrid grid(two_stage, b.step, b.loss, b.error, with_drop ? b.drop : std::vector<double>{});
          std::vector<double> y;
          for (const double x : b.step) y.push_back(ShapeGrid::shape_at(two_stage, q, u, x));
          const ShapePoint p = grid.at(q, u);
          // With a drop the floor or the amplitude at its bound may give up the drop: never better than the optimum.
          const double optimum = least_chi2(b, y, with_drop);
          EXPECT_GE(p.chi2, optimum - 1e-6 * (1 + optimum)) << q << " " << u;
          EXPECT_LE(p.chi2, least_chi2(b, y, false) * (1 + 1e-6) + 1e-6) << q << " " << u;
          if (!with_drop) {
            EXPECT_NEAR(p.chi2, optimum, 1e-6 * (1 + optimum)) << q << " " << u;
          }
        }
}

TEST(ShapeGrid, ShapesAreThoseOfTheirFormulas) {
  const FewBlocks b = few_blocks(1, 0.01);
  ShapeGrid power(false, b.step, b.loss, b.error, {}), stages(true, b.step, b.loss, b.error, {});
  for (const double q : {0.06, 0.45, 6.0, 200.0})
    for (const double u : {1e-3, 0.1, 20.0}) {
      const Eigen::ArrayXd p = power.shape(q, u), s = stages.shape(q, u);
      for (std::size_t i = 0; i < b.step.size(); ++i) {
        const auto k = static_cast<Eigen::Index>(i);
        EXPECT_NEAR(p[k], std::pow(1 + b.step[i] / (q * u), -q), 1e-10 * p[k] + 1e-120);
        EXPECT_NEAR(s[k], std::exp(-q * numerics::lambert_w0(b.step[i] / u)), 1e-8 * s[k] + 1e-120);
      }
    }
  EXPECT_NEAR(ShapeGrid::shape_at(false, 1e5, 0.3, 1), std::exp(-1 / 0.3), 1e-4);
}

TEST(ShapeGrid, ScanFindsTheBestOfItsGrid) {
  const FewBlocks b = few_blocks(2, 0.01);
  for (const bool two_stage : {false, true}) {
    ShapeGrid grid(two_stage, b.step, b.loss, b.error, b.drop);
    for (const ShapeGrid::Best& best : grid.scan(1e-3, 10, 1.5)) {
      EXPECT_NEAR(grid.at(best.q, best.u).chi2, best.chi2, 1e-6 * best.chi2) << best.q;
      EXPECT_GE(best.u, 1e-3 / 1.5);
      EXPECT_LE(best.u, 15);
    }
  }
}

TEST(ShapeFit, IntervalsHoldTheTruth) {
  int missed = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    const FewBlocks b = few_blocks(seed, 0.01);
    FitProblem problem;
    problem.step = b.step;
    problem.loss = b.loss;
    problem.error = b.error;
    problem.end_step = 1;
    const ShapeFit fit = fit_shape(problem);
    EXPECT_TRUE(fit.q.lo <= fit.best.q && fit.best.q <= fit.q.hi);
    EXPECT_LE(fit.gain.lo, fit.gain.hi);
    if (fit.q.lo > 0.5 || fit.q.hi < 0.5 || fit.floor.lo > 1.5 || fit.floor.hi < 1.5) ++missed;
  }
  // Three standard errors; the errors given are up to twice the noise.
  EXPECT_LE(missed, 1);
}

TEST(FallingRates, ClockIsTheSumOfTheRate) {
  std::vector<double> step;
  for (int i = 1; i <= 20000; ++i) step.push_back(i / 100.0);
  for (std::size_t k = 0; k < kFallingRates; ++k) {
    const FallingRate rate = falling_rate(k, step, 200);
    double sum = 0;
    for (std::size_t i = 0; i < step.size(); ++i) {
      const double before = i > 0 ? rate.drop[i - 1] : 0;
      sum += 0.01 * (1 - 0.5 * (rate.drop[i] + before));
      EXPECT_NEAR(rate.clock[i], sum, 1e-3);
      EXPECT_GE(rate.drop[i], before - 1e-12);
    }
    EXPECT_GE(rate.drop.back(), 0.9 - 1e-9);
  }
}

TEST(CurveBlocks, MeansLieOnAStraightLineAndErrorsAreThoseOfTheNoise) {
  const CurveOfTest curve = noisy_curve(
      20000, [](double t) { return 10 - t / 4000; }, 0.02, 3);
  const auto noise = row_noise(curve.step, curve.loss);
  ASSERT_TRUE(noise);
  EXPECT_NEAR(noise->relative, 0.02, 0.001);
  EXPECT_LT(noise->correlation_time, 1.3);
  const CurveBlocks blocks = blocks_of(curve.step, curve.loss, noise, 0);
  double squares = 0, rows = 0;
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    const double z = (blocks.loss[b] - (10 - blocks.step[b] / 4000)) / blocks.error[b];
    squares += z * z;
    rows += blocks.rows[b];
  }
  EXPECT_EQ(rows, 20000);
  EXPECT_LT(squares, numerics::chi_squared_quantile(0.999, static_cast<double>(blocks.size())));
  EXPECT_GT(squares, numerics::chi_squared_quantile(0.001, static_cast<double>(blocks.size())));
  EXPECT_LE(blocks.size(), 102U);
}

TEST(RowCleaning, FindsTheUnitOfRounding) {
  CurveOfTest curve = noisy_curve(1000, plain_loss, 0.001, 4);
  EXPECT_EQ(rounding_unit(curve.loss), 0);
  for (double& l : curve.loss) l = std::round(100 * l) / 100;
  EXPECT_NEAR(rounding_unit(curve.loss), 0.01, 1e-9);
  for (double& l : curve.loss) l *= 0.37;
  EXPECT_NEAR(rounding_unit(curve.loss), 0.0037, 1e-9);
}

TEST(RowCleaning, WildRowsAreLeftOutUnlessTheyAreMany) {
  CurveOfTest curve = noisy_curve(5000, plain_loss, 0.02, 5);
  curve.loss[2000] *= 1.8;
  curve.loss[4000] *= 0.5;
  CleanRows rows = rows_in_order({curve.step, curve.loss, false, {}, {}});
  leave_out_wild_rows(rows, 0.02);
  EXPECT_EQ(rows.wild, 2U);
  EXPECT_EQ(rows.step.size(), 4998U);
  for (std::size_t i = 100; i < 5000; i += 50) curve.loss[i] *= 1.8;
  rows = rows_in_order({curve.step, curve.loss, false, {}, {}});
  leave_out_wild_rows(rows, 0.02);
  EXPECT_EQ(rows.step.size(), 5000U);
}

TEST(LateChanges, OnlyAFasterFallAccelerates) {
  double falsely = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const CurveOfTest plain = noisy_curve(4000, plain_loss, 0.02, seed);
    falsely = std::max(falsely, acceleration_of(plain.step, plain.loss, 1));
  }
  EXPECT_LT(falsely, kAcceleration);
  const auto drops = [](double t) { return plain_loss(t) * (1 - 0.05 * std::max(t / 4000 - 0.9, 0.0) / 0.1); };
  const CurveOfTest faster = noisy_curve(4000, drops, 0.02, 1);
  EXPECT_GT(acceleration_of(faster.step, faster.loss, 1), kAcceleration);
}

}  // namespace
}  // namespace phaselaw::advice
