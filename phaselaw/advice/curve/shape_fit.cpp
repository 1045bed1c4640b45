// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/curve/shape_fit.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "phaselaw/base/constants.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {

namespace {

constexpr std::size_t kScales = 30, kQsBetween = 12, kScalesOfZoom = 7;
constexpr double kZoomRatio = 2.6;  // of the widths of two zooms; below 3, so that they overlap
constexpr double kThreeErrors = 9;
constexpr double kLeastScale = 1e-4;  // with errors of 1 %: means of a curved piece are off by up to about 1e-4

// The best ln u for one q, and its chi2.
struct BestScale {
  double q = 0, log_u = 0, chi2 = base::kInfinity;
  bool refined = false;
};

// The search for the accepted shapes of one form.
class ShapeSearch {
 public:
  ShapeSearch(ShapeGrid& grid, double dof, bool known) : grid_(grid), dof_(dof), known_(known) {
    points_.reserve(4096);
  }
  void scan(double lo, double hi);
  // False if chi2 exceeds the limit by all that is left to refine.
  [[nodiscard]] bool refine(double limit);
  [[nodiscard]] double coarse() const { return coarse_; }
  [[nodiscard]] double scale(double chi2) const {
    return std::max(known_ ? 1.0 : kLeastScale, chi2 / std::max(dof_, 1.0));
  }
  [[nodiscard]] double threshold(double chi2) const {
    if (known_) return kThreeErrors * scale(chi2);
    return scale(chi2) * numerics::f_quantile(0.997, 1, std::max(dof_, 1.0));
  }
  [[nodiscard]] const std::vector<ShapePoint>& points() const { return points_; }
  [[nodiscard]] double last_step() const { return last_step_; }  // half of the last one in ln q

 private:
  void zoom(BestScale& best, double width, int levels);
  [[nodiscard]] bool refine_between(double lo, double hi, double limit);
  void refine_best(const std::vector<BestScale>& best, double width);

  ShapeGrid& grid_;
  double dof_;
  bool known_;
  double coarse_ = base::kInfinity, spacing_ = 0, least_ = base::kInfinity, last_step_ = 0;
  std::vector<BestScale> best_;
  std::vector<ShapePoint> points_;
};

void ShapeSearch::scan(double lo, double hi) {
  spacing_ = std::log(hi / lo) / static_cast<double>(kScales - 1);
  for (const ShapeGrid::Best& best : grid_.scan(lo, hi, std::exp(spacing_))) {
    best_.push_back({best.q, std::log(best.u), best.chi2, false});
    coarse_ = std::min(coarse_, best.chi2);
  }
}

void ShapeSearch::zoom(BestScale& best, double width, int levels) {
  std::array<double, kScalesOfZoom> chi2{};
  for (int level = 0; level < levels; ++level, width /= kZoomRatio) {
    const double spacing = 2 * width / (kScalesOfZoom - 1), first = best.log_u - width;
    std::size_t least = 0;
    for (std::size_t k = 0; k < kScalesOfZoom; ++k) {
      points_.push_back(grid_.at(best.q, std::exp(first + static_cast<double>(k) * spacing)));
      chi2[k] = points_.back().chi2;
      if (chi2[k] < chi2[least]) least = k;
    }
    best = {best.q, first + static_cast<double>(least) * spacing, chi2[least], true};
    if (level + 1 < levels || least == 0 || least + 1 == kScalesOfZoom) continue;
    // The minimum of the parabola through the best and its neighbours.
    const double bend = chi2[least - 1] - 2 * chi2[least] + chi2[least + 1];
    if (!(bend > 0)) continue;
    const double at = best.log_u + 0.5 * spacing * (chi2[least - 1] - chi2[least + 1]) / bend;
    points_.push_back(grid_.at(best.q, std::exp(at)));
    if (points_.back().chi2 < best.chi2) best = {best.q, at, points_.back().chi2, true};
  }
  least_ = std::min(least_, best.chi2);
}

bool ShapeSearch::refine(double limit) {
  std::size_t first = 0;
  for (std::size_t i = 1; i < best_.size(); ++i)
    if (best_[i].chi2 < best_[first].chi2) first = i;
  zoom(best_[first], 1.1 * spacing_, 2);
  // From there to smaller and larger exponents, until two in a row are far from accepted.
  const auto far = [&](std::size_t i) {
    zoom(best_[i], 1.1 * spacing_, 2);
    return !(best_[i].chi2 < least_ + 3 * threshold(least_));
  };
  for (std::size_t i = first, misses = 0; i-- > 0 && misses < 2;) misses = far(i) ? misses + 1 : 0;
  for (std::size_t i = first + 1, misses = 0; i < best_.size() && misses < 2; ++i) misses = far(i) ? misses + 1 : 0;
  const double rough = least_;
  for (BestScale& b : best_)
    if (b.refined && b.chi2 < rough + 3 * threshold(rough)) zoom(b, 0.15 * spacing_, 2);
  std::size_t lo = best_.size(), hi = 0;
  for (std::size_t i = 0; i < best_.size(); ++i)
    if (best_[i].chi2 < least_ + threshold(least_)) {
      lo = std::min(lo, i);
      hi = i;
    }
  if (lo == best_.size()) return true;  // chi2 is not a number
  // Where three exponents are accepted, the best of the grid is within a standard error of the optimum.
  if (hi >= lo + 2 && least_ > limit) return false;
  return refine_between(best_[lo > 0 ? lo - 1 : 0].q, best_[std::min(hi + 1, best_.size() - 1)].q, limit);
}

// ln u at q, by interpolation in ln q.
double scale_between(const std::vector<BestScale>& best, double q) {
  if (q <= best.front().q) return best.front().log_u;
  for (std::size_t i = 0; i + 1 < best.size(); ++i)
    if (q <= best[i + 1].q) {
      const double part = std::log(q / best[i].q) / std::log(best[i + 1].q / best[i].q);
      return best[i].log_u + part * (best[i + 1].log_u - best[i].log_u);
    }
  return best.back().log_u;
}

// The exponent at the minimum of the parabola through the best of these and its neighbours.
void ShapeSearch::refine_best(const std::vector<BestScale>& best, double width) {
  std::size_t i = 0;
  for (std::size_t k = 1; k < best.size(); ++k)
    if (best[k].chi2 < best[i].chi2) i = k;
  if (i == 0 || i + 1 == best.size()) return;
  const double bend = best[i - 1].chi2 - 2 * best[i].chi2 + best[i + 1].chi2;
  if (!(bend > 0)) return;
  const double part = 0.5 * (best[i - 1].chi2 - best[i + 1].chi2) / bend;
  const double q = best[i].q * std::pow(best[i + 1].q / best[i].q, part);
  BestScale between{q, scale_between(best, q), base::kInfinity, false};
  zoom(between, width / kZoomRatio, 2);
}

bool ShapeSearch::refine_between(double lo, double hi, double limit) {
  double width = 0.5 * spacing_;
  for (int round = 0; round < 4; ++round) {
    std::vector<BestScale> finer;
    double least = base::kInfinity;
    for (const double q : numerics::log_spaced(lo, hi, kQsBetween)) {
      BestScale b{q, scale_between(best_, q), base::kInfinity, false};
      zoom(b, width, 3);
      least = std::min(least, b.chi2);
      finer.push_back(b);
    }
    refine_best(finer, width);
    last_step_ = 0.5 * std::log(finer[1].q / finer[0].q);
    const double accepted = std::max(least_ + threshold(least_), least + 0.5 * threshold(least_));
    std::size_t from = kQsBetween, to = 0, count = 0;
    for (std::size_t i = 0; i < kQsBetween; ++i)
      if (finer[i].chi2 < accepted) {
        from = std::min(from, i);
        to = i;
        ++count;
      }
    if (count >= 3 && least_ > limit) return false;
    if (count == 0 || count >= 6 || hi / lo < 1.004) return true;
    lo = finer[from > 0 ? from - 1 : 0].q;
    hi = finer[std::min(to + 1, kQsBetween - 1)].q;
    best_ = std::move(finer);
    width = std::max(0.5 * width, 0.02);
  }
  return true;
}

void extend_to(Interval& interval, double value) {
  interval.lo = std::min(interval.lo, value);
  interval.hi = std::max(interval.hi, value);
}

constexpr Interval kEmpty{base::kInfinity, -base::kInfinity};

// The claims of one accepted shape: its floor +- error, and what it gains at both ends of this.
void claim(const FitProblem& problem, ShapeFit::Accepted& a, double end, double weights, ShapeFit& fit) {
  const ShapePoint& p = a.point;
  const double near = ShapeGrid::shape_at(fit.two_stage, p.q, p.u, end - fit.start);
  const double far = ShapeGrid::shape_at(fit.two_stage, p.q, p.u, end - fit.start + problem.end_step);
  const double loss = p.floor + p.amplitude * near, part = near > 0 ? 1 - far / near : 1;
  const double floor_lo = std::max(p.floor - a.floor_error, 0.0), floor_hi = p.floor + a.floor_error;
  extend_to(fit.floor, floor_lo);
  extend_to(fit.floor, floor_hi);
  const double left = a.floor_error * a.floor_error * p.curvature, aside = near - p.mean_shape;
  a.level_error = std::sqrt(left * (1 / weights + aside * aside / p.variation));
  a.gain = kEmpty;
  extend_to(a.gain, p.amplitude * (near - far) / loss);
  extend_to(a.gain, std::max(loss - floor_lo, 0.0) * part / loss);
  extend_to(a.gain, std::max(loss - floor_hi, 0.0) * part / loss);
  extend_to(fit.gain, a.gain.lo);
  extend_to(fit.gain, a.gain.hi);
  extend_to(fit.q, p.q);
  extend_to(fit.bend, fit.two_stage ? std::exp(1.0) * p.u : p.q * p.u - fit.start);
}

void judge_residuals(const FitProblem& problem, ShapeGrid& grid, ShapeFit& fit) {
  const Eigen::ArrayXd& y = grid.shape(fit.best.q, fit.best.u);
  double squares = 0, products = 0, before = 0;
  for (std::size_t b = 0; b < problem.loss.size(); ++b) {
    double predicted = fit.best.floor + fit.best.amplitude * y[static_cast<Eigen::Index>(b)];
    if (fit.falling_rate) predicted -= fit.best.drop * problem.drop[b];
    const double r = (problem.loss[b] - predicted) / problem.error[b];
    squares += r * r;
    products += b > 0 ? r * before : 0;
    before = r;
  }
  fit.correlation = squares > 0 ? products / squares * std::sqrt(static_cast<double>(problem.loss.size())) : 0;
}

// All that the accepted shapes say.
void collect_accepted(const FitProblem& problem, const ShapeSearch& search, double end, double weights, ShapeFit& fit) {
  const std::vector<ShapePoint>& points = search.points();
  const auto best = std::min_element(points.begin(), points.end(),
                                     [](const ShapePoint& a, const ShapePoint& b) { return a.chi2 < b.chi2; });
  fit.best = *best;
  fit.chi2 = best->chi2;
  fit.s2 = search.scale(fit.chi2);
  fit.threshold = search.threshold(fit.chi2);
  fit.q = fit.floor = fit.gain = fit.bend = kEmpty;
  for (const ShapePoint& p : points) {
    if (!(p.chi2 <= fit.chi2 + fit.threshold)) continue;
    const double error = std::sqrt(std::max(fit.chi2 + fit.threshold - p.chi2, 0.0) / p.curvature);
    fit.accepted.push_back({p, error, 0, {}});
    claim(problem, fit.accepted.back(), end, weights, fit);
  }
  const double half_step = std::exp(search.last_step());
  fit.q = {fit.q.lo / half_step, fit.q.hi * half_step};
  const std::vector<double>& exponents = scanned_exponents(fit.two_stage);
  if (fit.q.hi >= 0.99 * exponents[exponents.size() - 2]) fit.q.hi = base::kInfinity;
  if (fit.q.lo <= 1.02 * exponents.front()) fit.q.lo = 0;
  const double more = 0.03 * (fit.floor.hi - fit.floor.lo) + 1e-4 * fit.floor.hi;
  fit.floor = {std::max(fit.floor.lo - more, 0.0), fit.floor.hi + more};
}

}  // namespace

bool ShapeFit::acceptable(bool known, bool correlated_rows) const {
  if (!known) return std::abs(correlation) < 2.2;
  if (chi2 < 1e-6 * dof) return dof >= 1;  // rounding errors, which may be correlated
  if (correlated_rows) return chi2 / dof < 3 && correlation > -3.6 && correlation < 2.5;
  return dof >= 1 && chi2 < numerics::chi_squared_quantile(0.99, dof) && correlation > -3.6 && correlation < 2.8;
}

std::optional<ShapeFit> fit_shape(const FitProblem& problem, const FitLimits& limits) {
  const bool own_clock = !problem.clock.empty();
  const std::span<const double> clock = own_clock ? problem.clock : problem.step;
  const std::size_t n = clock.size();
  ShapeFit fit;
  fit.two_stage = problem.two_stage;
  fit.falling_rate = own_clock;
  fit.start = problem.two_stage ? problem.origin : clock[0];
  fit.dof = static_cast<double>(n) - (own_clock ? 5 : 4);
  std::vector<double> x(n);
  for (std::size_t b = 0; b < n; ++b) x[b] = clock[b] - fit.start;
  const double span = clock[n - 1] - clock[0], first = std::max(clock[1] - clock[0], 1e-6 * span);
  const double lo = fit.two_stage ? std::max(0.003 * x[0], 1e-6 * span) : 0.15 * first;
  const double hi = fit.two_stage ? 3 * span : 20 * span;
  ShapeGrid grid(fit.two_stage, x, problem.loss, problem.error, problem.drop);
  ShapeSearch search(grid, fit.dof, problem.known);
  search.scan(lo, hi);
  if (!(search.coarse() <= limits.coarse)) return std::nullopt;
  fit.coarse = search.coarse();
  if (!search.refine(limits.refined)) return std::nullopt;
  const double last_block = problem.step[n - 1], end = clock[n - 1] + problem.end_step - last_block;
  fit.clock_ahead = end - problem.end_step;
  if (own_clock) fit.last_drop = problem.drop[n - 1];
  collect_accepted(problem, search, end, grid.weights(), fit);
  judge_residuals(problem, grid, fit);
  return fit;
}

ShapeFit fit_shape(const FitProblem& problem) { return *fit_shape(problem, {}); }

}  // namespace phaselaw::advice
