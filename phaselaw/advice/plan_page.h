// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phaselaw/laws/loss_map.h"
#include "phaselaw/laws/next_run.h"
#include "phaselaw/laws/plan.h"
#include "phaselaw/report/page.h"

// The plan for people: the table for the terminal and the page of `phaselaw plan --out`.
namespace phaselaw::advice {

// "value [lo, hi]"; an end that is open is "none": "3.1e9 [8e8, none]".
[[nodiscard]] std::string with_interval(const laws::Estimate& estimate);

// One row a compute: sizes, loss, new run, what is lacking.
[[nodiscard]] std::vector<std::vector<std::string>> plan_rows(const laws::Plan& plan);
// Exponents, elasticities, extrapolation: one row a quantity, one column a compute.
[[nodiscard]] std::vector<std::vector<std::string>> plan_details(const laws::Plan& plan);
[[nodiscard]] std::vector<std::vector<std::string>> design_rows(const laws::Design& design);

// What the page draws, computed by laws.
struct PlanView {
  const laws::SavedFit& saved;
  const laws::Plan& plan;
  std::vector<laws::FrontierPoint> frontier;
  std::vector<laws::Contour> contours;
  std::vector<laws::Vertex> optima;  // measured
  std::optional<laws::Design> design;
};
[[nodiscard]] report::Page plan_page(const PlanView& view);

// One sentence: what to train.
[[nodiscard]] std::string plan_answer(const laws::Plan& plan);

}  // namespace phaselaw::advice
