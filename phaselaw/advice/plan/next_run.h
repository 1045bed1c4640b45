// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/advice/plan/allocation.h"
#include "phaselaw/advice/plan/run_bounds.h"
#include "phaselaw/advice/text.h"
#include "phaselaw/base/value.h"
#include "phaselaw/fitting/fit_file.h"

// Chooses the run to train next so that the interval of a given quantity shrinks most.
//
// Let J be the gradients of ln L with respect to the fitted coordinates at the (weighted) rows, V = (J^T J)^-1, c the
// gradient of the quantity and g that of ln L at a new run. A run with the same noise leaves
//   width after / width before = sqrt(1 - (c^T V g)^2 / ((1 + g^T V g) c^T V c))          c-optimality
//   volume of the joint region after / before = 1/sqrt(1 + g^T V g)                        D-optimality ("all")
// [T: Fedorov 1972, Atkinson and Donev 1992]. For a robust loss the scale E[psi^2]/E[psi']^2 cancels. The design is
// linear in the parameters about the fit, so it is accurate if the intervals are narrow; the ratio refers to the
// expected information, not to a single outcome.
//
// The noise is estimated from the residuals, and a run adds one degree of freedom to its estimate. The ratio of widths
// therefore contains t(nu + 1)/t(nu), the quantiles of Student's t at the level of the fit, and that of volumes of k
// parameters (F(k, nu + 1)/F(k, nu))^(k/2); nu = n - k rows, or the clusters - 1. With few rows this is the larger gain:
// from nu = 1 to 2 a width falls to a third.
//
// Candidates: a grid in ln N and ln D of the runs within the bounds.
namespace phaselaw::advice {

struct DesignRequest {
  std::string quantity = "n_params";  // a parameter; n_params, tokens or loss at `compute`; "all"
  double compute = 0;                 // compute at which n_params, tokens and loss are evaluated
  RunBounds bounds{};
  std::size_t grid = 25;  // numbers of sizes and of token counts
};

struct NextRun {
  double n_params = 0, tokens = 0, compute = 0;
  double ratio = 1;     // ratio of widths, or volumes, after to before
  double furthest = 1;  // factor by which the run lies outside the fitted rows
};

struct Design {
  std::string quantity;
  NextRun best;
  NextRun within;                   // the best within the range of fitted sizes; ratio 1 if there is none
  NextRun cheap;                    // the cheapest with at least nine tenths of the best gain in ln width
  std::vector<NextRun> candidates;  // all candidates, for a map
  std::vector<Limit> limits;
};

// InputError: an unknown quantity (with the nearest name), a law without sizes, bounds that exclude each other (no run
// is within all of them), or parameters that the rows do not constrain (singular J^T J).
[[nodiscard]] Design next_run(const fitting::SavedFit& saved, const Situation& situation, const DesignRequest& request);

// `ratio` of one run; for tests and for a user's own candidate.
[[nodiscard]] double width_ratio(const fitting::SavedFit& saved, const Situation& situation,
                                 const DesignRequest& request, double n_params, double tokens);

[[nodiscard]] base::Value to_value(const Design& design);

}  // namespace phaselaw::advice
