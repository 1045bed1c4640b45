// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "phaselaw/advice/forecast/history_forecast.h"

// One forecast from all that is known at one step: for the present, and for earlier steps of this and of earlier runs.
//
//   combined  ln L by inverse variances of the parts; the variance of a part is (half width of its interval/z)^2. The
//             variance is multiplied by chi^2/(parts - 1) of the parts about their mean if that exceeds 1 [T: Birge 1932].
//             Each side of the interval is combined by itself, so that a longer lower side stays longer. One part alone
//             keeps its own interval
//   agree     every two parts differ by at most 2.58 of their joint standard error (1 % of pairs that agree exceed it)
namespace phaselaw::advice {

struct ForecastSituation {
  std::span<const double> step, loss;  // the rows so far
  double warmup_end = 0;
  const RatePlan& plan;
  double target = 0, to = 0;  // the step to forecast; the last step of the run
  const EarlierRuns::Prepared* history = nullptr;
  std::size_t skip = kNoRun;
  double level = 0.95;
};

struct ForecastOfParts {
  std::vector<ForecastPart> parts;
  std::optional<LawForecast> law;  // also under an unknown plan: then at the present rate, and not among the parts
  LossInterval combined;
  bool agree = true;
};

// `path`: further steps before the target for which the law is wanted.
[[nodiscard]] ForecastOfParts forecast_of_parts(const ForecastSituation& situation,
                                                const std::optional<ForecastPart>& ladder = std::nullopt,
                                                const std::vector<double>& path = {});

// Combines the parts as above; without parts nothing is known.
void combine_parts(ForecastOfParts& forecast, double level);

// |ln(happened/value)| relative to the half width of the interval on that side.
[[nodiscard]] double miss_of(const PastForecast& past);
// The interval with both half widths of ln L multiplied.
[[nodiscard]] LossInterval widened_by(const LossInterval& interval, double factor);

}  // namespace phaselaw::advice
