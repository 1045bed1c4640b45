// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/analysis/flow_point.h"
#include "phaselaw/reproduce/experiment.h"

// The exact gradient flows of an experiment (analysis/flow_point.h), kept one by one, and the claim that they share.
namespace phaselaw::reproduce {

using analysis::FlowPoint;

struct FlowSet {
  std::vector<FlowPoint> points;
  std::string study_json;
};

// The flow of each point of the study; kept as <name>.<index>.
[[nodiscard]] FlowSet carry_out_flows(const Context& context, const std::string& name, const base::Value& document);

// exp of the mean logarithm over the positive finite values; NaN if there is none.
[[nodiscard]] double geometric_mean(const std::vector<double>& values);

// The claim that the measured rate is at least the bound, over all flows that have one: the range of log10(bound/rate).
[[nodiscard]] report::Claim bound_claim(const std::string& id, const std::vector<FlowPoint>& points);

}  // namespace phaselaw::reproduce
