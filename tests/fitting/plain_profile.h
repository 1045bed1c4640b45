// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>
#include <vector>

#include "phaselaw/fitting/fit.h"
#include "phaselaw/fitting/interval.h"
#include "phaselaw/fitting/law_form.h"
#include "phaselaw/numerics/least_squares.h"
#include "phaselaw/numerics/statistics.h"

// The textbook interval of any quantity g(theta) of a least-squares fit, in plain steps: what other intervals are
// compared with, in width and, for equal independent normal noise, end by end.
//
//   T(g0) = (min { R(theta) : g(theta) = g0 } - R) / s^2,   R = sum r_i^2,   s^2 = R/(n-p),   ends where T = F_{level}(1, n-p)
//
// A constrained minimum is that of R + W (g - g0)^2. The g that it reaches and its R without the penalty are a point of
// the profile for any W. The interval of a new run at x0 is the profile of an added row with y0 free [T: Bates and Watts
// 1988, chapter 6]. An end is unset if g stops moving before T reaches the threshold. Ends are accurate to 0.2 % of a
// half width. Cost: about 12 minimisations for each quantity.
namespace phaselaw::fitting::testing {

class PlainProfile {
 public:
  using Function = std::function<double(std::span<const double> parameters)>;

  // `fit`: Objective::l2 on `data`. Keeps references to both.
  PlainProfile(const Fit& fit, const tables::Measurements& data, double level = 0.95)
      : form_(fit.law, data, fit.fixed), theta_(fit.theta), n_(data.output.size()), k_(theta_.size()) {
    dof_ = static_cast<double>(n_) - static_cast<double>(k_);
    jacobian_.resize(n_ * k_);
    least_ = squares(theta_, jacobian_);
    variance_ = std::max(least_ / dof_, 1e-18);
    root_threshold_ = std::sqrt(numerics::f_quantile(level, 1, dof_));
    for (const Coordinate& coordinate : form_.coordinates()) {
      lower_.push_back(coordinate.lower);
      upper_.push_back(coordinate.upper);
    }
  }

  // Of a positive quantity its logarithm is profiled.
  [[nodiscard]] Interval interval(const Function& quantity, bool positive) {
    const auto g = [&](std::span<const double> theta) {
      const double value = quantity(form_.parameters(theta));
      return positive ? std::log(value) : value;
    };
    const double error = std::clamp(standard_error(g), 1e-12, 1.0);
    return ends(g, 1e3 * variance_ / (error * error), error, false, positive);
  }
  [[nodiscard]] Interval new_run(const Function& loss) {
    const auto g = [&](std::span<const double> theta) { return std::log(loss(form_.parameters(theta))); };
    return ends(g, 1, std::sqrt(std::pow(std::min(standard_error(g), 1.0), 2) + variance_), true, true);
  }
  // How often a constrained minimum was lower than that of the fit, which then was not the optimum.
  [[nodiscard]] int better() const { return better_; }

 private:
  using Profiled = std::function<double(std::span<const double> theta)>;
  struct Point {
    double g = 0, root = 0;  // reached, sqrt(T)
    std::vector<double> theta;
  };

  // R, and the derivatives of ln L unless empty. Infinity if the law is not defined at a row.
  double squares(std::span<const double> theta, std::span<double> jacobian) {
    std::vector<double> value(n_);
    if (!form_.log_values({}, theta, value, jacobian, workspace_)) return std::numeric_limits<double>::infinity();
    double total = 0;
    for (std::size_t i = 0; i < n_; ++i) total += std::pow(form_.log_output()[i] - value[i], 2);
    return total;
  }

  // By central differences inside the bounds.
  std::vector<double> gradient(const Profiled& g, std::span<const double> theta) const {
    std::vector<double> out(k_), moved(theta.begin(), theta.end());
    for (std::size_t j = 0; j < k_; ++j) {
      const double step = 1e-5 * std::max(std::abs(theta[j]), 0.05);
      const double low = std::max(lower_[j], theta[j] - step), high = std::min(upper_[j], theta[j] + step);
      moved[j] = high;
      const double above = g(moved);
      moved[j] = low;
      out[j] = (above - g(moved)) / (high - low);
      moved[j] = theta[j];
    }
    return out;
  }

  // s sqrt(c' (J'J)^-1 c): the scale of the first step. By elimination with a ridge of 1e-11 of the diagonal.
  double standard_error(const Profiled& g) {
    const std::vector<double> c = gradient(g, theta_);
    std::vector<double> a(k_ * k_), x = c;
    for (std::size_t i = 0; i < n_; ++i)
      for (std::size_t u = 0; u < k_; ++u)
        for (std::size_t v = 0; v < k_; ++v) a[u * k_ + v] += jacobian_[i * k_ + u] * jacobian_[i * k_ + v];
    for (std::size_t u = 0; u < k_; ++u) a[u * k_ + u] = a[u * k_ + u] * (1 + 1e-11) + 1e-300;
    for (std::size_t u = 0; u < k_; ++u)
      for (std::size_t v = u + 1; v < k_; ++v) {
        const double share = a[v * k_ + u] / a[u * k_ + u];
        for (std::size_t w = u; w < k_; ++w) a[v * k_ + w] -= share * a[u * k_ + w];
        x[v] -= share * x[u];
      }
    double total = 0;
    for (std::size_t u = 0; u < k_; ++u) total += x[u] * x[u] / a[u * k_ + u];
    return std::sqrt(variance_ * std::max(total, 0.0));
  }

  Point at(const Profiled& g, double target, double weight, bool added_row, std::span<const double> start) {
    numerics::LeastSquaresProblem problem;
    problem.n_parameters = k_;
    problem.n_residuals = n_ + 1;
    problem.lower = lower_;
    problem.upper = upper_;
    problem.evaluate = [&](std::span<const double> theta, std::span<double> residual, std::span<double> jacobian) {
      if (!form_.log_values({}, theta, residual.first(n_), jacobian.empty() ? jacobian : jacobian.first(n_ * k_),
                            workspace_))
        return false;
      for (std::size_t i = 0; i < n_; ++i) residual[i] -= form_.log_output()[i];
      residual[n_] = std::sqrt(weight) * (g(theta) - target);
      if (!jacobian.empty()) {
        const std::vector<double> slope = gradient(g, theta);
        for (std::size_t j = 0; j < k_; ++j) jacobian[n_ * k_ + j] = std::sqrt(weight) * slope[j];
      }
      return std::isfinite(residual[n_]);
    };
    numerics::LeastSquaresOptions options;
    options.max_iterations = 200;
    Point point;
    point.theta = numerics::minimise_small(problem, start, options, solver_).parameters;
    const double reached = g(point.theta), penalty = weight * std::pow(reached - target, 2);
    const double rise = (squares(point.theta, {}) + (added_row ? penalty : 0) - least_) / variance_;
    if (rise < -1e-4) ++better_;
    point.g = added_row ? target : reached;
    point.root = std::sqrt(std::max(rise, 0.0));
    return point;
  }

  // One end: steps outwards until T passes the threshold, then regula falsi (Illinois).
  std::optional<double> end(const Profiled& g, double weight, double error, bool added_row, int side) {
    Point in{g(theta_), 0, theta_}, out;
    const double middle = in.g;
    double step = root_threshold_ * error;
    for (int i = 0; out.theta.empty(); ++i) {
      const Point next = at(g, in.g + side * step, weight, added_row, in.theta);
      const double moved = side * (next.g - in.g);
      if (next.root >= root_threshold_) {
        out = next;
        break;
      }
      if (i == 30 || !(moved >= 0.02 * step) || std::abs(next.g - middle) > 60) return {};
      const double slope = (next.root - in.root) / moved, gone = side * (next.g - middle);
      step = slope > 0 ? 1.05 * (root_threshold_ - next.root) / slope : 2 * step;
      step = std::clamp(step, 0.1 * gone, 1.5 * gone);
      in = next;
    }
    double below = in.root - root_threshold_, above = out.root - root_threshold_;
    for (int i = 0; i < 30 && std::abs(above) > 0.002 * root_threshold_; ++i) {
      const Point next = at(g, in.g + (out.g - in.g) * below / (below - above), weight, added_row, in.theta);
      const double rest = next.root - root_threshold_;
      if (std::abs(rest) <= 0.002 * root_threshold_) return next.g;
      if (rest < 0) {
        in = next;
        below = rest;
        above *= 0.6;
      } else {
        out = next;
        above = rest;
        below *= 0.6;
      }
    }
    return out.g;
  }

  Interval ends(const Profiled& g, double weight, double error, bool added_row, bool positive) {
    Interval out{end(g, weight, error, added_row, -1), end(g, weight, error, added_row, 1)};
    if (positive && out.lo) out.lo = std::exp(*out.lo);
    if (positive && out.hi) out.hi = std::exp(*out.hi);
    return out;
  }

  LawForm form_;
  std::vector<double> theta_, jacobian_, lower_, upper_;
  std::size_t n_, k_;
  double dof_ = 0, least_ = 0, variance_ = 0, root_threshold_ = 0;
  int better_ = 0;
  laws::EvaluatorWorkspace workspace_;
  numerics::LeastSquaresWorkspace solver_;
};

}  // namespace phaselaw::fitting::testing
