// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phaselaw/advice/plan/next_run.h"
#include "phaselaw/advice/plan/plan.h"
#include "phaselaw/base/fields.h"
#include "phaselaw/base/value.h"

// From a fit: sizes to train for a compute, the compute for a loss, the loss at given sizes, and the run that would
// narrow the answer most.
// The work of `phaselaw plan` and `phaselaw.plan`. InputError as plan.h and next_run.h.
namespace phaselaw::advice {

struct PlanRequest {
  // One of the two is given, or neither and two of n_params, tokens and tokens_per_param.
  std::vector<double> compute, loss;
  std::string law;  // which of several fits in the file; empty: the best one that can answer
  PlanOptions options;
  std::string next_run;  // a parameter, n_params, tokens, loss or all; empty: none
  RunBounds next_bounds;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    using base::anything, base::positive;
    visit(
        "compute", self.compute, base::amounts().in("FLOP"),
        "compute to spend, such as 1e21; may be given several times. Without it and --loss: the loss at two given sizes");
    visit("loss", self.loss, positive(), "loss to reach, with the least compute");
    visit(
        "law", self.law, anything(),
        "fit to use if the file holds several (default: the best one that gives sizes); averaged: all that predict as well");
    PlanOptions::fields(self.options, visit);
    visit("next_run", self.next_run, anything(),
          "find the run that narrows this quantity most: a parameter, n_params, tokens, loss or all");
    RunBounds::fields(self.next_bounds, visit);
  }
  void validate() const;  // InputError
};

struct PlanAnswer {
  fitting::SavedFit fit;  // the fit that was used
  Plan plan;
  std::optional<Design> design;
  std::vector<std::string>
      spread{};  // one sentence for each compute, if the file has several laws that predict as well
  base::Value json;
  [[nodiscard]] std::vector<Limit> limits() const;  // of the plan and of the next run, by harm
};

// `fits`: a JSON value of one fit or several, best first (fitting/fit_file.h); `source` names it in errors. Of
// several, the first one that gives sizes is used, otherwise the first that gives a loss for a compute, and a note says
// which.
[[nodiscard]] PlanAnswer plan(const base::Value& fits, const std::string& source, const PlanRequest& request);

}  // namespace phaselaw::advice
