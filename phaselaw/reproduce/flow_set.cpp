// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/flow_set.h"
#include "phaselaw/base/constants.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/progress.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/reproduce/verdict.h"

namespace phaselaw::reproduce {

FlowSet carry_out_flows(const Context& context, const std::string& name, const base::Value& document) {
  const auto study = sweep::study_from(document);
  FlowSet set;
  set.study_json = study.json;
  double work = 0;
  for (const auto& point : study.points) work += point.cost_flop;
  base::Progress progress(name, work);
  for (const auto& point : study.points) {
    base::throw_if_interrupted();
    set.points.push_back(
        analysis::flow_point_from(kept(context, fmt::format("{}.{}", name, point.index), study.key + point.key, [&] {
          return analysis::to_value(analysis::measure_flow(point.experiment, context.threads));
        })));
    progress.advance(point.cost_flop);
  }
  return set;
}

double geometric_mean(const std::vector<double>& values) {
  std::vector<double> logs;
  for (const double value : values)
    if (value > 0 && std::isfinite(value)) logs.push_back(std::log(value));
  return logs.empty() ? base::kNaN : std::exp(numerics::mean(logs));
}

report::Claim bound_claim(const std::string& id, const std::vector<FlowPoint>& points) {
  report::Claim claim;
  claim.id = id;
  claim.statement =
      "The training loss falls to a hundredth at least as fast as exp(-alpha t), alpha = 2 N omega^2 lambda/n.";
  claim.source = "docs/theory/convergence.md: Lemma 5.3 [R]";
  claim.predicted = 0;
  claim.predicted_text = "<= 0";
  claim.unit = "log10(bound/rate)";
  std::vector<double> ratios;
  for (const auto& point : points)
    if (point.rate > 0 && point.bound > 0) ratios.push_back(std::log10(point.bound / point.rate));
  if (!ratios.empty()) {
    claim.measured = numerics::median(ratios);
    claim.lo = *std::min_element(ratios.begin(), ratios.end());
    claim.hi = *std::max_element(ratios.begin(), ratios.end());
  }
  claim.verdict = judge_at_most(0, claim.lo, claim.hi);
  claim.reading = fmt::format(
      "Median and range over {} of {} flows; the lambda of the others is within rounding. "
      "The rate exceeds the bound by {} to {} orders of magnitude; "
      "a large excess means that the bound gives little information, "
      "because it is governed by the smallest eigenvalue, along which the residual has almost no weight.",
      ratios.size(), points.size(), base::format_number(-claim.hi, 2), base::format_number(-claim.lo, 2));
  if (claim.verdict != report::Verdict::kSupported)
    claim.reading =
        fmt::format("Median and range over {} of {} flows with lambda above rounding.", ratios.size(), points.size());
  claim.would_change = "A flow slower than its bound: a target in the weakest direction of the weakest layer.";
  return claim;
}

}  // namespace phaselaw::reproduce
