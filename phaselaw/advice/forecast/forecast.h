// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/advice/curve/claims.h"
#include "phaselaw/base/fields.h"
#include "phaselaw/base/value.h"
#include "phaselaw/tables/runs.h"

// Forecasts the final loss of a running or planned run, with an interval.
//
//   final loss   the level of the recorded loss at the last planned step: the mean over batches, not that of one batch
//   curve        the law E + A (S1 + s0)^-alpha - K S2 plus a random walk in ln(step), fitted to the curve so far
//                (curve_forecast.h); it needs the schedule up to the last step
//   history      the loss now times the relative fall of earlier runs from the same share of the run to their end
//                (history_forecast.h)
//   ladder       a law of smaller runs at the planned parameters and tokens, with the interval of a new run
//   combined     by inverse variances if they agree; otherwise there is no combined value
//   conditional  the schedule is not known, so the value holds only if the learning rate stays constant
//   widened      if the same forecast made at earlier points of this run, or of the earlier runs, missed by more than
//                its interval, the interval is multiplied by the largest such ratio
// Cost of forecast_curve(): about 15 ms after a few linear passes over the rows.
namespace phaselaw::advice {

enum class ForecastStatus {
  none,         // nothing can be forecast; `reading` says what is missing
  conditional,  // it holds at a constant learning rate only
  disagreeing,  // curve, history and ladder contradict each other; value is NaN, and lo and hi span all of them
  forecast,
};
[[nodiscard]] base::EnumNames<ForecastStatus> enum_names(ForecastStatus);

struct ForecastOptions {
  std::optional<double> to;  // on the axis of the curve: step, otherwise tokens, otherwise compute
  tables::StatedSchedule schedule;
  std::optional<double> n_params, tokens;  // of the planned run
  double level = 0.95;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit(
        "to", self.to, base::amounts(),
        "last planned step (tokens or compute, if the curve has no steps); default: that of the earlier runs, if they "
        "agree, or where --tokens ends");
    tables::StatedSchedule::fields(self.schedule, visit);
    visit("n_params", self.n_params, base::amounts().in("parameters"), "parameters of the planned run, for --ladder");
    visit("tokens", self.tokens, base::amounts().in("tokens"),
          "training tokens of the planned run, for --ladder; also its end, if the curve has a column of tokens");
    visit("level", self.level, base::strictly_between(0, 1), "confidence level of the intervals");
  }
  void validate() const;  // InputError
};

// A value of the loss with its interval; NaN if unknown.
struct LossInterval {
  double value = base::kNaN, lo = base::kNaN, hi = base::kNaN;
  [[nodiscard]] bool known() const { return value == value; }
  [[nodiscard]] bool contains(double loss) const { return loss >= lo && loss <= hi; }
};

struct ForecastPart {
  std::string source;  // "curve" | "history" | "ladder"
  LossInterval loss;
  double error = base::kNaN;  // standard error of ln loss
  double dof = 0;             // its degrees of freedom
  std::string how;            // one sentence
};

// The same forecast as it would have been made earlier, and what happened.
struct PastForecast {
  std::string run;
  bool same_run = false;
  double made_at = 0, of = 0;  // steps; made_at/of is the share of the run
  LossInterval predicted;
  double happened = base::kNaN;
  [[nodiscard]] bool inside() const { return predicted.contains(happened); }
  [[nodiscard]] double relative_error() const { return predicted.value / happened - 1; }
};

struct Forecast {
  ForecastStatus status = ForecastStatus::none;
  std::string name, quantity, axis = "step";
  double now = base::kNaN, now_loss = base::kNaN;  // last recorded step, and the level of the loss there
  double to = base::kNaN;
  LossInterval final_loss;
  std::string reading;  // what can be said, and first what is missing: one or two sentences
  std::vector<ForecastPart> parts;
  bool agree = true;
  // The remaining fall, now_loss - final loss, is the sum of both: the schedule's part is the difference between the
  // forecast and the forecast at a constant learning rate. Unknown without a schedule.
  LossInterval fall_by_steps, fall_by_schedule;
  bool decay_seen = false;  // the curve has rows with a decayed learning rate
  double widened = 1;       // factor of the interval, from past errors
  std::vector<PastForecast> past;
  CurveState state = CurveState::unknown;
  std::vector<std::string> notes;
  // For figures: the forecast between now and the end.
  std::vector<double> path_step;
  std::vector<LossInterval> path;
};

// Complete earlier runs, prepared once: their final losses, and the errors of the same forecast at 25, 50 and 75 % of
// each of them.
class EarlierRuns {
 public:
  EarlierRuns() = default;
  // InputError if the losses are of other quantities than each other, or if none has enough rows.
  EarlierRuns(std::span<const tables::Curve> curves, const ForecastOptions& options);
  struct Prepared;
  [[nodiscard]] const Prepared* get() const { return prepared_.get(); }
  [[nodiscard]] bool empty() const { return prepared_ == nullptr; }

 private:
  std::shared_ptr<const Prepared> prepared_;
};

// The forecast of a growing curve. It throws InputError only for options that do not fit the curve (a last step that
// has passed, a schedule longer than the run); a curve that cannot be forecast has status none and says why.
[[nodiscard]] Forecast forecast_curve(const tables::Curve& curve, const ForecastOptions& options = {},
                                      const EarlierRuns& history = {},
                                      const std::optional<ForecastPart>& ladder = std::nullopt);

// The forecast of a run without a curve, from a ladder, from earlier runs of the same recipe, or both.
[[nodiscard]] Forecast forecast_planned(const ForecastOptions& options, const EarlierRuns& history,
                                        const std::optional<ForecastPart>& ladder);

// {status, reading, final_loss {value, lo, hi}, ...}, described in docs/forecast.md.
[[nodiscard]] base::Value to_value(const Forecast& forecast);

}  // namespace phaselaw::advice
