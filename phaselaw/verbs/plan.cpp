// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/verbs/plan.h"

#include <algorithm>

#include "phaselaw/base/log.h"
#include "phaselaw/report/format.h"

namespace phaselaw::verbs {

void PlanRequest::validate() const {
  if (computes.empty() == losses.empty())
    throw base::InputError({"--compute"}, "expected one of --compute 1e21 (several may follow) and --loss 2.1");
}

PlanAnswer plan(const laws::SavedFit& saved, const PlanRequest& request) {
  request.validate();
  PlanAnswer answer;
  answer.plan = request.losses.empty() ? laws::plan_for_compute(saved, request.computes, request.options)
                                       : laws::plan_for_loss(saved, request.losses, request.options);
  answer.json = laws::to_value(answer.plan);
  for (const std::string& warning : answer.plan.warnings) base::log_warning(warning);
  for (const laws::PlanPoint& point : answer.plan.points)
    for (const std::string& warning : point.warnings)
      base::log_warning(fmt::format("{}: {}", report::format_flop(point.compute.value), warning));
  if (request.next_run.empty()) return answer;

  laws::DesignRequest design;
  design.quantity = request.next_run;
  design.compute = answer.plan.points.front().compute.value;
  const std::vector<double> spent = saved.data.columns.get("compute");
  design.budget = request.next_budget ? *request.next_budget : *std::max_element(spent.begin(), spent.end());
  answer.design = laws::next_run(saved, request.options.situation, design);
  answer.json["next_run"] = laws::to_value(*answer.design);
  for (const std::string& warning : answer.design->warnings) base::log_warning(warning);
  return answer;
}

}  // namespace phaselaw::verbs
