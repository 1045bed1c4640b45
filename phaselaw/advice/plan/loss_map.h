// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "phaselaw/fitting/fit_file.h"
#include "phaselaw/advice/isoflop/isoflop.h"
#include "phaselaw/advice/plan/plan.h"

// What figures of a plan show: the law over sizes, and the measured optima beside it.
namespace phaselaw::advice {

// Where the law has one loss: D at each N that has one within the range shown.
struct Contour {
  double loss = 0;
  std::vector<double> n_params, tokens;
};
// The contours of the losses of the optimum at `computes`, over N and D from those of the rows to those of the optima
// with a margin. Empty for a law without sizes, or with a size held.
[[nodiscard]] std::vector<Contour> loss_contours(const fitting::SavedFit& saved, const Situation& situation,
                                                 const std::vector<double>& computes);

// Minima of Akima's spline over the table's budgets that have one inside; empty where there are no three budgets, or
// no gap of `tolerance` between one budget and the next: loss curves are no IsoFLOP table.
[[nodiscard]] std::vector<Vertex> measured_optima(const tables::Measurements& data, double tolerance = 0.1);

// Computes from the cheapest row to a factor beyond the dearest row and plan, evenly in the logarithm.
[[nodiscard]] std::vector<double> computes_to_show(const fitting::SavedFit& saved, const Plan& plan, std::size_t count);

}  // namespace phaselaw::advice
