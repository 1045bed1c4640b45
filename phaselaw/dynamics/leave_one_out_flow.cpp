// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/leave_one_out_flow.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "phaselaw/base/errors.h"
#include "phaselaw/dynamics/leave_one_out_methods.h"

namespace phaselaw::dynamics {

namespace {

namespace methods = leave_one_out_methods;

// Error of the rational form at span = 2 t h_max / n (header).
double rational_error(double span) {
  return 2e-13 * std::sqrt(std::max(1.0, span)) + 4 * std::numeric_limits<double>::epsilon() * span;
}

// The spectra of kernels decay, so Krylov spaces need about a third of the steps in the bound.
constexpr double kShareOfBound = 0.4;

struct Cost {
  double rational = 0, lanczos = 0;  // flop
};

Cost predicted_cost(const SequenceProblem& problem, const Folds& folds, double span, std::size_t times,
                    double tolerance) {
  const auto m = static_cast<double>(problem.rows()), count = static_cast<double>(folds.size());
  const double held = m / count;
  const double steps = std::min(kShareOfBound * methods::expected_krylov_steps(span, tolerance), m / 2);
  // Reorthogonalisation, 2 M k^2 flop per fold, runs at memory speed, about a tenth of that of a product.
  return {9 * m * m * m + static_cast<double>(times) * 24 * m * m * (held + 3),
          2 * m * m * count * steps + 10 * 2 * m * count * steps * steps};
}

}  // namespace

LeaveOutFlow leave_out_flow(const SequenceProblem& problem, std::span<const double> times, const Folds& folds,
                            const LeaveOutFlowOptions& options) {
  validate(problem);
  validate(folds, problem.n_sequences());
  validate_times(times);
  if (!(options.tolerance > 0) || !(options.memory_limit > 0))
    throw base::InputError("leave-one-out flow: expected tolerance > 0 and memory_limit > 0");

  std::vector<double> finite;
  for (const double t : times)
    if (std::isfinite(t)) finite.push_back(t);
  std::size_t largest_fold = 0;
  for (const auto& fold : folds) largest_fold = std::max(largest_fold, fold.size());
  const double n_least = static_cast<double>(problem.n_sequences() - static_cast<std::int64_t>(largest_fold));
  const double latest = finite.empty() ? 0 : *std::max_element(finite.begin(), finite.end());
  const double span = 2 * latest / n_least * methods::rough_largest_eigenvalue(problem.kernel);

  LeaveOutFlow result;
  const bool any_infinite = finite.size() < times.size();
  const Cost cost = predicted_cost(problem, folds, span, times.size(), options.tolerance);
  const bool use_lanczos = options.method == FlowMethod::lanczos ||
                           (options.method == FlowMethod::automatic && !any_infinite && cost.lanczos < cost.rational);
  result.method = use_lanczos ? FlowMethod::lanczos : FlowMethod::rational;

  numerics::Matrix<double> errors(static_cast<Eigen::Index>(times.size()), problem.rows());
  Folds by_rational = folds;
  if (use_lanczos && !finite.empty()) {
    numerics::Matrix<double> found(static_cast<Eigen::Index>(finite.size()), problem.rows());
    auto outcome = methods::lanczos(problem, finite, folds, options, found);
    result.error_estimate = outcome.error_estimate;
    result.krylov_steps = outcome.steps;
    result.handed_over = static_cast<std::int64_t>(outcome.unfinished.size());
    for (std::size_t t = 0, k = 0; t < times.size(); ++t)
      if (std::isfinite(times[t])) errors.row(static_cast<Eigen::Index>(t)) = found.row(static_cast<Eigen::Index>(k++));
    by_rational = std::move(outcome.unfinished);
  }
  if (!by_rational.empty()) {
    methods::rational(problem, times, by_rational, errors);
    result.error_estimate = std::max(result.error_estimate, rational_error(span));
  }
  if (use_lanczos && any_infinite) {
    const double infinity[] = {INFINITY};
    numerics::Matrix<double> last(1, problem.rows());
    methods::rational(problem, infinity, folds, last);
    for (std::size_t t = 0; t < times.size(); ++t)
      if (std::isinf(times[t])) errors.row(static_cast<Eigen::Index>(t)) = last.row(0);
  }

  errors.rowwise() -= problem.noise().transpose();
  for (Eigen::Index t = 0; t < errors.rows(); ++t)
    result.at.push_back(
        held_out_risk({errors.row(t).data(), static_cast<std::size_t>(errors.cols())}, problem.rows_per_sequence));
  return result;
}

LeaveOutFlow leave_one_out_flow(const SequenceProblem& problem, std::span<const double> times,
                                const LeaveOutFlowOptions& options) {
  validate(problem);
  return leave_out_flow(problem, times, leave_one_out_folds(problem.n_sequences()), options);
}

}  // namespace phaselaw::dynamics
