// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/quality_statistics.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <limits>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/matrix.h"
#include "phaselaw/numerics/random.h"

namespace phaselaw::reproduce {

namespace {

constexpr double kLargestRatio = 1e6, kSmallestRatio = 1e-6;

// The x of the polyline through (x_i, y_i) at height y, extended by its end segments; y must cross upwards
// (direction 1) or downwards (-1) there.
double crossing(std::span<const double> x, std::span<const double> y, double height, double direction) {
  PHASELAW_CHECK(x.size() == y.size() && x.size() >= 2);
  std::size_t i = 0;
  while (i + 2 < x.size() && direction * (y[i + 1] - height) < 0) ++i;
  const double rise = (y[i + 1] - y[i]) / (x[i + 1] - x[i]);
  if (!(direction * rise > 0)) return base::kNaN;
  return x[i] + (height - y[i]) / rise;
}

double least_risk(std::span<const analysis::LinearErrors> errors, double clean_variance, double added_variance,
                  StopAt stop) {
  const auto risk = [&](const analysis::LinearErrors& e) {
    return e.bias + clean_variance * e.clean + added_variance * e.added;
  };
  if (stop == StopAt::end) return risk(errors.back());
  double least = base::kInfinity;
  for (const auto& e : errors) least = std::min(least, risk(e));
  return least;
}

}  // namespace

double ideal_threshold(double added_over_clean) { return 2 + added_over_clean; }

double least_squares_threshold(double added_over_clean, double load) {
  if (!(load >= 0 && load < 1)) return base::kNaN;
  return 1 + (1 + added_over_clean) / (1 - load);
}

double useful_size_of_draws(double draws, double distinct) { return draws * distinct / (draws + distinct); }

double threshold(std::span<const double> noise_ratios, std::span<const double> risk_ratios) {
  return crossing(noise_ratios, risk_ratios, 1, 1);
}

double useful_size(std::span<const double> sizes, std::span<const double> risks, double risk) {
  std::vector<double> x, y;
  for (const double n : sizes) x.push_back(std::log(n));
  for (const double r : risks) y.push_back(std::log(r));
  return std::exp(crossing(x, y, std::log(risk), -1));
}

double linear_threshold(std::span<const analysis::LinearErrors> without, std::span<const analysis::LinearErrors> with,
                        double clean_noise, StopAt stop) {
  const double variance = clean_noise * clean_noise;
  const double reference = least_risk(without, variance, 0, stop);
  const auto helps = [&](double ratio) { return least_risk(with, variance, ratio * variance, stop) <= reference; };
  if (!helps(kSmallestRatio)) return 0;
  if (helps(kLargestRatio)) return base::kInfinity;
  double lo = kSmallestRatio, hi = kLargestRatio;
  while (hi / lo > 1 + 1e-9) (helps(std::sqrt(lo * hi)) ? lo : hi) = std::sqrt(lo * hi);
  return lo;
}

std::vector<double> simulated_thresholds(const LeastSquaresCase& design, int groups, int repetitions,
                                         std::uint64_t seed) {
  using Matrix = numerics::Matrix<double>;
  const Eigen::Index d = design.parameters, n = design.n, all = design.n + design.added;
  std::vector<double> thresholds;
  for (int group = 0; group < groups; ++group) {
    numerics::RandomStream stream(seed, "quality/design", static_cast<std::uint64_t>(group));
    double alone = 0, of_clean = 0, of_added = 0;
    for (int k = 0; k < repetitions; ++k) {
      Matrix x(all, d);
      for (Eigen::Index i = 0; i < x.size(); ++i) x.data()[i] = stream.normal();
      const Matrix first = x.topRows(n);
      const Matrix identity = Matrix::Identity(d, d);
      alone += Matrix(first.transpose() * first).llt().solve(identity).trace();
      // Rows of W = (X^T X)^-1 X^T: the squared columns are the factors of the noise of each sample.
      const Matrix w = Matrix(x.transpose() * x).llt().solve(Matrix(x.transpose()));
      of_clean += w.leftCols(n).squaredNorm();
      of_added += w.rightCols(all - n).squaredNorm();
    }
    thresholds.push_back((alone - of_clean) / of_added);
  }
  return thresholds;
}

}  // namespace phaselaw::reproduce
