// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "phaselaw/advice/forecast/forecast_parts.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"

// Earlier runs, and what the forecast would have said of them.
namespace phaselaw::advice {

namespace {

constexpr std::size_t kMostTested = 24;  // earlier runs for which past forecasts are made

void add_run(const tables::Curve& curve, const ForecastOptions& options, EarlierRuns::Prepared& out) {
  EarlierRuns::Prepared::Run run;
  run.rows = run_rows(curve, options.schedule);
  if (run.rows.ends_not_finite) {
    out.notes.push_back(fmt::format("earlier run {} is left out because it ends without a finite loss", curve.name));
    return;
  }
  if (run.rows.step.size() < kFewestForecastRows) {
    out.notes.push_back(fmt::format("earlier run {} is left out because it has {} usable rows; at least {} are needed",
                                    curve.name, run.rows.step.size(), kFewestForecastRows));
    return;
  }
  run.end = run.rows.step.back();
  run.level = level_at(run.rows.step, run.rows.loss, run.end);
  try {
    run.plan = rate_plan(curve, options.schedule, run.end);
  } catch (const base::InputError&) {  // the stated schedule is longer than this run
    run.plan = constant_plan(run.end);
  }
  out.runs.push_back(std::move(run));
}

void add_past(EarlierRuns::Prepared& out, double level) {
  const std::size_t stride = (out.runs.size() + kMostTested - 1) / kMostTested;
  for (std::size_t j = 0; j < out.runs.size(); j += stride) {
    const auto& run = out.runs[j];
    for (const double share : {0.25, 0.5, 0.75}) {
      base::throw_if_interrupted();
      const auto n = static_cast<std::size_t>(
          std::upper_bound(run.rows.step.begin(), run.rows.step.end(), share * run.end) - run.rows.step.begin());
      if (n < kFewestForecastRows) continue;
      ForecastSituation at{std::span(run.rows.step).first(n),
                           std::span(run.rows.loss).first(n),
                           run.rows.warmup_end,
                           run.plan,
                           run.end,
                           run.end,
                           &out,
                           j,
                           level};
      const ForecastOfParts found = forecast_of_parts(at);
      if (found.combined.known())
        out.past.push_back({run.rows.name, false, run.rows.step[n - 1], run.end, found.combined, run.level});
    }
  }
}

}  // namespace

EarlierRuns::EarlierRuns(std::span<const tables::Curve> curves, const ForecastOptions& options) {
  auto prepared = std::make_shared<Prepared>();
  for (const tables::Curve& curve : curves) add_run(curve, options, *prepared);
  if (prepared->runs.empty())
    throw base::InputError({"--history"},
                           fmt::format("none of the {} earlier runs can be used; {}", curves.size(),
                                       prepared->notes.empty() ? "the files hold no curves" : prepared->notes.front()));
  const RunRows& first = prepared->runs.front().rows;
  for (const auto& run : prepared->runs) {
    if (run.rows.quantity != first.quantity)
      throw base::InputError({"--history"},
                             fmt::format("{} records {} and {} records {}; expected the same loss in all "
                                         "earlier runs; name it with --col loss=COLUMN",
                                         first.name, first.quantity, run.rows.name, run.rows.quantity));
    if (run.rows.axis != first.axis)
      throw base::InputError({"--history"},
                             fmt::format("{} is recorded by {} and {} by {}; expected the same in all runs", first.name,
                                         first.axis, run.rows.name, run.rows.axis));
  }
  add_past(*prepared, options.level);
  prepared_ = std::move(prepared);
}

}  // namespace phaselaw::advice
