// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/compare/run_level.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "phaselaw/advice/diagnose/loss_curve.h"

namespace phaselaw::advice {

namespace {

// The decreasing regression of values with weights: neighbours that rise are pooled.
std::vector<double> falling_regression(const std::vector<double>& values, const std::vector<double>& weights) {
  struct Pool {
    double mean, weight;
    std::size_t count;
  };
  std::vector<Pool> pools;
  for (std::size_t i = 0; i < values.size(); ++i) {
    pools.push_back({values[i], weights[i], 1});
    while (pools.size() > 1 && pools.back().mean >= pools[pools.size() - 2].mean) {
      const Pool last = pools.back();
      pools.pop_back();
      Pool& before = pools.back();
      before.mean = (before.mean * before.weight + last.mean * last.weight) / (before.weight + last.weight);
      before.weight += last.weight;
      before.count += last.count;
    }
  }
  std::vector<double> out;
  for (const Pool& pool : pools) out.insert(out.end(), pool.count, pool.mean);
  return out;
}

}  // namespace

RunLevel::RunLevel(std::string name, const std::vector<double>& x, const std::vector<double>& loss)
    : name_(std::move(name)) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < loss.size(); ++i)
    if (x[i] > 0 && std::isfinite(x[i]) && loss[i] > 0 && std::isfinite(loss[i])) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return x[i] < x[j]; });
  std::vector<double> place, value;
  for (const std::size_t i : order) {
    // The last record of a place counts, as after a restart.
    if (!place.empty() && place.back() == x[i]) {
      value.back() = loss[i];
      continue;
    }
    place.push_back(x[i]);
    value.push_back(loss[i]);
  }
  if (place.empty()) {
    fall_ = {base::kNaN};
    return;
  }
  const Blocks blocks = block_means(place, value, {}, place);
  first_ = place.front();
  last_ = place.back();
  x_ = blocks.x;
  loss_ = blocks.loss;
  known_noise_ = std::all_of(blocks.sd.begin(), blocks.sd.end(), [](double sd) { return sd > 0; });
  for (std::size_t b = 0; b < x_.size(); ++b) {
    log_x_.push_back(std::log(x_[b]));
    log_loss_.push_back(std::log(loss_[b]));
    weight_.push_back(known_noise_ ? 1 / (blocks.sd[b] * blocks.sd[b]) : static_cast<double>(blocks.rows[b]));
  }
  fall_ = falling_regression(log_loss_, weight_);
  for (double& level : fall_) level = std::exp(level);
}

LevelAt RunLevel::line_at(double log_x) const {
  std::vector<std::size_t> order(x_.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t i, std::size_t j) { return std::abs(log_x_[i] - log_x) < std::abs(log_x_[j] - log_x); });
  std::size_t count = 0;
  while (count < order.size() &&
         (count < kLevelBlocks || std::abs(log_x_[order[count]] - log_x) <= std::log(kLevelFactor)))
    ++count;
  double w = 0, wx = 0, wy = 0;
  for (std::size_t k = 0; k < count; ++k) {
    w += weight_[order[k]];
    wx += weight_[order[k]] * (log_x_[order[k]] - log_x);
    wy += weight_[order[k]] * log_loss_[order[k]];
  }
  const double mean_x = wx / w, mean_y = wy / w;
  double xx = 0, xy = 0;
  for (std::size_t k = 0; k < count; ++k) {
    const double dx = log_x_[order[k]] - log_x - mean_x;
    xx += weight_[order[k]] * dx * dx;
    xy += weight_[order[k]] * dx * (log_loss_[order[k]] - mean_y);
  }
  if (!(xx > 0) || count < 3) return {};
  LevelAt out;
  out.slope = xy / xx;
  out.value = mean_y - out.slope * mean_x;
  double scatter = 0;
  for (std::size_t k = 0; k < count; ++k) {
    const double left = log_loss_[order[k]] - out.value - out.slope * (log_x_[order[k]] - log_x);
    scatter += weight_[order[k]] * left * left;
  }
  const double found = scatter / static_cast<double>(count - 2);
  const double scale = known_noise_ ? std::max(1.0, found) : found;
  out.error = std::sqrt(scale * (1 / w + mean_x * mean_x / xx));
  out.slope_error = std::sqrt(scale / xx);
  return out;
}

LevelAt RunLevel::level(double x) const {
  constexpr double kEdge = 1e-9;
  if (!usable() || !(x >= first_ * (1 - kEdge) && x <= last_ * (1 + kEdge))) return {};
  return line_at(std::log(x));
}

double RunLevel::slope_before() const {
  double flattest = base::kNaN;
  for (const double share : {0.35, 0.6}) {
    const double slope = level(share * last_).slope;
    if (slope < 0 && !(flattest > slope)) flattest = slope;
  }
  return flattest;
}

bool RunLevel::falls_late() const {
  // Near the end the window of the line lies inside the last fifth of the run.
  constexpr double kErrors = 3;
  const double before = slope_before();
  const LevelAt end = level(last_);
  return end.slope + kErrors * end.slope_error < kLateFall * before;
}

LevelAt RunLevel::reaches(double loss) const {
  if (!usable() || !(loss >= fall_.back()) || !(loss <= fall_.front())) return {};
  std::size_t b = 0;
  while (b < fall_.size() && fall_[b] > loss) ++b;
  double place = log_x_[std::min(b, fall_.size() - 1)];
  if (b > 0 && b < fall_.size() && fall_[b - 1] > fall_[b])
    place = log_x_[b - 1] + (log_x_[b] - log_x_[b - 1]) * (fall_[b - 1] - loss) / (fall_[b - 1] - fall_[b]);
  LevelAt line = line_at(place);
  constexpr double kSteep = 2;  // standard errors of the level within which the line must cross the loss
  const double move = (std::log(loss) - line.value) / line.slope;
  if (!(line.slope < 0) || !(std::abs(move) < std::log(kLevelFactor) + kSteep * line.error / -line.slope)) return {};
  return {place + move, line.error / -line.slope, line.slope, line.slope_error};
}

}  // namespace phaselaw::advice
