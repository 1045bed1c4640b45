// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/advice/curve/claims.h"
#include "phaselaw/advice/forecast/forecast.h"
#include "phaselaw/tables/runs.h"

// What a curve that still grows shows: its state, its forecast, and whether both are confirmed.
//
//   state      that of claims_of() (curve/claims.h). Also diverged: a loss that is not finite in its last kNotFinite rows,
//              and a held-out loss with a training loss beside it, recorded at least twice as often, that has diverged
//   earlier    the same judgement without the last rows: 2 % of them, at least kFewestHeldBack. A state counts as
//              confirmed if it is the state then too. This depends on the log alone, and not on when somebody looked, so
//              it is the same after a restart
//   level      the median of the last rows, at most 9, so that one bad row changes nothing
// Cost: about 20 ms, and the same again for `earlier`, which is computed only when it is needed.
namespace phaselaw::advice {

inline constexpr std::size_t kNotFinite = 3, kFewestHeldBack = 5;

// What the forecast of a run is based on beside its own curve.
struct ForecastBasis {
  ForecastOptions options;
  EarlierRuns history;
  // Without a last step, stated or of the earlier runs, there is nothing to forecast.
  [[nodiscard]] bool has_end() const { return options.to.has_value() || !history.empty(); }
};

struct Judgement {
  std::size_t rows = 0;
  CurveState state = CurveState::unknown;
  std::string reason;            // one sentence that says what the state is based on; empty if unknown
  std::optional<Interval> gain;  // relative fall of the loss when the steps double at a constant learning rate
  Forecast forecast;
  std::vector<std::string> warnings;  // whole sentences
};

// Options of the forecast that do not fit the curve are a warning.
[[nodiscard]] Judgement judge(const tables::Curve& curve, const ForecastBasis& basis);

// The rows that a judgement of the past does without.
[[nodiscard]] std::size_t held_back(std::size_t rows);

// The number of losses at the end that are not finite; of the training loss beside a held-out one, if that has more.
[[nodiscard]] std::size_t not_finite_at_end(const tables::Curve& curve);

// The median of the last `rows` losses (at most 9) without the last `skip`; NaN for fewer than 3 or where one is not
// finite.
[[nodiscard]] double recent_level(const tables::Curve& curve, std::size_t skip = 0);

}  // namespace phaselaw::advice
