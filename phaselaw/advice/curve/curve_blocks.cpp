// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/curve/curve_blocks.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/constants.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {

namespace {

constexpr double kBlocks = 100;
constexpr std::size_t kRowsForScatter = 8;  // of a block that shows its own noise
constexpr std::size_t kNearestBlocks = 15;
constexpr double kLeastError = 1e-10;         // relative; rows without noise have rounding errors
constexpr double kWeightWithoutNoise = 0.01;  // relative

struct MeanOfRows {
  double step = 0, loss = 0;
  double scatter = base::kNaN;  // relative standard deviation about a straight line
};

MeanOfRows mean_of_rows(std::span<const double> step, std::span<const double> loss) {
  const double n = static_cast<double>(step.size());
  MeanOfRows mean;
  for (std::size_t i = 0; i < step.size(); ++i) {
    mean.step += step[i] / n;
    mean.loss += loss[i] / n;
  }
  if (step.size() < kRowsForScatter) return mean;
  double xx = 0, xy = 0, yy = 0;
  for (std::size_t i = 0; i < step.size(); ++i) {
    const double x = step[i] / mean.step - 1, y = loss[i] - mean.loss;
    xx += x * x;
    xy += x * y;
    yy += y * y;
  }
  mean.scatter = std::sqrt(std::max(yy - (xx > 0 ? xy * xy / xx : 0), 0.0) / (n - 2)) / std::abs(mean.loss);
  return mean;
}

// For every block the root of the median square of the nearest blocks with a scatter of their own.
std::vector<double> smoothed_scatter(const std::vector<double>& scatter, const std::vector<std::size_t>& with) {
  std::vector<double> out, squares;
  for (std::size_t b = 0; b < scatter.size(); ++b) {
    // A window of neighbours in `with`, moved to where the farthest is nearest.
    const std::size_t count = std::min(kNearestBlocks, with.size());
    std::size_t from = 0;
    const auto distance = [&](std::size_t k) { return with[k] > b ? with[k] - b : b - with[k]; };
    while (from + count < with.size() && distance(from) > distance(from + count)) ++from;
    squares.clear();
    for (std::size_t k = from; k < from + count; ++k) squares.push_back(scatter[with[k]] * scatter[with[k]]);
    out.push_back(std::sqrt(numerics::median(squares)));
  }
  return out;
}

double error_of_mean(double deviation, double rows, double correlation_time, double rounding) {
  const double time = correlation_time > 1.3 ? correlation_time : 1;
  const double noise = deviation * deviation * std::min(time, rows) / rows;
  return std::sqrt(noise + rounding * rounding / 12 / (deviation < 0.5 * rounding ? 1 : rows));
}

}  // namespace

CurveBlocks blocks_of(std::span<const double> step, std::span<const double> loss, const std::optional<RowNoise>& noise,
                      double rounding) {
  CurveBlocks blocks;
  const std::size_t n = step.size();
  if (n == 0) return blocks;
  const double time = noise ? noise->correlation_time : 1;
  const auto least = time > 1.3 ? static_cast<std::size_t>(std::ceil(2 * time)) : std::size_t{1};
  const double ratio = std::exp((std::log(step.back()) - std::log(step.front())) / kBlocks);
  std::vector<double> scatter;
  std::vector<std::size_t> with;
  for (std::size_t i = 0; i < n;) {
    const auto edge = std::lower_bound(step.begin() + static_cast<std::ptrdiff_t>(i), step.end(), step[i] * ratio);
    std::size_t j = std::max(i + least, static_cast<std::size_t>(edge - step.begin()));
    j = std::max(j, i + 1);
    const double left = static_cast<double>(n) - static_cast<double>(j);
    if (left < std::max(static_cast<double>(least), 0.5 * static_cast<double>(j - i))) j = n;
    const MeanOfRows mean = mean_of_rows(step.subspan(i, j - i), loss.subspan(i, j - i));
    if (std::isfinite(mean.scatter)) with.push_back(blocks.size());
    scatter.push_back(mean.scatter);
    blocks.step.push_back(mean.step);
    blocks.loss.push_back(mean.loss);
    blocks.rows.push_back(static_cast<double>(j - i));
    i = j;
  }
  const bool own = with.size() >= 3;
  blocks.known = own || noise;
  if (own && time <= kCorrelatedTime)
    scatter = smoothed_scatter(scatter, with);
  else
    scatter.assign(blocks.size(), noise ? noise->relative : kWeightWithoutNoise);
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    const double deviation = scatter[b] * std::abs(blocks.loss[b]);
    const double error = blocks.known ? error_of_mean(deviation, blocks.rows[b], time, rounding) : deviation;
    blocks.error.push_back(std::max(error, kLeastError * std::abs(blocks.loss[b])));
  }
  return blocks;
}

CurveBlocks equal_blocks(std::span<const double> step, std::span<const double> loss, std::size_t count,
                         double correlation_time, double rounding) {
  CurveBlocks blocks;
  blocks.known = true;
  std::vector<double> jumps, spreads;
  for (std::size_t b = 0, from = 0; b < count; ++b) {
    const std::size_t rows = step.size() / count + (b < step.size() % count ? 1 : 0);
    const auto part = loss.subspan(from, rows);
    const MeanOfRows mean = mean_of_rows(step.subspan(from, rows), part);
    std::vector<double> difference;
    for (std::size_t i = 0; i + 1 < rows; ++i) difference.push_back(part[i + 1] - part[i]);
    const auto deviation_of = [](std::span<const double> x) {
      const double middle = numerics::mean(x);
      double squares = 0;
      for (const double v : x) squares += (v - middle) * (v - middle);
      return std::sqrt(squares / static_cast<double>(x.size()));
    };
    jumps.push_back(deviation_of(difference) / std::sqrt(2.0));
    spreads.push_back(deviation_of(part));
    blocks.step.push_back(mean.step);
    blocks.loss.push_back(mean.loss);
    blocks.rows.push_back(static_cast<double>(rows));
    from += rows;
  }
  const double spread = numerics::median(spreads), deviation = std::max(numerics::median(jumps), spread);
  const double level = std::abs(blocks.loss.back());
  for (const double rows : blocks.rows) {
    const double rounded = spread < 0.5 * rounding ? rounding * rounding / 12 : 0;
    blocks.error.push_back(
        std::max(std::sqrt(deviation * deviation * correlation_time / rows + rounded), kLeastError * level));
  }
  return blocks;
}

}  // namespace phaselaw::advice
