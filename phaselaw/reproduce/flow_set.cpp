// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/flow_set.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/log.h"
#include "phaselaw/base/progress.h"
#include "phaselaw/base/team.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/reproduce/line.h"
#include "phaselaw/reproduce/verdict.h"

namespace phaselaw::reproduce {

namespace {

// Of the measurement: entries that an older program kept have fewer numbers and are measured again.
constexpr const char* kVersion = "flow 2 ";

}  // namespace

FlowSet carry_out_flows(const Context& context, const std::string& name, const base::Value& document) {
  const auto study = sweep::study_from(document);
  FlowSet set;
  set.study_json = study.json;
  set.points.resize(study.points.size());
  double work = 0;
  for (const auto& point : study.points) work += point.cost_flop;
  double most = 0;
  for (const auto& point : study.points) most += analysis::flow_flop_limit(point.experiment);
  base::log_info(fmt::format("{}: {} exact flows, at most {}", name, study.points.size(), base::format_flop(most)));
  base::Progress progress(name, work);
  const numerics::OneBlasThread one;
  base::parallel_for(static_cast<std::int64_t>(study.points.size()), context.threads, [&](std::int64_t i, int) {
    base::throw_if_interrupted();
    const auto& point = study.points[static_cast<std::size_t>(i)];
    set.points[static_cast<std::size_t>(i)] = analysis::flow_point_from(
        kept(context, fmt::format("{}.{}", name, point.index), kVersion + study.key + point.key,
             [&] { return analysis::to_value(analysis::measure_flow(point.experiment, 1)); }));
    progress.advance(point.cost_flop);
  });
  return set;
}

double geometric_mean(const std::vector<double>& values) {
  std::vector<double> logs;
  for (const double value : values)
    if (value > 0 && std::isfinite(value)) logs.push_back(std::log(value));
  return logs.empty() ? base::kNaN : std::exp(numerics::mean(logs));
}

std::vector<Observation> against(const std::vector<FlowPoint>& points, std::int64_t FlowPoint::*x,
                                 double FlowPoint::*y) {
  std::vector<Observation> result;
  for (const auto& p : points) result.push_back({p.seed, static_cast<double>(p.*x), p.learned ? p.*y : base::kNaN});
  return result;
}

std::vector<double> largest_for_each_teacher(const std::vector<Observation>& points) {
  std::map<std::int64_t, double> largest;
  for (const auto& point : points) {
    if (!std::isfinite(point.y)) continue;
    const auto [entry, first] = largest.try_emplace(point.teacher, point.y);
    if (!first) entry->second = std::max(entry->second, point.y);
  }
  std::vector<double> values;
  for (const auto& [teacher, value] : largest) values.push_back(value);
  return values;
}

report::Claim bound_claim(const std::string& id, const std::vector<FlowPoint>& points) {
  report::Claim claim;
  claim.id = id;
  claim.statement =
      "The training loss falls to a hundredth at least as fast as exp(-alpha t), alpha = 2 N omega^2 lambda/n.";
  claim.source = "docs/theory/convergence.md: Lemma 5.3 [R]";
  claim.standing = report::Standing::kImplied;
  claim_at_most(0, claim);
  claim.predicted_text = "<= 0";
  claim.unit = "log10(bound/rate)";
  std::vector<Observation> ratios;
  std::size_t obeyed = 0;
  double closest = -base::kInfinity;
  for (const auto& point : points) {
    if (!(point.rate > 0) || !(point.bound > 0)) continue;
    ratios.push_back({point.seed, 1, std::log10(point.bound / point.rate)});
    obeyed += point.rate >= point.bound ? 1 : 0;
    closest = std::max(closest, ratios.back().y);
  }
  const auto worst = largest_for_each_teacher(ratios);
  set_measured(effect_of(worst), claim);
  if (ratios.empty()) {
    claim.undecidable = "the smallest eigenvalue of every flow is within rounding";
    return claim;
  }
  const auto share = share_of(obeyed, ratios.size());
  claim.reading = fmt::format(
      "For each teacher, the flow that comes closest to its bound; mean over {} teachers (Student t). {} of the {} flows "
      "with lambda above rounding obey the bound (share at least {} by Clopper and Pearson's interval).",
      worst.size(), obeyed, ratios.size(), base::format_number(share.lo));
  if (closest < -kLooseDecades)
    claim.reading += fmt::format(
        " The bound is loose: even the closest flow is 10^{} times as fast. The smallest eigenvalue, which sets the bound, "
        "belongs to a direction in which the residual has almost no weight, so this agreement says little about the "
        "rate.",
        base::format_number(-closest, 2));
  claim.finding = fmt::format(
      "The bound exp(-alpha t) on the training loss holds for {} of {} flows{}.", obeyed, ratios.size(),
      closest < -kLooseDecades ? fmt::format(", but it is loose: the closest of them is 10^{} times as fast",
                                             base::format_number(-closest, 2))
                               : "");
  claim.would_change = "A flow slower than its bound: a target in the weakest direction of the weakest layer.";
  return claim;
}

}  // namespace phaselaw::reproduce
