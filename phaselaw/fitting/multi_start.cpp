// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/multi_start.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"

namespace phaselaw::fitting {

namespace {

using numerics::LeastSquaresResult;
using numerics::LeastSquaresStatus;

// Bound of the scaled gradient of a certified optimum: far below statistical errors, far above rounding.
constexpr double kCertifiedGradient = 1e-6;
constexpr double kAgreedCost = 1e-6, kAgreedTheta = 1e-3;

bool same_optimum(const LeastSquaresResult& a, const LeastSquaresResult& best, std::size_t n_rows, bool& same_cost) {
  const double rounding = 1e-24 * static_cast<double>(n_rows);  // squared log residuals of an exact fit
  same_cost = a.status == LeastSquaresStatus::converged && a.cost <= best.cost * (1 + kAgreedCost) + rounding;
  if (!same_cost) return false;
  for (std::size_t j = 0; j < a.parameters.size(); ++j)
    if (std::abs(a.parameters[j] - best.parameters[j]) > kAgreedTheta * std::max(1.0, std::abs(best.parameters[j])))
      return false;
  return true;
}

}  // namespace

MultiStart multi_start(Refitter& refitter) {
  MultiStart search;
  search.starts = refitter.form().starts();
  search.best.cost = std::numeric_limits<double>::infinity();
  std::vector<LeastSquaresResult> found;
  for (const auto& start : search.starts) {
    found.push_back(refitter.solve(start));
    const auto& last = found.back();
    if (last.status != LeastSquaresStatus::failed && last.cost < search.best.cost) search.best = last;
  }
  Convergence& convergence = search.convergence;
  convergence.starts = static_cast<int>(found.size());
  convergence.grid_points = refitter.form().grid_points();
  if (!std::isfinite(search.best.cost)) {
    convergence.status = "failed: the form is not defined at any start";
    return search;
  }
  // A second solver starts at the end of the first; it must not find a lower objective.
  const LeastSquaresResult certified = refitter.certify(search.best.parameters);
  if (certified.status == LeastSquaresStatus::converged && certified.cost < search.best.cost) {
    const int iterations = search.best.iterations;
    search.best = certified;
    search.best.iterations = iterations + certified.iterations;
  }
  if (LeastSquaresResult polished = refitter.polish(search.best.parameters);
      polished.status == LeastSquaresStatus::converged && polished.cost <= search.best.cost * (1 + 1e-12)) {
    polished.iterations += search.best.iterations;
    search.best = std::move(polished);
  }
  const int needed = std::min(2, convergence.starts);  // a form with one start has one optimum
  int same_costs = 0;
  for (const auto& result : found) {
    bool same_cost = false;
    convergence.agreed += same_optimum(result, search.best, refitter.form().n_rows(), same_cost) ? 1 : 0;
    same_costs += same_cost ? 1 : 0;
  }
  convergence.iterations = search.best.iterations;
  convergence.gradient_norm = search.best.gradient_norm;
  convergence.condition = certified.jacobian_condition;
  if (search.best.status != LeastSquaresStatus::converged)
    convergence.status = fmt::format("not converged after {} iterations", search.best.iterations);
  else if (!(search.best.gradient_norm <= kCertifiedGradient))
    convergence.status = fmt::format("stalled: scaled gradient {} above {}",
                                     base::format_number(search.best.gradient_norm, 2, base::Notation::power),
                                     base::format_number(kCertifiedGradient));
  else if (convergence.agreed < needed && same_costs >= needed)
    convergence.status = "flat: starts reach the same objective with different parameters";
  else if (convergence.agreed < needed)
    convergence.status = "uncertain: only one start reaches this objective";
  else
    convergence.status = "converged";
  convergence.certified = convergence.status == "converged";
  return search;
}

void judge_gradient(const LeastSquaresResult& optimum, Convergence& convergence) {
  convergence.gradient_norm = optimum.gradient_norm;
  convergence.iterations += optimum.iterations;
  if (!convergence.certified || optimum.gradient_norm <= kCertifiedGradient) return;
  convergence.certified = false;
  convergence.status = fmt::format("stalled: scaled gradient {} above {}",
                                   base::format_number(optimum.gradient_norm, 2, base::Notation::power),
                                   base::format_number(kCertifiedGradient));
}

}  // namespace phaselaw::fitting
