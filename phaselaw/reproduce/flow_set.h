// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/analysis/flow_point.h"
#include "phaselaw/reproduce/experiment.h"
#include "phaselaw/reproduce/teacher_slopes.h"

// The exact gradient flows of an experiment (analysis/flow_point.h), kept one by one, and the claim that they share.
// A replicate of such a study has its own teacher, data and start, so `seed` identifies the teacher.
namespace phaselaw::reproduce {

using analysis::FlowPoint;

struct FlowSet {
  std::vector<FlowPoint> points;
  std::string study_json;
};

// The flow of each point of the study; kept as <name>.<index>. The flows are divided over the threads, one thread for
// each, because the matrices of a flow are small.
[[nodiscard]] FlowSet carry_out_flows(const Context& context, const std::string& name, const base::Value& document);

// exp of the mean logarithm over the positive finite values; NaN if there is none.
[[nodiscard]] double geometric_mean(const std::vector<double>& values);

// A member against the depth (or width) for teacher_slopes(); NaN for flows that did not learn, because their rate and
// drift belong to another loss.
[[nodiscard]] std::vector<Observation> against(const std::vector<FlowPoint>& points, std::int64_t FlowPoint::*x,
                                               double FlowPoint::*y);

// The largest value of each teacher, over its points with a finite one.
[[nodiscard]] std::vector<double> largest_for_each_teacher(const std::vector<Observation>& points);

// The claim that no flow is slower than its bound: over teachers, the mean of the largest log10(bound/rate) of each.
// A bound that holds by more than kLooseDecades powers of ten is called loose, with the factor.
inline constexpr double kLooseDecades = 1;
[[nodiscard]] report::Claim bound_claim(const std::string& id, const std::vector<FlowPoint>& points);

}  // namespace phaselaw::reproduce
