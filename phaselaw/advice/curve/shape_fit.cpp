// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/curve/shape_fit.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "phaselaw/base/constants.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {

namespace {

constexpr double kLeastQ = 0.06, kPowerQ = 4.5, kExponentialQ = 1e5;
constexpr std::size_t kPowerQs = 25, kScales = 30, kQsBetween = 12, kScalesOfZoom = 7;
constexpr double kLargestTwoStageQ = 6;
constexpr double kZoomRatio = 2.6;  // of the widths of two zooms; below 3, so that they overlap
constexpr double kThreeErrors = 9;

std::vector<double> exponents_of(bool two_stage) {
  std::vector<double> q = numerics::log_spaced(kLeastQ, kPowerQ, kPowerQs);
  for (const double large : {6.0, 9.0, 15.0, 40.0, 200.0, kExponentialQ})
    if (!two_stage || large <= kLargestTwoStageQ) q.push_back(large);
  return q;
}

// The best ln u for one q, and its chi2.
struct BestScale {
  double q = 0, log_u = 0, chi2 = base::kInfinity;
};

// The search for the accepted shapes of one form.
class ShapeSearch {
 public:
  ShapeSearch(ShapeGrid& grid, double dof, bool known) : grid_(grid), dof_(dof), known_(known) {
    points_.reserve(4096);
  }
  void scan(const std::vector<double>& qs, double lo, double hi);
  void refine();
  [[nodiscard]] double coarse() const { return coarse_; }
  [[nodiscard]] double scale(double chi2) const {
    return known_ ? std::max(1.0, chi2 / std::max(dof_, 1.0)) : chi2 / std::max(dof_, 1.0);
  }
  [[nodiscard]] double threshold(double chi2) const {
    if (known_) return kThreeErrors * scale(chi2);
    return scale(chi2) * numerics::f_quantile(0.997, 1, std::max(dof_, 1.0));
  }
  [[nodiscard]] const std::vector<ShapePoint>& points() const { return points_; }
  [[nodiscard]] double last_step() const { return last_step_; }  // half of the last one in ln q

 private:
  void zoom(BestScale& best, double width, int levels);
  void refine_between(double lo, double hi);

  ShapeGrid& grid_;
  double dof_;
  bool known_;
  double coarse_ = base::kInfinity, spacing_ = 0, least_ = base::kInfinity, last_step_ = 0;
  std::vector<BestScale> best_;
  std::vector<ShapePoint> points_;
};

void ShapeSearch::scan(const std::vector<double>& qs, double lo, double hi) {
  spacing_ = (hi - lo) / static_cast<double>(kScales - 1);
  std::vector<ShapeGrid::Best> found;
  grid_.scan(qs, std::exp(lo), std::exp(spacing_), kScales, found);
  for (std::size_t i = 0; i < qs.size(); ++i) {
    best_.push_back({qs[i], lo + static_cast<double>(found[i].place) * spacing_, found[i].chi2});
    coarse_ = std::min(coarse_, found[i].chi2);
  }
}

void ShapeSearch::zoom(BestScale& best, double width, int levels) {
  for (int level = 0; level < levels; ++level, width /= kZoomRatio) {
    BestScale next{best.q, best.log_u, base::kInfinity};
    for (std::size_t k = 0; k < kScalesOfZoom; ++k) {
      const double at = best.log_u + width * (2.0 * static_cast<double>(k) / (kScalesOfZoom - 1) - 1);
      points_.push_back(grid_.at(best.q, std::exp(at)));
      if (points_.back().chi2 < next.chi2) next = {best.q, at, points_.back().chi2};
    }
    best = next;
  }
  least_ = std::min(least_, best.chi2);
}

void ShapeSearch::refine() {
  for (BestScale& b : best_) zoom(b, 1.1 * spacing_, 2);
  const double first = least_;
  for (BestScale& b : best_)
    if (b.chi2 < first + 3 * threshold(first)) zoom(b, 0.15 * spacing_, 2);
  std::size_t lo = best_.size(), hi = 0;
  for (std::size_t i = 0; i < best_.size(); ++i)
    if (best_[i].chi2 < least_ + threshold(least_)) {
      lo = std::min(lo, i);
      hi = i;
    }
  if (lo == best_.size()) return;  // chi2 is not a number
  refine_between(best_[lo > 0 ? lo - 1 : 0].q, best_[std::min(hi + 1, best_.size() - 1)].q);
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

void ShapeSearch::refine_between(double lo, double hi) {
  double width = 0.5 * spacing_;
  for (int round = 0; round < 4; ++round) {
    std::vector<BestScale> finer;
    double least = base::kInfinity;
    for (const double q : numerics::log_spaced(lo, hi, kQsBetween)) {
      BestScale b{q, scale_between(best_, q), base::kInfinity};
      zoom(b, width, 3);
      least = std::min(least, b.chi2);
      finer.push_back(b);
    }
    last_step_ = 0.5 * std::log(finer[1].q / finer[0].q);
    const double accepted = std::max(least_ + threshold(least_), least + 0.5 * threshold(least_));
    std::size_t from = kQsBetween, to = 0, count = 0;
    for (std::size_t i = 0; i < kQsBetween; ++i)
      if (finer[i].chi2 < accepted) {
        from = std::min(from, i);
        to = i;
        ++count;
      }
    if (count == 0 || count >= 6 || hi / lo < 1.004) return;
    lo = finer[from > 0 ? from - 1 : 0].q;
    hi = finer[std::min(to + 1, kQsBetween - 1)].q;
    best_ = std::move(finer);
    width = std::max(0.5 * width, 0.02);
  }
}

void widen(Interval& interval, double value) {
  interval.lo = std::min(interval.lo, value);
  interval.hi = std::max(interval.hi, value);
}

constexpr Interval kEmpty{base::kInfinity, -base::kInfinity};

// The claims of one accepted shape: its floor +- error, and what it gains at both ends of this.
void claim(const FitProblem& problem, ShapeFit::Accepted& a, double end, ShapeFit& fit) {
  const ShapePoint& p = a.point;
  const double near = ShapeGrid::shape_at(fit.two_stage, p.q, p.u, end - fit.start);
  const double far = ShapeGrid::shape_at(fit.two_stage, p.q, p.u, end - fit.start + problem.end_step);
  const double loss = p.floor + p.amplitude * near, part = near > 0 ? 1 - far / near : 1;
  const double floor_lo = std::max(p.floor - a.floor_error, 0.0), floor_hi = p.floor + a.floor_error;
  widen(fit.floor, floor_lo);
  widen(fit.floor, floor_hi);
  a.gain = kEmpty;
  widen(a.gain, p.amplitude * (near - far) / loss);
  widen(a.gain, std::max(loss - floor_lo, 0.0) * part / loss);
  widen(a.gain, std::max(loss - floor_hi, 0.0) * part / loss);
  widen(fit.gain, a.gain.lo);
  widen(fit.gain, a.gain.hi);
  widen(fit.q, p.q);
  widen(fit.bend, fit.two_stage ? std::exp(1.0) * p.u : p.q * p.u - fit.start);
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
void collect(const FitProblem& problem, const ShapeSearch& search, double end, ShapeFit& fit) {
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
    fit.accepted.push_back({p, error, {}});
    claim(problem, fit.accepted.back(), end, fit);
  }
  const double half_step = std::exp(search.last_step());
  fit.q = {fit.q.lo / half_step, fit.q.hi * half_step};
  const double largest = fit.two_stage ? kPowerQ : 200;
  if (fit.q.hi >= 0.99 * largest) fit.q.hi = base::kInfinity;
  if (fit.q.lo <= 1.02 * kLeastQ) fit.q.lo = 0;
  const double more = 0.03 * (fit.floor.hi - fit.floor.lo) + 1e-4 * fit.floor.hi;
  fit.floor = {std::max(fit.floor.lo - more, 0.0), fit.floor.hi + more};
}

}  // namespace

bool ShapeFit::acceptable(bool known, bool correlated_rows) const {
  if (!known) return std::abs(correlation) < 2.2;
  if (correlated_rows) return chi2 / dof < 3 && correlation > -3.6 && correlation < 2.5;
  return dof >= 1 && chi2 < numerics::chi_squared_quantile(0.99, dof) && correlation > -3.6 && correlation < 2.8;
}

std::optional<ShapeFit> fit_shape(const FitProblem& problem, double limit) {
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
  search.scan(exponents_of(fit.two_stage), std::log(lo), std::log(hi));
  if (!(search.coarse() <= limit)) return std::nullopt;
  fit.coarse = search.coarse();
  search.refine();
  const double last_block = problem.step[n - 1], end = clock[n - 1] + problem.end_step - last_block;
  fit.clock_ahead = end - problem.end_step;
  collect(problem, search, end, fit);
  judge_residuals(problem, grid, fit);
  return fit;
}

ShapeFit fit_shape(const FitProblem& problem) { return *fit_shape(problem, base::kInfinity); }

}  // namespace phaselaw::advice
