// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/first_order.h"

#include <cmath>
#include <stdexcept>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"

namespace phaselaw::dynamics {

namespace {

using base::kInfinity;
using numerics::Index;
using numerics::Matrix;
using numerics::Vector;

// Smallest and largest of the modes that are not null, in units of the problem.
struct Band {
  double low = 0, high = 0;
};
Band band(const ClosedForm& problem) {
  if (problem.rank() == 0) return {};
  return {problem.scaled_eigenvalues()[problem.rank() - 1], problem.scaled_eigenvalues()[0]};
}

// Converts step (a time) to and from its dimensionless form (2 step/n) unit, which multiplies scaled eigenvalues.
double scaled_step(const ClosedForm& problem, double step) {
  return 2 * (step / static_cast<double>(problem.n_data())) * problem.unit();
}
double step_of(const ClosedForm& problem, double scaled) {
  return scaled / 2 * static_cast<double>(problem.n_data()) / problem.unit();
}

// Residual and coefficients of one iterate.
struct Iterate {
  Vector<double> residual, coefficients;
};

// Runs `advance(iterate)` up to each count and stores the result.
template <class Advance>
SpectralPath run(const ClosedForm& problem, std::span<const std::int64_t> counts, Advance&& advance) {
  require_counts(counts);
  const auto points = static_cast<Index>(counts.size());
  SpectralPath path{Matrix<double>(points, problem.rows()), Matrix<double>(points, problem.rows())};
  Iterate iterate{problem.start(), Vector<double>::Zero(problem.rows())};
  std::int64_t done = 0;
  for (Index k = 0; k < points; ++k) {
    for (; done < counts[static_cast<std::size_t>(k)]; ++done) {
      base::throw_if_interrupted();
      advance(iterate);
    }
    path.residual.row(k) = iterate.residual.transpose();
    path.coefficients.row(k) = iterate.coefficients.transpose();
  }
  return path;
}

}  // namespace

void require_counts(std::span<const std::int64_t> counts) {
  for (std::size_t k = 0; k < counts.size(); ++k) {
    if (counts[k] < 0)
      throw base::InputError(fmt::format("iteration counts: expected numbers >= 0, found {}", counts[k]));
    if (k > 0 && counts[k] < counts[k - 1])
      throw base::InputError(fmt::format("iteration counts: expected ascending order, found {} after {}; sort them",
                                         counts[k], counts[k - 1]));
  }
}

double step_limit(const ClosedForm& problem) {
  return problem.rank() > 0 ? step_of(problem, 2 / band(problem).high) : kInfinity;
}

double best_step(const ClosedForm& problem) {
  return problem.rank() > 0 ? step_of(problem, 2 / (band(problem).high + band(problem).low)) : kInfinity;
}

SpectralPath gradient_descent(const ClosedForm& problem, double step, std::span<const std::int64_t> counts) {
  require_counts(counts);
  const double limit = step_limit(problem);
  if (!(step > 0 && step < limit))
    throw base::InputError(
        fmt::format("step: gradient descent on this kernel needs 0 < step < n/lambda_max = {}, found {}",
                    base::format_number(limit, 6), step));
  const double a = scaled_step(problem, step);
  const auto points = static_cast<Index>(counts.size());
  const Vector<double>& z = problem.scaled_eigenvalues();
  SpectralPath path{Matrix<double>(points, problem.rows()), Matrix<double>(points, problem.rows())};
  for (Index k = 0; k < points; ++k) {
    const auto count = static_cast<double>(counts[static_cast<std::size_t>(k)]);
    for (Index i = 0; i < problem.rows(); ++i) {
      // p = (1 - s)^k, and p - 1 without cancellation for small s.
      const double s = a * z[i], c = problem.start()[i];
      const double log_p = s < 1 ? count * std::log1p(-s) : 0;
      const double p = s < 1 ? std::exp(log_p) : std::pow(1 - s, count);
      const double gained = s < 1 ? std::expm1(log_p) : p - 1;
      path.residual(k, i) = p * c;
      path.coefficients(k, i) = (s > 0 ? -gained / z[i] : count * a) * c;
    }
  }
  return path;
}

HeavyBall optimal_heavy_ball(double h_min, double h_max, std::int64_t n_data) {
  if (!(h_min > 0 && h_min <= h_max && h_max < kInfinity && n_data >= 1))
    throw std::domain_error(fmt::format(
        "heavy ball needs 0 < h_min <= h_max < infinity and n_data >= 1, found {}, {}, {}", h_min, h_max, n_data));
  const double root = std::sqrt(h_min / h_max);  // 1/sqrt(kc)
  return {2 * static_cast<double>(n_data) / h_max / ((1 + root) * (1 + root)), std::pow((1 - root) / (1 + root), 2)};
}

HeavyBall optimal_heavy_ball(const ClosedForm& problem) {
  if (problem.rank() == 0) throw base::InputError("heavy ball: the kernel is zero, so nothing can be trained");
  const auto& h = problem.spectrum().eigenvalues;
  return optimal_heavy_ball(h[static_cast<std::size_t>(problem.rank() - 1)], h[0], problem.n_data());
}

SpectralPath heavy_ball(const ClosedForm& problem, const HeavyBall& method, std::span<const std::int64_t> counts) {
  if (!(method.momentum >= 0 && method.momentum < 1))
    throw base::InputError(fmt::format("momentum: expected a number in [0, 1), found {}", method.momentum));
  const double limit = (1 + method.momentum) * step_limit(problem);
  if (!(method.step > 0 && method.step < limit))
    throw base::InputError(
        fmt::format("step: heavy ball with momentum {} needs 0 < step < (1 + momentum) n/lambda_max = {}, found {}",
                    method.momentum, base::format_number(limit, 6), method.step));
  const double a = scaled_step(problem, method.step), b = method.momentum;
  const Vector<double> damped = a * problem.scaled_eigenvalues();
  Vector<double> residual_move = Vector<double>::Zero(problem.rows()), coefficient_move = residual_move;
  return run(problem, counts, [&](Iterate& at) {
    coefficient_move = b * coefficient_move + a * at.residual;
    residual_move.array() = b * residual_move.array() - damped.array() * at.residual.array();
    at.residual += residual_move;
    at.coefficients += coefficient_move;
  });
}

SpectralPath chebyshev(const ClosedForm& problem, std::span<const std::int64_t> counts) {
  const Band ends = band(problem);
  const double center = (ends.high + ends.low) / 2, half = (ends.high - ends.low) / 2;
  const Vector<double>& z = problem.scaled_eigenvalues();
  double ratio = 0;
  bool first = true;
  Vector<double> move = Vector<double>::Zero(problem.rows());
  return run(problem, counts, [&](Iterate& at) {
    if (problem.rank() == 0) return;
    if (first) {
      ratio = half / center;
      move = at.residual / center;
      first = false;
    } else {
      const double weight = 1 / (2 * center - half * ratio), next = half * weight;
      move = (next * ratio) * move + (2 * weight) * at.residual;
      ratio = next;
    }
    at.residual.array() -= z.array() * move.array();
    at.coefficients += move;
  });
}

SpectralPath conjugate_gradient(const ClosedForm& problem, std::span<const std::int64_t> counts) {
  const Vector<double>& z = problem.scaled_eigenvalues();
  // In the eigen-coordinates of the weights the gradient is sqrt(z) r; all quantities are stored divided by sqrt(z).
  const auto gradient = [&](const Vector<double>& r) { return (z.array() * r.array().square()).sum(); };
  Vector<double> direction = problem.start();
  double now = gradient(direction);
  return run(problem, counts, [&](Iterate& at) {
    const double curvature = (z.array() * direction.array()).square().sum();
    if (!(curvature > 0) || !(now > 0)) return;  // solved, to the last bit
    const double along = now / curvature;
    at.residual.array() -= along * z.array() * direction.array();
    at.coefficients += along * direction;
    const double next = gradient(at.residual);
    direction = at.residual + (next / now) * direction;
    now = next;
  });
}

FirstOrderRates first_order_rates(const ClosedForm& problem) {
  FirstOrderRates rates;
  if (problem.rank() == 0) return rates;
  const Band ends = band(problem);
  const double root = std::sqrt(ends.low / ends.high);
  rates.condition_number = ends.high / ends.low;
  rates.gradient_descent = std::pow((ends.high - ends.low) / (ends.high + ends.low), 2);
  rates.accelerated = std::pow((1 - root) / (1 + root), 2);
  return rates;
}

}  // namespace phaselaw::dynamics
