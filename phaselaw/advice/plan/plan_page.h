// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phaselaw/advice/plan/plan_request.h"
#include "phaselaw/report/page.h"

// The plan for people: the table for the terminal and the page of `phaselaw plan --out`.
namespace phaselaw::advice {

// "value [lo, hi]"; an end that is open is "none": "3.1e9 [8e8, none]".
[[nodiscard]] std::string with_interval(const fitting::Estimate& estimate);

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

}  // namespace phaselaw::advice
