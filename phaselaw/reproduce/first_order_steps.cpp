// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>

#include "phaselaw/base/interrupt.h"
#include "phaselaw/dynamics/first_order.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/reproduce/first_order_gap.h"
#include "phaselaw/theory/first_order.h"

// The measurements of first_order_gap.h.
namespace phaselaw::reproduce {

namespace {

using dynamics::ClosedForm;
using numerics::Index;
using numerics::Vector;
using Counts = std::vector<std::int64_t>;

constexpr std::size_t kCountsAtOnce = 64;
constexpr std::int64_t kMostIterations = 1'000'000'000'000;
constexpr int kLawsonRounds = 40;

dynamics::SpectralPath iterate(const ClosedForm& problem, FirstOrderMethod method, const Counts& counts) {
  switch (method) {
    case FirstOrderMethod::gradient_descent:
      return dynamics::gradient_descent(problem, dynamics::best_step(problem), counts);
    case FirstOrderMethod::heavy_ball:
      return dynamics::heavy_ball(problem, dynamics::optimal_heavy_ball(problem), counts);
    case FirstOrderMethod::chebyshev:
      return dynamics::chebyshev(problem, counts);
    case FirstOrderMethod::conjugate_gradient:
      return dynamics::conjugate_gradient(problem, counts);
  }
  return {};
}

// Loss factor of row k of a path.
using LossOf = std::function<double(const dynamics::SpectralPath&, Index)>;

LossOf loss_of_start(const ClosedForm& problem) {
  const double start = problem.start().head(problem.rank()).squaredNorm();
  return [&problem, start](const dynamics::SpectralPath& path, Index k) {
    return path.residual.row(k).head(problem.rank()).squaredNorm() / start;
  };
}
// For methods with a polynomial that does not depend on the start, from a start that is 1 along every mode.
LossOf worst_loss(const ClosedForm& problem) {
  return [&problem](const dynamics::SpectralPath& path, Index k) {
    return path.residual.row(k).head(problem.rank()).array().square().maxCoeff();
  };
}

// Iteration counts from first to last, at most kCountsAtOnce of them, including both ends.
Counts between(std::int64_t first, std::int64_t last) {
  Counts counts;
  if (last - first < static_cast<std::int64_t>(kCountsAtOnce)) {
    for (std::int64_t k = first; k <= last; ++k) counts.push_back(k);
    return counts;
  }
  for (const double k : numerics::log_spaced(static_cast<double>(first), static_cast<double>(last), kCountsAtOnce)) {
    const auto rounded = std::clamp<std::int64_t>(std::llround(k), first, last);
    if (counts.empty() || rounded > counts.back()) counts.push_back(rounded);
  }
  return counts;
}

// The first count >= 1 with a loss factor at or below `accuracy`: the bracket doubles, then shrinks. For a loss that
// rises again in between (heavy ball may), the count within the final bracket is returned.
double steps_to(const ClosedForm& problem, FirstOrderMethod method, const LossOf& loss, double accuracy) {
  std::int64_t above = 0, at = 64;
  while (true) {
    base::throw_if_interrupted();
    const auto counts = between(above + 1, at);
    const auto path = iterate(problem, method, counts);
    std::size_t k = 0;
    while (k < counts.size() && !(loss(path, static_cast<Index>(k)) <= accuracy)) ++k;
    if (k < counts.size()) {
      at = counts[k];
      if (k > 0) above = counts[k - 1];
      if (at == above + 1) return static_cast<double>(at);
    } else {
      above = at;
      if (at >= kMostIterations) return std::numeric_limits<double>::infinity();
      at *= method == FirstOrderMethod::gradient_descent ? 64 : 4;
    }
  }
}

// A start with the given coordinates along the modes.
void start_from(ClosedForm& problem, const Vector<double>& modes) {
  const Vector<double> start = problem.vectors().transpose() * modes;
  const std::vector<double> targets(start.size(), 0.0);
  problem.set_targets(targets, std::span<const double>(start.data(), static_cast<std::size_t>(start.size())));
}

Vector<double> ones(const ClosedForm& problem) {
  Vector<double> modes = Vector<double>::Zero(problem.rows());
  modes.head(problem.rank()).setOnes();
  return modes;
}

// The start from which conjugate gradients need the most iterations to `accuracy`, as found by Lawson's iteration.
struct Hardest {
  double steps = 0;
  Vector<double> modes;
};
Hardest hardest_for_conjugate_gradients(ClosedForm& problem, double accuracy) {
  constexpr auto kMethod = FirstOrderMethod::conjugate_gradient;
  Hardest hardest;
  Vector<double> modes = ones(problem);
  for (int round = 0; round < kLawsonRounds; ++round) {
    start_from(problem, modes);
    const double steps = steps_to(problem, kMethod, loss_of_start(problem), accuracy);
    if (steps > hardest.steps) hardest = {steps, modes};
    if (!std::isfinite(steps)) break;
    // The polynomial one step before the accuracy is reached, at every mode.
    const Counts count = {std::max<std::int64_t>(static_cast<std::int64_t>(steps) - 1, 1)};
    const Vector<double> residual = iterate(problem, kMethod, count).residual.row(0).transpose();
    for (Index i = 0; i < problem.rank(); ++i)
      if (modes[i] > 0) modes[i] *= std::sqrt(std::abs(residual[i] / problem.start()[i]));
    modes /= modes.norm();
    if (!modes.allFinite()) break;
  }
  return hardest;
}

}  // namespace

std::string name_of(FirstOrderMethod method) {
  switch (method) {
    case FirstOrderMethod::gradient_descent:
      return "gradient descent";
    case FirstOrderMethod::heavy_ball:
      return "heavy ball";
    case FirstOrderMethod::chebyshev:
      return "Chebyshev";
    case FirstOrderMethod::conjugate_gradient:
      return "conjugate gradients";
  }
  return {};
}

KernelSteps measure_steps(const ClosedForm& measured, std::string label) {
  ClosedForm problem = measured;
  KernelSteps result;
  result.label = std::move(label);
  result.rows = problem.rows();
  result.rank = problem.rank();
  result.condition_number = dynamics::first_order_rates(problem).condition_number;
  for (std::size_t a = 0; a < kLossFactors.size(); ++a)
    for (std::size_t m = 0; m < kFirstOrderMethods.size(); ++m)
      result.actual[a][m] = steps_to(measured, kFirstOrderMethods[m], loss_of_start(measured), kLossFactors[a]);
  for (std::size_t a = 0; a < kLossFactors.size(); ++a) {
    start_from(problem, ones(problem));
    for (std::size_t m = 0; m < kFirstOrderMethods.size(); ++m)
      if (kFirstOrderMethods[m] != FirstOrderMethod::conjugate_gradient)
        result.worst[a][m] = steps_to(problem, kFirstOrderMethods[m], worst_loss(problem), kLossFactors[a]);
    result.worst[a].back() = hardest_for_conjugate_gradients(problem, kLossFactors[a]).steps;
  }
  return result;
}

LossCurves measure_curves(const ClosedForm& measured, std::string label) {
  ClosedForm problem = measured;
  LossCurves curves;
  curves.label = std::move(label);
  curves.condition_number = dynamics::first_order_rates(problem).condition_number;
  const double last = theory::gd_steps(curves.condition_number, kLossFactors.back());
  const Counts counts = between(1, std::max<std::int64_t>(static_cast<std::int64_t>(last), 2));
  // Beyond this the accelerated methods have reached the rounding of doubles.
  const double finest = 4 * theory::chebyshev_steps(curves.condition_number, 1e-20);
  curves.iterations.assign(counts.begin(), counts.end());
  const auto hardest = hardest_for_conjugate_gradients(problem, kLossFactors[kMainFactor]);
  for (std::size_t m = 0; m < kFirstOrderMethods.size(); ++m) {
    const bool adapts = kFirstOrderMethods[m] == FirstOrderMethod::conjugate_gradient;
    start_from(problem, adapts ? hardest.modes : ones(problem));
    const LossOf loss = adapts ? loss_of_start(problem) : worst_loss(problem);
    Counts some = counts;
    if (kFirstOrderMethods[m] != FirstOrderMethod::gradient_descent)
      std::erase_if(some, [&](std::int64_t k) { return static_cast<double>(k) > finest; });
    const auto path = iterate(problem, kFirstOrderMethods[m], some);
    for (std::size_t k = 0; k < some.size(); ++k) curves.loss[m].push_back(loss(path, static_cast<Index>(k)));
  }
  return curves;
}

OracleRatio worst_quadratic(double condition_number, int k) {
  const double half = (condition_number - 1) / 2;
  const Index size = k + 1;
  Vector<double> h(size), log_weight(size);
  for (Index i = 0; i < size; ++i)
    h[i] = 1 + 2 * half * std::pow(std::cos(std::numbers::pi * static_cast<double>(i) / (2 * k)), 2);
  for (Index i = 0; i < size; ++i) {
    log_weight[i] = 0;
    for (Index j = 0; j < size; ++j)
      if (j != i) log_weight[i] += std::log(h[j]) - std::log(std::abs(h[j] - h[i]));
  }
  const Vector<double> start = ((log_weight.array() - log_weight.maxCoeff()) / 2).exp().matrix();
  const std::vector<double> targets(static_cast<std::size_t>(size), 0.0);
  const ClosedForm problem(numerics::Matrix<double>(h.asDiagonal()), 1, targets,
                           std::span<const double>(start.data(), static_cast<std::size_t>(size)));
  OracleRatio least{
      .condition_number = condition_number, .ratio = std::numeric_limits<double>::infinity(), .k = k, .method = {}};
  const Counts count = {k};
  for (const auto method : kFirstOrderMethods) {
    const double loss = loss_of_start(problem)(iterate(problem, method, count), 0);
    const double ratio = std::exp(std::log(loss) - theory::log_oracle_bound(condition_number, k));
    if (ratio < least.ratio) {
      least.ratio = ratio;
      least.method = name_of(method);
    }
  }
  return least;
}

}  // namespace phaselaw::reproduce
