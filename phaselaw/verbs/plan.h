// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phaselaw/base/value.h"
#include "phaselaw/laws/next_run.h"
#include "phaselaw/laws/plan.h"

// From a fit: sizes to train for a compute, compute for a loss, and the run that would narrow the answer most.
// Warnings of the plan and its points go to the log. InputError as laws/plan.h and laws/next_run.h.
namespace phaselaw::verbs {

struct PlanRequest {
  std::vector<double> computes, losses;  // exactly one of the two
  laws::PlanOptions options;
  std::string next_run;               // a parameter, n_params, tokens, loss or all; "": none
  std::optional<double> next_budget;  // FLOP for it; unset: the dearest fitted run's
  void validate() const;              // InputError
};

struct PlanAnswer {
  laws::Plan plan;
  std::optional<laws::Design> design;
  base::Value json;
};

[[nodiscard]] PlanAnswer plan(const laws::SavedFit& saved, const PlanRequest& request);

}  // namespace phaselaw::verbs
