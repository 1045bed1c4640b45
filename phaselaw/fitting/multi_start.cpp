// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/multi_start.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"

namespace phaselaw::fitting {

namespace {

using numerics::LeastSquaresResult;
using numerics::LeastSquaresStatus;

// Bound of the scaled gradient of a certified optimum: far below statistical errors, far above rounding.
constexpr double kCertifiedGradient = 1e-6;
constexpr double kAgreedCost = 1e-6, kAgreedTheta = 1e-3;
constexpr std::size_t kSearchRows = 256, kRefinedRows = 8192;  // rows on which starts, and their ends, are refined
constexpr std::size_t kKeptEnds = 3;                           // different ends that are refined on all rows
constexpr std::size_t kSecondSolverRows = 4096;
constexpr double kSearchGradient = 1e-6;
constexpr int kIterations = 300, kSearchIterations = 150;  // of the best end on all rows, and of all others

bool near(std::span<const double> a, std::span<const double> b) {
  for (std::size_t j = 0; j < a.size(); ++j)
    if (std::abs(a[j] - b[j]) > kAgreedTheta * std::max(1.0, std::abs(b[j]))) return false;
  return true;
}

// How far the objective of an end may lie above that of the optimum because of rounding and smoothing.
double cost_room(const Refitter& refitter, std::span<const double> optimum) {
  const std::size_t n = refitter.form().n_rows();
  const numerics::LeastSquaresOptions& options = refitter.solver_options();
  const double rounding = 1e-24 * static_cast<double>(n);  // squared log residuals of an exact fit
  if (options.loss != numerics::RobustLoss::absolute) return rounding;
  // The smoothed objective adds up to delta for each residual that is about 0.
  std::vector<double> residual(n);
  refitter.residuals(optimum, residual, {});
  double weight = static_cast<double>(optimum.size());
  for (std::size_t i = 0; i < n; ++i)
    if (std::abs(residual[i]) <= options.delta) weight += refitter.weights()[i];
  return options.delta * weight;
}

bool same_optimum(const LeastSquaresResult& a, const LeastSquaresResult& best, double room, bool& same_cost) {
  same_cost = a.status == LeastSquaresStatus::converged && a.cost <= best.cost * (1 + kAgreedCost) + room;
  return same_cost && near(a.parameters, best.parameters);
}

// The starts refined on all rows.
std::vector<LeastSquaresResult> search_all(Refitter& refitter, const std::vector<std::vector<double>>& starts) {
  std::vector<LeastSquaresResult> found;
  for (const auto& start : starts) found.push_back(refitter.solve(start));
  return found;
}

// The different ones among `ends`, the lowest first, at most kKeptEnds.
std::vector<LeastSquaresResult> best_ends(std::vector<LeastSquaresResult> ends) {
  std::erase_if(ends, [](const auto& end) { return end.status == LeastSquaresStatus::failed; });
  std::stable_sort(ends.begin(), ends.end(), [](const auto& a, const auto& b) { return a.cost < b.cost; });
  std::vector<LeastSquaresResult> kept;
  for (LeastSquaresResult& end : ends) {
    if (kept.size() == kKeptEnds) break;
    if (std::none_of(kept.begin(), kept.end(), [&](const auto& k) { return near(end.parameters, k.parameters); }))
      kept.push_back(std::move(end));
  }
  return kept;
}

// The starts refined on `sample`, and the best of their ends on all rows. Each start gives the end to which it leads; a
// start that leads to none of the kept ends has failed. Empty if the sample has too few rows with weight.
std::vector<LeastSquaresResult> search_sample(Refitter& refitter, const std::vector<std::vector<double>>& starts,
                                              std::size_t rows) {
  const LawForm& form = refitter.form();
  refitter.set_sample(form.spread_rows(rows), {});
  std::vector<LeastSquaresResult> found, ends;
  if (refitter.active_rows() >= 4 * form.coordinates().size())
    for (const auto& start : starts) ends.push_back(refitter.solve(start, kSearchGradient, false, kSearchIterations));
  std::vector<LeastSquaresResult> kept = best_ends(ends);
  std::vector<LeastSquaresResult> refined = kept;
  if (rows < kRefinedRows && form.n_rows() > 4 * kRefinedRows && !kept.empty()) {
    refitter.set_sample(form.spread_rows(kRefinedRows), {});
    for (LeastSquaresResult& end : refined) end = refitter.solve(end.parameters, kSearchGradient, true);
  }
  refitter.reset_weights();
  for (std::size_t k = 0; k < refined.size(); ++k) {
    // Ends that met on more rows are refined once.
    const auto met = std::find_if(refined.begin(), refined.begin() + static_cast<std::ptrdiff_t>(k),
                                  [&](const auto& other) { return near(other.parameters, refined[k].parameters); });
    refined[k] = met != refined.begin() + static_cast<std::ptrdiff_t>(k)
                     ? *met
                     : refitter.solve(refined[k].parameters, 1e-9, true, k == 0 ? kIterations : kSearchIterations);
  }
  for (const LeastSquaresResult& end : ends) {
    LeastSquaresResult& result = found.emplace_back();
    for (std::size_t k = 0; k < kept.size(); ++k)
      if (end.status != LeastSquaresStatus::failed && near(end.parameters, kept[k].parameters)) {
        result = refined[k];
        break;
      }
  }
  return found;
}

// A second solver starts at the end of the first; it must not find a lower objective. Returns the condition number.
double second_opinion(Refitter& refitter, LeastSquaresResult& best) {
  const bool absolute = refitter.solver_options().loss == numerics::RobustLoss::absolute;
  if (absolute || refitter.active_rows() > kSecondSolverRows)
    return refitter.measure(best.parameters).jacobian_condition;
  const LeastSquaresResult certified = refitter.certify(best.parameters);
  if (certified.status == LeastSquaresStatus::converged && certified.cost < best.cost) {
    const int iterations = best.iterations;
    best = certified;
    best.iterations = iterations + certified.iterations;
  }
  return certified.jacobian_condition;
}

// The best of the ends, checked, polished and judged.
MultiStart judged_search(Refitter& refitter, std::vector<std::vector<double>> starts,
                         const std::vector<LeastSquaresResult>& found) {
  MultiStart search;
  search.starts = std::move(starts);
  search.best.cost = std::numeric_limits<double>::infinity();
  for (const LeastSquaresResult& result : found)
    if (result.status != LeastSquaresStatus::failed && result.cost < search.best.cost) search.best = result;
  Convergence& convergence = search.convergence;
  convergence.starts = static_cast<int>(found.size());
  convergence.grid_points = refitter.form().grid_points();
  if (!std::isfinite(search.best.cost)) {
    convergence.status = "failed: the form is not defined at any start";
    return search;
  }
  convergence.condition = second_opinion(refitter, search.best);
  if (LeastSquaresResult polished = refitter.polish(search.best.parameters);
      polished.status == LeastSquaresStatus::converged && polished.cost <= search.best.cost * (1 + 1e-12)) {
    polished.iterations += search.best.iterations;
    search.best = std::move(polished);
  }
  const int needed = std::min(2, convergence.starts);  // a form with one start has one optimum
  const double room = cost_room(refitter, search.best.parameters);
  int same_costs = 0;
  for (const auto& result : found) {
    bool same_cost = false;
    convergence.agreed += same_optimum(result, search.best, room, same_cost) ? 1 : 0;
    same_costs += same_cost ? 1 : 0;
  }
  convergence.iterations = search.best.iterations;
  convergence.gradient_norm = search.best.gradient_norm;
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
  convergence.flat = search.best.gradient_norm <= kCertifiedGradient && convergence.agreed < needed;
  return search;
}

}  // namespace

MultiStart multi_start(Refitter& refitter) {
  const std::vector<std::vector<double>> starts = refitter.form().starts(refitter.raw());
  const std::size_t n = refitter.form().n_rows();
  if (2 * n > 3 * kSearchRows) {
    if (const auto found = search_sample(refitter, starts, kSearchRows); !found.empty()) {
      MultiStart search = judged_search(refitter, starts, found);
      // More rows can find another optimum, but not one where the law itself stops the descent.
      const bool descended =
          search.best.status == LeastSquaresStatus::converged && search.convergence.gradient_norm <= kCertifiedGradient;
      if (search.convergence.certified || !descended) return search;
    }
    if (n > 2 * kRefinedRows)
      if (const auto found = search_sample(refitter, starts, kRefinedRows); !found.empty())
        return judged_search(refitter, starts, found);
  }
  return judged_search(refitter, starts, search_all(refitter, starts));
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
