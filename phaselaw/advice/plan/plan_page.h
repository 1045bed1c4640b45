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

// One row per compute: sizes, loss, new run, bottleneck.
[[nodiscard]] std::vector<std::vector<std::string>> plan_rows(const Plan& plan);
// Floor, exponents, extrapolation, and with `all` elasticities and the rest: one row per quantity, one column per
// compute.
[[nodiscard]] std::vector<std::vector<std::string>> plan_details(const Plan& plan, bool all);
[[nodiscard]] std::vector<std::vector<std::string>> design_rows(const Design& design);

// "intervals of 95 %: bootstrap of 400; FLOP by 6nd".
[[nodiscard]] std::string how_computed(const Plan& plan);

// The plan as text: the law in one line, the answer, what limits it. `verbose`: all details and limits.
[[nodiscard]] std::string plan_text(const PlanAnswer& answer, bool verbose = false);

// Frontier, contours of the loss over sizes with the measured optima, isoflop curve, next run. Cost: about 0.1 s.
[[nodiscard]] report::Page plan_page(const PlanAnswer& answer, const Situation& situation);

// What to train, in a sentence or two; for sizes that are not determined, this first.
[[nodiscard]] std::string plan_answer(const Plan& plan);

// The data of its figures: the law over sizes, and the measured optima.

// Level sets of the law: D at each N, where D lies within the range shown.
struct Contour {
  double loss = 0;
  std::vector<double> n_params, tokens;
};
// The contours at the optimal losses of `computes`, over the range of N and D of the rows and the optima, with a
// margin.
// Empty for a law without sizes, or with a held size.
[[nodiscard]] std::vector<Contour> loss_contours(const fitting::SavedFit& saved, const Situation& situation,
                                                 const std::vector<double>& computes);

// Minima of Akima's spline over the table's budgets that have one inside. Empty if there are fewer than three budgets
// or no gap of `tolerance` between budgets, because loss curves are no IsoFLOP table.
[[nodiscard]] std::vector<Vertex> measured_optima(const tables::Measurements& data, double tolerance = 0.1);

// `count` computes, evenly spaced in the logarithm, from the cheapest row to a factor beyond the most expensive row
// or planned run.
[[nodiscard]] std::vector<double> computes_to_show(const fitting::SavedFit& saved, const Plan& plan, std::size_t count);

}  // namespace phaselaw::advice
