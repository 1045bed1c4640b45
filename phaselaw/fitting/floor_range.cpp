// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/floor_range.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {

namespace {

constexpr int kBisections = 40;

// The fit of ln A and q at one floor, by Gauss-Newton with step halving. z = ln x, centred.
class PowerAtFloor {
 public:
  PowerAtFloor(std::span<const double> x, std::span<const double> loss, const FloorRangeOptions& options)
      : weights_(options.weights) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      log_loss_.push_back(std::log(loss[i]));
      z_.push_back(std::log(x[i]));
    }
    centre_ = numerics::mean(z_);
    for (double& z : z_) z -= centre_;
    if (weights_.empty()) weights_.assign(x.size(), 1.0);
    const double mean = numerics::mean(weights_);
    for (double& w : weights_) w /= mean;
  }

  struct Result {
    double log_amplitude = 0, exponent = 0;  // at the centre of ln x
    double objective = 0;                    // sum of weighted squares of ln residuals
    double inverse_curvature = 0;            // of q: its variance is this times the noise variance
  };

  [[nodiscard]] Result fit(double floor) const {
    Result best = first(floor);
    best.objective = objective(floor, best);
    for (int iteration = 0; iteration < 200; ++iteration) {
      const Normal n = normal_at(floor, best);
      const double det = n.aa * n.qq - n.aq * n.aq;
      if (!(det > 0)) break;
      const double da = (n.qq * n.ra - n.aq * n.rq) / det, dq = (n.aa * n.rq - n.aq * n.ra) / det;
      double share = 1;
      Result next = best;
      for (; share > 1e-6; share /= 2) {
        next.log_amplitude = best.log_amplitude + share * da;
        next.exponent = best.exponent + share * dq;
        next.objective = objective(floor, next);
        if (next.objective <= best.objective) break;
      }
      if (!(next.objective <= best.objective)) break;
      const double moved = std::max(std::abs(share * da), std::abs(share * dq));
      best = next;
      if (moved < 1e-12) break;
    }
    const Normal n = normal_at(floor, best);
    const double det = n.aa * n.qq - n.aq * n.aq;
    best.inverse_curvature = det > 0 ? n.aa / det : std::numeric_limits<double>::infinity();
    return best;
  }

  [[nodiscard]] double amplitude(const Result& r) const { return std::exp(r.log_amplitude + r.exponent * centre_); }

 private:
  struct Normal {
    double aa = 0, aq = 0, qq = 0, ra = 0, rq = 0;  // J'WJ and J'Wr of ln A and q
  };

  // A straight line through ln(L - E), with the weights of ln L; rows at the floor have weight 0.
  [[nodiscard]] Result first(double floor) const {
    double w = 0, wz = 0, wy = 0, wzz = 0, wzy = 0;
    for (std::size_t i = 0; i < z_.size(); ++i) {
      const double loss = std::exp(log_loss_[i]), above = loss - floor;
      if (!(above > 0)) continue;
      const double weight = weights_[i] * (above / loss) * (above / loss), y = std::log(above);
      w += weight;
      wz += weight * z_[i];
      wy += weight * y;
      wzz += weight * z_[i] * z_[i];
      wzy += weight * z_[i] * y;
    }
    const double det = w * wzz - wz * wz;
    if (!(det > 0)) return {.log_amplitude = wy / w, .exponent = 0.1};
    return {.log_amplitude = (wzz * wy - wz * wzy) / det, .exponent = -(w * wzy - wz * wy) / det};
  }

  [[nodiscard]] double objective(double floor, const Result& at) const {
    double sum = 0;
    for (std::size_t i = 0; i < z_.size(); ++i) {
      const double r = log_loss_[i] - std::log(floor + std::exp(at.log_amplitude - at.exponent * z_[i]));
      sum += weights_[i] * r * r;
    }
    return sum;
  }

  [[nodiscard]] Normal normal_at(double floor, const Result& at) const {
    Normal n;
    for (std::size_t i = 0; i < z_.size(); ++i) {
      const double above = std::exp(at.log_amplitude - at.exponent * z_[i]);
      const double u = above / (floor + above), r = log_loss_[i] - std::log(floor + above);
      const double a = u, q = -z_[i] * u;  // derivatives of the logarithm of the law
      n.aa += weights_[i] * a * a;
      n.aq += weights_[i] * a * q;
      n.qq += weights_[i] * q * q;
      n.ra += weights_[i] * a * r;
      n.rq += weights_[i] * q * r;
    }
    return n;
  }

  std::vector<double> log_loss_, z_, weights_;
  double centre_ = 0;
};

void check(std::span<const double> x, std::span<const double> loss, const FloorRangeOptions& options) {
  PHASELAW_CHECK_EQ(x.size(), loss.size());
  PHASELAW_CHECK(options.weights.empty() || options.weights.size() == x.size());
  PHASELAW_CHECK(options.points >= 5 && options.variance_inflation >= 1);
  for (std::size_t i = 0; i < x.size(); ++i)
    if (!(x[i] > 0) || std::isinf(x[i]) || !(loss[i] > 0) || std::isinf(loss[i]))
      throw base::InputError(
          fmt::format("row {}: expected positive finite numbers, found x {} and loss {}", i + 1, x[i], loss[i]));
  const std::size_t distinct = std::set<double>(x.begin(), x.end()).size();
  if (x.size() < 4 || distinct < 3)
    throw base::InputError(fmt::format(
        "expected at least 4 rows at 3 places for an exponent and its floor, found {} rows at {}", x.size(), distinct));
}

double independent_rows(std::span<const double> x, const FloorRangeOptions& options) {
  return static_cast<double>(x.size()) / options.variance_inflation;
}

// The exponent at a floor with its interval, and the objective; n independent rows.
std::pair<ExponentAtFloor, double> at(const PowerAtFloor& law, double floor, double n, double level) {
  const PowerAtFloor::Result r = law.fit(floor);
  const double dof = n - 2;
  const double half =
      dof > 0 ? numerics::student_t_quantile((1 + level) / 2, dof) * std::sqrt(r.objective / dof * r.inverse_curvature)
              : std::numeric_limits<double>::infinity();
  return {{floor, r.exponent, r.exponent - half, r.exponent + half, law.amplitude(r), false}, r.objective};
}

class Scan {
 public:
  Scan(std::span<const double> x, std::span<const double> loss, const FloorRangeOptions& options)
      : options_(options), law_(x, loss, options) {
    range_.smallest = *std::min_element(loss.begin(), loss.end());
    if (!(options.lowest >= 0 && options.lowest < range_.smallest))
      throw base::InputError(
          fmt::format("expected the lowest floor to lie in [0, {}), below the smallest loss; found {}", range_.smallest,
                      options.lowest));
    n_ = independent_rows(x, options);
    range_.dof = n_ - 3;
  }

  FloorRange carry_out() {
    const double step = (range_.smallest - options_.lowest) / (options_.points - 1);
    std::vector<double> floors;
    for (int k = 0; k < options_.points; ++k)
      floors.push_back(k + 1 == options_.points ? range_.smallest : options_.lowest + step * k);
    for (const double floor : floors) add(floor);
    refine(step);
    find_plausible(floors);
    std::sort(range_.at.begin(), range_.at.end(), [](const auto& a, const auto& b) { return a.floor < b.floor; });
    unite();
    return std::move(range_);
  }

 private:
  // With too few independent rows nothing is refuted.
  [[nodiscard]] double threshold() const {
    if (!(range_.dof > 0)) return std::numeric_limits<double>::infinity();
    return best_ * (1 + numerics::f_quantile(options_.level, 1, range_.dof) / range_.dof);
  }

  void add(double floor) {
    const auto [exponent, objective] = at(law_, floor, n_, options_.level);
    range_.at.push_back(exponent);
    objective_.push_back(objective);
    if (objective >= best_) return;
    best_ = objective;
    range_.floor = floor;
    range_.exponent = exponent.exponent;
  }

  // Golden-section search about the best grid point.
  void refine(double step) {
    double lo = std::max(options_.lowest, range_.floor - step), hi = std::min(range_.smallest, range_.floor + step);
    constexpr double kGolden = 0.6180339887498949;
    const auto objective = [&](double floor) { return law_.fit(floor).objective; };
    for (int i = 0; i < kBisections; ++i) {
      const double a = hi - kGolden * (hi - lo), b = lo + kGolden * (hi - lo);
      (objective(a) < objective(b) ? hi : lo) = objective(a) < objective(b) ? b : a;
    }
    add(0.5 * (lo + hi));
  }

  void find_plausible(const std::vector<double>& floors) {
    const double limit = threshold();
    const auto inside = [&](double floor) { return law_.fit(floor).objective <= limit; };
    range_.floor_lo = range_.floor_hi = range_.floor;
    for (std::size_t k = 0; k < floors.size(); ++k) {
      if (objective_[k] > limit) continue;
      range_.floor_lo = std::min(range_.floor_lo, floors[k]);
      range_.floor_hi = std::max(range_.floor_hi, floors[k]);
    }
    const auto end = [&](double in, double out) {
      for (int i = 0; i < kBisections; ++i) {
        const double middle = 0.5 * (in + out);
        (inside(middle) ? in : out) = middle;
      }
      return in;
    };
    const auto above = std::upper_bound(floors.begin(), floors.end(), range_.floor_hi);
    if (above != floors.end()) range_.floor_hi = end(range_.floor_hi, *above);
    const auto below = std::lower_bound(floors.begin(), floors.end(), range_.floor_lo);
    if (below != floors.begin()) range_.floor_lo = end(range_.floor_lo, *(below - 1));
    add(range_.floor_lo);
    add(range_.floor_hi);
    range_.bounded = range_.floor_lo > options_.lowest && range_.floor_hi < range_.smallest && range_.dof > 0;
  }

  void unite() {
    range_.lo = std::numeric_limits<double>::infinity();
    range_.hi = -range_.lo;
    for (ExponentAtFloor& e : range_.at) {
      e.plausible = e.floor >= range_.floor_lo && e.floor <= range_.floor_hi;
      if (!e.plausible) continue;
      range_.lo = std::min(range_.lo, e.lo);
      range_.hi = std::max(range_.hi, e.hi);
    }
  }

  const FloorRangeOptions& options_;
  PowerAtFloor law_;
  FloorRange range_;
  std::vector<double> objective_;
  double best_ = std::numeric_limits<double>::infinity(), n_ = 0;
};

}  // namespace

FloorRange exponent_over_floors(std::span<const double> x, std::span<const double> loss,
                                const FloorRangeOptions& options) {
  check(x, loss, options);
  return Scan(x, loss, options).carry_out();
}

ExponentAtFloor exponent_at_floor(std::span<const double> x, std::span<const double> loss, double floor,
                                  const FloorRangeOptions& options) {
  check(x, loss, options);
  if (const double smallest = *std::min_element(loss.begin(), loss.end()); !(floor >= 0 && floor < smallest))
    throw base::InputError(
        fmt::format("expected a floor in [0, {}), below the smallest loss; found {}", smallest, floor));
  return at(PowerAtFloor(x, loss, options), floor, independent_rows(x, options), options.level).first;
}

std::optional<std::pair<double, double>> floors_that_give(const FloorRange& range, double exponent) {
  std::optional<std::pair<double, double>> floors;
  for (const ExponentAtFloor& e : range.at) {
    if (!(exponent >= e.lo && exponent <= e.hi)) continue;
    if (!floors) floors = {e.floor, e.floor};
    floors->second = e.floor;
  }
  return floors;
}

}  // namespace phaselaw::fitting
