// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/numerics/least_squares.h"
#include "phaselaw/numerics/least_squares_sums.h"

namespace phaselaw::numerics {

namespace {

// The curvature assigned to a residual in the linear part of the loss, as a share of its weight rho'. The true Hessian
// has 0 (Newton: singular far from the optimum), iteratively reweighted least squares has 1 (safe, slow).
constexpr double kLinearPartCurvature = 0.1;
constexpr int kPolishingSteps = 12;
constexpr double kLeastDamping = 1e-15;

double dot(const double* a, const double* b, std::size_t n) {
  double total = 0;
  for (std::size_t i = 0; i < n; ++i) total += a[i] * b[i];
  return total;
}

// In place Cholesky of the lower triangle; false when not positive definite.
bool factorise(double* a, std::size_t k) {
  for (std::size_t i = 0; i < k; ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      const double rest = a[i * k + j] - dot(a + i * k, a + j * k, j);
      if (i != j) {
        a[i * k + j] = rest / a[j * k + j];
      } else {
        if (!(rest > 0)) return false;
        a[i * k + i] = std::sqrt(rest);
      }
    }
  return true;
}

void solve(const double* factor, double* x, std::size_t k) {
  for (std::size_t i = 0; i < k; ++i) x[i] = (x[i] - dot(factor + i * k, x, i)) / factor[i * k + i];
  for (std::size_t i = k; i-- > 0;) {
    for (std::size_t j = i + 1; j < k; ++j) x[i] -= factor[j * k + i] * x[j];
    x[i] /= factor[i * k + i];
  }
}

// One Levenberg-Marquardt descent at a fixed delta; holds all state except the buffers.
class Descent {
 public:
  Descent(const LeastSquaresProblem& problem, const LeastSquaresOptions& options, LeastSquaresWorkspace& workspace)
      : problem_(problem),
        options_(options),
        work_(workspace),
        n_(problem.n_residuals),
        n_robust_(n_ - problem.n_plain),
        k_(problem.n_parameters),
        sums_of_(problem, options) {
    work_.residuals.resize(n_);
    work_.trial_residuals.resize(n_);
    work_.jacobian.resize(n_ * k_ + ResidualSums::kPadding);
    work_.trial_jacobian.resize(n_ * k_ + ResidualSums::kPadding);
    work_.factor.resize(k_ * k_);
    work_.vectors.resize(n_);
  }

  bool start(std::span<const double> start) {
    for (std::size_t j = 0; j < k_; ++j) p_[j] = clamp(j, start[j]);
    return problem_.evaluate({p_.data(), k_}, work_.residuals, numbers_of(work_.jacobian)) &&
           all_finite(work_.residuals);
  }

  // The size of a typical residual of those that the loss applies to.
  double median_residual() {
    if (n_robust_ == 0) return 0;
    for (std::size_t i = 0; i < n_robust_; ++i) work_.vectors[i] = std::abs(work_.residuals[i]);
    const auto end = work_.vectors.begin() + static_cast<std::ptrdiff_t>(n_robust_);
    const auto middle = work_.vectors.begin() + static_cast<std::ptrdiff_t>(n_robust_ / 2);
    std::nth_element(work_.vectors.begin(), middle, end);
    return *middle;
  }

  // Descends until the scaled gradient is below tolerance or no step lowers F. Returns true in the first case.
  bool descend(double delta, double gradient_tolerance, int max_iterations) {
    cost_ = cost_of(work_.residuals, delta);
    damping_ = options_.first_damping;
    for (int i = 0; i < max_iterations; ++i, ++iterations_) {
      base::throw_if_interrupted();
      linearise(delta);
      if (gradient_norm_ <= gradient_tolerance || little_to_gain()) return true;
      if (!step(delta)) return true;
    }
    linearise(delta);
    return gradient_norm_ <= gradient_tolerance || little_to_gain();
  }

  // At the minimum F is flat to half the digits of the parameters; its gradient is not. Newton steps with the exact
  // curvature of the loss are accepted as long as they at least halve the gradient and do not change F.
  void polish(double delta, double gradient_tolerance) {
    linear_part_curvature_ = 0;
    damping_ = 0;
    linearise(delta);
    for (int i = 0; i < kPolishingSteps && gradient_norm_ > gradient_tolerance; ++i, ++iterations_) {
      Small move{}, next{};
      if (!direction(move)) break;
      for (std::size_t a = 0; a < k_; ++a) next[a] = clamp(a, p_[a] + move[a]);
      if (!problem_.evaluate({next.data(), k_}, work_.trial_residuals, numbers_of(work_.trial_jacobian))) break;
      const double cost = cost_of(work_.trial_residuals, delta), gradient = gradient_norm_;
      if (!(cost <= cost_ * (1 + 1e-13))) break;
      const Small before = p_;
      const auto exchange = [&](const Small& p) {
        p_ = p;
        work_.residuals.swap(work_.trial_residuals);
        work_.jacobian.swap(work_.trial_jacobian);
        linearise(delta);
      };
      exchange(next);
      if (gradient_norm_ <= 0.5 * gradient) {
        cost_ = cost;
        continue;
      }
      exchange(before);
      break;
    }
  }

  LeastSquaresResult result(bool stopped) const {
    LeastSquaresResult result;
    result.parameters.assign(p_.begin(), p_.begin() + static_cast<std::ptrdiff_t>(k_));
    result.cost = cost_;
    result.gradient_norm = gradient_norm_;
    result.iterations = iterations_;
    result.status = stopped ? LeastSquaresStatus::converged : LeastSquaresStatus::max_iterations;
    return result;
  }

 private:
  using Small = std::array<double, kMaxSmallParameters>;

  static bool all_finite(std::span<const double> values) {
    return std::all_of(values.begin(), values.end(), [](double x) { return std::isfinite(x); });
  }
  double lower(std::size_t j) const {
    return problem_.lower.empty() ? -std::numeric_limits<double>::infinity() : problem_.lower[j];
  }
  double upper(std::size_t j) const {
    return problem_.upper.empty() ? std::numeric_limits<double>::infinity() : problem_.upper[j];
  }
  std::span<double> numbers_of(std::vector<double>& jacobian) const { return {jacobian.data(), n_ * k_}; }
  double clamp(std::size_t j, double x) const { return std::clamp(x, lower(j), upper(j)); }
  double cost_of(std::span<const double> residuals, double delta) const { return sums_of_.cost(residuals, delta); }

  // Gradient, curvature and scale of F at p; the coordinates at their bounds; the scaled gradient.
  void linearise(double delta) {
    sums_of_.add(work_.residuals, work_.jacobian, delta, linear_part_curvature_, work_.chunks, sums_);
    // In units of squared residuals where a loss of absolute values is not linear.
    const double length = sums_.length, squares = options_.loss == RobustLoss::absolute ? length * delta : length;
    const double exact = 64 * std::numeric_limits<double>::epsilon();
    gradient_norm_ = 0;
    for (std::size_t a = 0; a < k_; ++a) {
      held_[a] = (p_[a] <= lower(a) && sums_.gradient[a] >= 0) || (p_[a] >= upper(a) && sums_.gradient[a] <= 0);
      if (!held_[a] && sums_.scale[a] > 0 && squares > exact * exact * static_cast<double>(n_))
        gradient_norm_ = std::max(gradient_norm_, std::abs(sums_.gradient[a]) / std::sqrt(sums_.scale[a] * length));
    }
  }

  // Whether the Gauss-Newton step, without damping, promises at most decrease_tolerance.
  bool little_to_gain() {
    if (!(options_.decrease_tolerance > 0)) return false;
    const double damping = std::exchange(damping_, 0);
    Small move{};
    const bool known = direction(move);
    damping_ = damping;
    return known && predicted_decrease(move) <= options_.decrease_tolerance;
  }

  // Raises the damping until a step lowers F; false if none does.
  bool step(double delta) {
    double growth = 2;
    for (int attempt = 0; attempt < 60; ++attempt, damping_ = std::max(damping_, kLeastDamping) * growth, growth *= 2) {
      Small move{}, next{};
      if (!direction(move)) continue;
      double longest = 0;
      for (std::size_t a = 0; a < k_; ++a) {
        next[a] = clamp(a, p_[a] + move[a]);
        move[a] = next[a] - p_[a];
        longest = std::max(longest, std::abs(move[a]) / (1e-3 + std::abs(p_[a])));
      }
      if (longest <= options_.step_tolerance * 1e-2) return false;
      if (!problem_.evaluate({next.data(), k_}, work_.trial_residuals, numbers_of(work_.trial_jacobian))) continue;
      const double cost = cost_of(work_.trial_residuals, delta);
      if (!(cost < cost_)) continue;
      const double agreement = (cost_ - cost) / predicted_decrease(move);
      const double t = 2 * agreement - 1;
      damping_ = std::max(kLeastDamping,
                          damping_ * (agreement > 0 ? std::clamp(1 - t * t * t, 0.1, 2.0) : 2.0));  // Nielsen 1999
      const bool worthwhile = cost_ - cost > 1e-16 * cost_;
      p_ = next;
      cost_ = cost;
      work_.residuals.swap(work_.trial_residuals);
      work_.jacobian.swap(work_.trial_jacobian);
      return worthwhile;
    }
    return false;
  }

  bool direction(Small& move) {
    std::copy_n(sums_.curvature.begin(), k_ * k_, work_.factor.begin());
    for (std::size_t a = 0; a < k_; ++a) {
      double& diagonal = work_.factor[a * k_ + a];
      diagonal += damping_ * sums_.scale[a] + std::numeric_limits<double>::min();
      if (!held_[a]) continue;
      for (std::size_t b = 0; b < k_; ++b) work_.factor[std::max(a, b) * k_ + std::min(a, b)] = 0;
      diagonal = 1;
    }
    if (!factorise(work_.factor.data(), k_)) return false;
    for (std::size_t a = 0; a < k_; ++a) move[a] = held_[a] ? 0 : -sums_.gradient[a];
    solve(work_.factor.data(), move.data(), k_);
    return all_finite({move.data(), k_});
  }

  double predicted_decrease(const Small& move) const {
    double decrease = 0;
    for (std::size_t a = 0; a < k_; ++a) {
      double curved = 0;
      for (std::size_t b = 0; b < k_; ++b) curved += sums_.curvature[std::max(a, b) * k_ + std::min(a, b)] * move[b];
      decrease -= move[a] * (sums_.gradient[a] + 0.5 * curved);
    }
    return decrease;
  }

  const LeastSquaresProblem& problem_;
  const LeastSquaresOptions& options_;
  LeastSquaresWorkspace& work_;
  std::size_t n_, n_robust_, k_;
  ResidualSums sums_of_;
  LeastSquaresSums sums_;
  Small p_{};
  std::array<bool, kMaxSmallParameters> held_{};
  double cost_ = 0, gradient_norm_ = 1, damping_ = 1e-3, linear_part_curvature_ = kLinearPartCurvature;
  int iterations_ = 0;
};

}  // namespace

LeastSquaresResult minimise_small(const LeastSquaresProblem& problem, std::span<const double> start,
                                  const LeastSquaresOptions& options, LeastSquaresWorkspace& workspace) {
  PHASELAW_CHECK(problem.n_parameters >= 1 && problem.n_parameters <= kMaxSmallParameters);
  PHASELAW_CHECK_EQ(start.size(), problem.n_parameters);
  PHASELAW_CHECK(problem.n_plain <= problem.n_residuals);
  Descent descent(problem, options, workspace);
  if (!descent.start(start)) {
    LeastSquaresResult failed;
    failed.parameters.assign(start.begin(), start.end());
    failed.gradient_norm = 1;
    return failed;
  }
  if (options.loss != RobustLoss::none && options.from_afar)
    for (const double share : {4.0, 1.0, 0.25}) {
      const double wide = share * descent.median_residual();
      if (wide > 2 * options.delta) (void)descent.descend(wide, 1e-2, 30);
    }
  const bool stopped = descent.descend(options.delta, options.gradient_tolerance, options.max_iterations);
  if (options.polish) descent.polish(options.delta, options.gradient_tolerance);
  return descent.result(stopped);
}

}  // namespace phaselaw::numerics
