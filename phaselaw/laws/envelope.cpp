// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/envelope.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "phaselaw/base/errors.h"
#include "phaselaw/laws/fit.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::laws {

namespace {

void check_curves(const Curves& curves) {
  if (curves.run.size() != curves.compute.size())
    throw base::InputError(
        fmt::format("expected a run for each of the {} rows, found {}", curves.compute.size(), curves.run.size()));
  (void)log_data(curves.compute, curves.loss);
}

// Bins evenly spaced in log compute; the largest compute belongs to the last bin.
class Bins {
 public:
  Bins(const Curves& curves, std::size_t bins) : count_(bins) {
    const auto [low, high] = std::minmax_element(curves.compute.begin(), curves.compute.end());
    first_ = std::log(*low);
    width_ = (std::log(*high) - first_) / static_cast<double>(bins);
  }
  std::size_t of(double compute) const {
    if (!(width_ > 0)) return 0;
    const auto bin = static_cast<std::size_t>(std::max(0.0, (std::log(compute) - first_) / width_));
    return std::min(bin, count_ - 1);
  }
  std::size_t count() const { return count_; }

 private:
  std::size_t count_;
  double first_ = 0, width_ = 0;
};

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

// Lower loss first; of equal losses the one with less compute, then the earlier row.
bool better(const Curves& curves, std::size_t a, std::size_t b) {
  if (curves.loss[a] != curves.loss[b]) return curves.loss[a] < curves.loss[b];
  if (curves.compute[a] != curves.compute[b]) return curves.compute[a] < curves.compute[b];
  return a < b;
}

// Takes each row into the best of its bin.
void take_rows(const Curves& curves, const Bins& bins, std::span<const std::size_t> rows,
               std::vector<std::size_t>& best) {
  for (const std::size_t row : rows) {
    std::size_t& holder = best[bins.of(curves.compute[row])];
    if (holder == kNone || better(curves, row, holder)) holder = row;
  }
}

struct Line {
  double exponent = 0, intercept = 0;
  std::size_t n_points = 0;
};

// ln(loss - floor) = intercept - exponent ln C by least squares over the rows in the window; n_points < 3: no line.
Line fit_line(const Curves& curves, std::span<const std::size_t> best, const PowerLawOptions& options) {
  std::vector<double> x, y;
  for (const std::size_t row : best) {
    if (row == kNone) continue;
    const double compute = curves.compute[row];
    if (compute < options.compute_lo || (options.compute_hi > 0 && compute > options.compute_hi)) continue;
    if (!(curves.loss[row] > options.floor))
      throw base::InputError(
          fmt::format("power law: expected every loss of the envelope above the floor {}, found {} at "
                      "compute {}; lower the floor",
                      options.floor, curves.loss[row], compute));
    x.push_back(std::log(compute));
    y.push_back(std::log(curves.loss[row] - options.floor));
  }
  Line line;
  line.n_points = x.size();
  if (x.size() < 3) return line;
  const double mean_x = numerics::mean(x), mean_y = numerics::mean(y);
  double xx = 0, xy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    xy += (x[i] - mean_x) * (y[i] - mean_y);
  }
  if (!(xx > 0)) return {0, 0, 0};
  line.exponent = -xy / xx;
  line.intercept = mean_y + line.exponent * mean_x;
  return line;
}

void check_options(const PowerLawOptions& options) {
  const auto require = [](bool good, const char* name, const char* constraint, double found) {
    if (!good) throw base::InputError(fmt::format("{}: expected {}, found {}", name, constraint, found));
  };
  require(options.floor >= 0 && std::isfinite(options.floor), "floor", "a finite number >= 0", options.floor);
  require(options.compute_lo >= 0, "compute_lo", "a number >= 0", options.compute_lo);
  require(options.compute_hi == 0 || options.compute_hi > options.compute_lo, "compute_hi",
          "0 or a number above compute_lo", options.compute_hi);
  require(options.bins >= 3, "bins", "at least 3", static_cast<double>(options.bins));
  require(options.level > 0 && options.level < 1, "level", "a number in (0, 1)", options.level);
  require(options.resamples >= 2, "resamples", "at least 2", options.resamples);
}

}  // namespace

std::vector<EnvelopePoint> staircase(const Curves& curves) {
  check_curves(curves);
  std::vector<std::size_t> order(curves.compute.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return curves.compute[a] != curves.compute[b] ? curves.compute[a] < curves.compute[b] : better(curves, a, b);
  });
  std::vector<EnvelopePoint> points;
  for (const std::size_t row : order)
    if (points.empty() || curves.loss[row] < points.back().loss)
      points.push_back({curves.compute[row], curves.loss[row], curves.run[row]});
  return points;
}

std::vector<EnvelopePoint> binned_envelope(const Curves& curves, std::size_t bins) {
  check_curves(curves);
  if (bins < 1) throw base::InputError("bins: expected at least 1, found 0");
  const Bins grid(curves, bins);
  std::vector<std::size_t> rows(curves.compute.size()), best(bins, kNone);
  std::iota(rows.begin(), rows.end(), std::size_t{0});
  take_rows(curves, grid, rows, best);
  std::vector<EnvelopePoint> points;
  for (const std::size_t row : best)
    if (row != kNone) points.push_back({curves.compute[row], curves.loss[row], curves.run[row]});
  return points;
}

PowerLaw fit_envelope_power_law(const Curves& curves, const PowerLawOptions& options) {
  check_curves(curves);
  check_options(options);
  const Bins grid(curves, options.bins);
  std::map<std::string, std::vector<std::size_t>> by_run;
  for (std::size_t row = 0; row < curves.run.size(); ++row) by_run[curves.run[row]].push_back(row);
  std::vector<std::vector<std::size_t>> runs;
  for (auto& [name, rows] : by_run) runs.push_back(std::move(rows));

  std::vector<std::size_t> best(options.bins, kNone);
  for (const auto& rows : runs) take_rows(curves, grid, rows, best);
  const Line line = fit_line(curves, best, options);
  if (line.n_points < 3)
    throw base::InputError(
        fmt::format("power law: expected at least 3 envelope points in the window, found {}; widen the "
                    "window or use more bins",
                    line.n_points));
  PowerLaw law{line.exponent, line.intercept, {}, {}, line.n_points, 0};
  if (runs.size() < 2) return law;

  std::vector<double> exponents;
  for (int k = 0; k < options.resamples; ++k) {
    numerics::RandomStream stream(options.seed, "bootstrap", static_cast<std::uint64_t>(k));
    std::fill(best.begin(), best.end(), kNone);
    for (std::size_t i = 0; i < runs.size(); ++i) take_rows(curves, grid, runs[stream.below(runs.size())], best);
    const Line resampled = fit_line(curves, best, options);
    if (resampled.n_points >= 3) exponents.push_back(resampled.exponent);
  }
  law.resamples = static_cast<int>(exponents.size());
  if (2 * law.resamples < options.resamples) return law;
  std::sort(exponents.begin(), exponents.end());
  law.lo = numerics::quantile_of_sorted(exponents, (1 - options.level) / 2);
  law.hi = numerics::quantile_of_sorted(exponents, (1 + options.level) / 2);
  return law;
}

}  // namespace phaselaw::laws
