// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phaselaw/advice/isoflop/isoflop.h"
#include "phaselaw/advice/plan/plan_request.h"
#include "phaselaw/report/page.h"

// The plan for people: the table for the terminal and the page of `phaselaw plan --out`.
namespace phaselaw::advice {

// One row a compute: sizes, loss, new run, what is lacking.
[[nodiscard]] std::vector<std::vector<std::string>> plan_rows(const Plan& plan);
// Exponents, elasticities, extrapolation: one row a quantity, one column a compute.
[[nodiscard]] std::vector<std::vector<std::string>> plan_details(const Plan& plan);
[[nodiscard]] std::vector<std::vector<std::string>> design_rows(const Design& design);

// The plan as text.
[[nodiscard]] std::string plan_text(const PlanAnswer& answer);

// Frontier, contours of the loss over sizes with the measured optima, isoflop curve, next run. Cost: some 0.1 s.
[[nodiscard]] report::Page plan_page(const PlanAnswer& answer, const Situation& situation);

// One sentence: what to train.
[[nodiscard]] std::string plan_answer(const Plan& plan);

// What its figures show: the law over sizes, and the measured optima beside it.

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

// `count` computes, evenly spaced in the logarithm, from the cheapest row to a factor beyond the most expensive row
// or planned run.
[[nodiscard]] std::vector<double> computes_to_show(const fitting::SavedFit& saved, const Plan& plan, std::size_t count);

}  // namespace phaselaw::advice
