// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/curve/late_changes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace phaselaw::advice {

namespace {

struct LevelOfRows {
  double mean = 0, variance = 0, rows = 0;  // variance of the mean, for independent rows
};

LevelOfRows level_of(std::span<const double> values) {
  LevelOfRows level;
  for (const double v : values)
    if (std::isfinite(v)) {
      level.mean += v;
      ++level.rows;
    }
  level.mean /= std::max(level.rows, 1.0);
  double squares = 0;
  for (const double v : values)
    if (std::isfinite(v)) squares += (v - level.mean) * (v - level.mean);
  level.variance = squares / std::max(level.rows, 1.0) / std::max(level.rows, 1.0);
  return level;
}

constexpr std::size_t kLeastBlocks = 8;
constexpr double kLeastJump = 0.01, kJumpErrors = 8;

// Weighted means of 3 neighbouring blocks each; single blocks if there are fewer than 12.
std::vector<LevelOfRows> block_levels(const CurveBlocks& blocks) {
  const std::size_t n = blocks.size(), together = n >= 12 ? 3 : 1;
  std::vector<LevelOfRows> levels;
  for (std::size_t i = 0; i + together <= n; ++i) {
    double weights = 0, sum = 0;
    for (std::size_t k = i; k < i + together; ++k) {
      const double weight = 1 / (blocks.error[k] * blocks.error[k]);
      weights += weight;
      sum += weight * blocks.loss[k];
    }
    levels.push_back({sum / weights, 1 / weights, 0});
  }
  return levels;
}

bool lower(const LevelOfRows& a, const LevelOfRows& b) { return a.mean < b.mean; }

double errors_between(const LevelOfRows& high, const LevelOfRows& low) {
  return (high.mean - low.mean) / std::sqrt(high.variance + low.variance);
}

constexpr double kLineMisfit = 3;  // chi2/dof up to which a curve is as good as a line within a window

struct WindowSlope {
  double slope = 0, error = 0, rows = 0;
};

// How much larger the residuals of a line over the rows [from, to) are than their noise explains: chi2/dof of the means
// of 8 parts. A jump, a bump or a period in the window makes it large. 1 if there are too few rows.
double misfit_of_line(std::span<const double> step, std::span<const double> loss, std::size_t from, std::size_t to,
                      double level, double slope, double correlation_time) {
  constexpr std::size_t kMostParts = 8, kLeastParts = 4;
  const std::size_t n = to - from;
  const auto parts =
      std::min(kMostParts, static_cast<std::size_t>(static_cast<double>(n) / std::max(3.0, 2 * correlation_time)));
  if (parts < kLeastParts) return 1;
  double differences = 0, squares = 0, chi2 = 0;
  std::vector<double> residual;
  for (std::size_t i = from; i < to; ++i) {
    residual.push_back(loss[i] - level - slope * step[i]);
    squares += residual.back() * residual.back();
    if (i > from) differences += std::pow(residual[i - from] - residual[i - from - 1], 2);
  }
  const double count = static_cast<double>(n);
  const double variance = correlation_time < 1.5 ? differences / (2 * (count - 1)) : squares / (count - 2);
  if (!(variance > 0)) return 1;
  for (std::size_t p = 0; p < parts; ++p) {
    const std::size_t a = p * n / parts, b = (p + 1) * n / parts;
    const double rows = static_cast<double>(b - a);
    double sum = 0;
    for (std::size_t i = a; i < b; ++i) sum += residual[i];
    chi2 += sum * sum / rows / (variance * std::min(correlation_time, rows));
  }
  return chi2 / static_cast<double>(parts - 2);
}

// Least-squares slope over the rows [from, to). The error allows for correlated noise, and for what no line describes.
WindowSlope window_slope(std::span<const double> step, std::span<const double> loss, std::size_t from, std::size_t to,
                         double correlation_time) {
  const double n = static_cast<double>(to - from);
  double x_mean = 0, y_mean = 0, xx = 0, xy = 0, yy = 0;
  for (std::size_t i = from; i < to; ++i) {
    x_mean += step[i] / n;
    y_mean += loss[i] / n;
  }
  for (std::size_t i = from; i < to; ++i) {
    const double x = step[i] - x_mean, y = loss[i] - y_mean;
    xx += x * x;
    xy += x * y;
    yy += y * y;
  }
  const double slope = xy / xx, variance = std::max(yy - slope * xy, 0.0) / (n - 2);
  const double misfit = misfit_of_line(step, loss, from, to, y_mean - slope * x_mean, slope, correlation_time);
  const double inflation = misfit > kLineMisfit ? misfit : 1;
  return {slope, std::sqrt(inflation * variance * std::min(correlation_time, n / 3) / xx), n};
}

}  // namespace

CurveRise rise_at_end(const CurveBlocks& blocks) {
  CurveRise rise;
  if (blocks.size() < kLeastBlocks) return rise;
  rise.lowest =
      static_cast<std::size_t>(std::min_element(blocks.loss.begin(), blocks.loss.end()) - blocks.loss.begin());
  const std::vector<LevelOfRows> levels = block_levels(blocks);
  const LevelOfRows &end = levels.back(), &lowest = *std::min_element(levels.begin(), levels.end(), lower);
  rise.relative = (end.mean - lowest.mean) / lowest.mean;
  rise.errors = errors_between(end, lowest);
  const std::size_t together = blocks.size() - levels.size() + 1;
  rise.doubled = std::all_of(blocks.loss.end() - static_cast<long>(together), blocks.loss.end(),
                             [&](double loss) { return loss > 2 * lowest.mean; });
  return rise;
}

LevelJump level_jump_of(const CurveBlocks& blocks) {
  LevelJump jump;
  if (blocks.size() < kLeastBlocks) return jump;
  const std::vector<LevelOfRows> levels = block_levels(blocks);
  const std::size_t half = (blocks.size() - levels.size()) / 2;
  const double first = 0.05 * blocks.step.back();
  const LevelOfRows& end = levels.back();
  for (std::size_t i = 0, low = 0; i < levels.size(); ++i) {
    if (levels[i].mean < levels[low].mean) low = i;
    const double height = levels[i].mean - levels[low].mean, relative = height / levels[low].mean;
    if (blocks.step[i] < first || relative < kLeastJump || relative < jump.relative) continue;
    if (errors_between(levels[i], levels[low]) < kJumpErrors || errors_between(levels[i], end) < 4) continue;
    if (levels[i].mean - end.mean < 0.2 * height) continue;
    jump = {relative, i + half};
  }
  return jump;
}

double acceleration_of(std::span<const double> step, std::span<const double> loss, double correlation_time) {
  double largest = 0;
  const double end = step.back();
  const auto place = [&](double part) {
    return static_cast<std::size_t>(std::upper_bound(step.begin(), step.end(), part * end) - step.begin());
  };
  const double least = std::max(6.0, 3 * correlation_time);
  for (const double e : {1.0, 0.9, 0.8})
    for (const double h : {0.25, 0.15, 0.1, 0.05}) {
      if (e < 0.85 && h > 0.1) continue;
      const std::size_t a = place(e - 2 * h), b = place(e - h), c = e < 1 ? place(e) : step.size();
      if (static_cast<double>(b - a) < least || static_cast<double>(c - b) < least) continue;
      const WindowSlope before = window_slope(step, loss, a, b, correlation_time);
      const WindowSlope after = window_slope(step, loss, b, c, correlation_time);
      if (!(after.slope < 0) || before.slope > 3 * before.error) continue;  // a fall after a rise is no faster fall
      double z = (before.slope - after.slope) / std::hypot(before.error, after.error);
      if (after.rows <= 40) z *= 0.7;
      if (z > largest) largest = z;
    }
  return largest;
}

TrainingTrend training_trend_from(const CurveRows& rows, double step, double correlation_time) {
  const std::size_t n = std::min(rows.training_step.size(), rows.training_loss.size());
  if (n < 6) return TrainingTrend::unknown;
  std::size_t nearest = 0;
  for (std::size_t i = 1; i < n; ++i)
    if (std::abs(rows.training_step[i] - step) < std::abs(rows.training_step[nearest] - step)) nearest = i;
  const std::size_t width = std::max<std::size_t>(3, n / 20);
  const std::size_t from = nearest > width ? nearest - width : 0, to = std::min(nearest + width + 1, n);
  const LevelOfRows then = level_of(rows.training_loss.subspan(from, to - from));
  const LevelOfRows now = level_of(rows.training_loss.subspan(n - width, width));
  const double z = (then.mean - now.mean) / std::sqrt(correlation_time * (then.variance + now.variance));
  return z > 4 ? TrainingTrend::falls : z < -4 ? TrainingTrend::rises : TrainingTrend::unknown;
}

bool training_still_falls(const CurveRows& rows, double correlation_time) {
  const std::size_t n = std::min(rows.training_step.size(), rows.training_loss.size());
  const std::size_t width = std::max<std::size_t>(5, n / 6);
  if (n < 2 * width) return false;
  const LevelOfRows before = level_of(rows.training_loss.subspan(n - 2 * width, width));
  const LevelOfRows now = level_of(rows.training_loss.subspan(n - width, width));
  const double z = (before.mean - now.mean) / std::sqrt(correlation_time * (before.variance + now.variance));
  return z > 4 && now.mean < 0.998 * before.mean;
}

}  // namespace phaselaw::advice
