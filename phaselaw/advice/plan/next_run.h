// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/advice/plan/allocation.h"
#include "phaselaw/base/value.h"
#include "phaselaw/fitting/fit_file.h"

// Which run to train next, so that the interval of a chosen quantity shrinks most.
//
// With J the gradients of ln L by the fitted coordinates at the rows (weighted), V = (J^T J)^-1, c the gradient of the
// quantity and g that of ln L at a new run, a run of the same noise leaves
//   width after / width before = sqrt(1 - (c^T V g)^2 / ((1 + g^T V g) c^T V c))          c-optimality
//   volume of the joint region after / before = 1/sqrt(1 + g^T V g)                        D-optimality, quantity "all"
// [T: Fedorov 1972, Atkinson and Donev 1992]. For a robust loss the scale E[psi^2]/E[psi']^2 cancels. Linear in the
// parameters about the fit: right where intervals are narrow; the ratio is of the information, not of one outcome.
// Candidates: a grid in ln N and ln D of runs that cost at most the budget.
namespace phaselaw::advice {

struct DesignRequest {
  std::string quantity = "n_params";            // a parameter; n_params, tokens or loss at `compute`; "all"
  double compute = 0;                           // where n_params, tokens and loss are wanted
  double budget = 0;                            // most FLOP for the run
  std::size_t grid = 25;                        // sizes by token counts
  double least_n_params = 0, least_tokens = 0;  // 0: a third of the smallest fitted
};

struct NextRun {
  double n_params = 0, tokens = 0, compute = 0;
  double ratio = 1;     // of widths, or volumes, after to before
  double furthest = 1;  // factor by which it lies outside the fitted rows
};

struct Design {
  std::string quantity;
  NextRun best;
  NextRun within;                   // the best that lies inside the fitted rows' sizes; ratio 1 where none does
  NextRun cheap;                    // the cheapest that gains nine tenths of what the best gains in ln width
  std::vector<NextRun> candidates;  // all, for a map
  std::vector<std::string> warnings;
};

// InputError: a quantity that is not known (nearest name), a law without sizes, a budget below the smallest candidate,
// parameters that the rows leave undetermined (singular J^T J).
[[nodiscard]] Design next_run(const fitting::SavedFit& saved, const Situation& situation, const DesignRequest& request);

// `ratio` of one run; for tests and for a user's own candidate.
[[nodiscard]] double width_ratio(const fitting::SavedFit& saved, const Situation& situation,
                                 const DesignRequest& request, double n_params, double tokens);

[[nodiscard]] base::Value to_value(const Design& design);

}  // namespace phaselaw::advice
