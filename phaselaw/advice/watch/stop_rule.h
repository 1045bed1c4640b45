// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/advice/watch/judgement.h"
#include "phaselaw/tables/row_condition.h"

// A rule of --stop-when: when a watch ends, with which exit code, and the evidence that it needs.
//
//   rule                      code  fires when
//   diverged                    10  the state is diverged, also without the last rows (judgement.h)
//   overfitting (overfit)       11  the state is overfitting, also without the last rows
//   finished                    12  the state is finished, also without the last rows
//   nan                         13  the last 3 losses are not finite
//   stalled                     14  the log has not grown for --stalled-after seconds; a log of a folder only if it has
//                                   grown while it was watched
//   a condition                     of loss, step, forecast and state, in the grammar of row_condition.h:
//     with forecast             20  it holds for every value of the interval, also of the forecast without the last rows.
//                                   A forecast that is unknown, disagreeing or conditional can be any number >= 0
//     with loss                 21  it holds for the median of the last 9 losses (at least 3), also without the last rows
//     with step                 22  it holds for the last recorded step
//     with state                23  it holds, also without the last rows
//   of several quantities the code is that of the first in this list.
// No rule fires because of a single row.
namespace phaselaw::advice {

enum class StopCode {
  none = 0,
  diverged = 10,
  overfitting = 11,
  finished = 12,
  not_finite = 13,
  stalled = 14,
  forecast = 20,
  loss = 21,
  step = 22,
  state = 23,
};

// What the rules ask of a curve. `earlier`: without its last rows; computed on demand.
class CurveFacts {
 public:
  CurveFacts(const tables::Curve& curve, const Judgement& now, const ForecastBasis& basis, double quiet_s)
      : curve_(curve), now_(now), basis_(basis), quiet_s_(quiet_s) {}
  void set_earlier(Judgement earlier) { earlier_ = std::move(earlier); }  // if it is known
  [[nodiscard]] const tables::Curve& curve() const { return curve_; }
  [[nodiscard]] const Judgement& now() const { return now_; }
  [[nodiscard]] const Judgement& earlier() const;
  [[nodiscard]] double quiet_s() const { return quiet_s_; }  // since the log has grown

 private:
  const tables::Curve& curve_;
  const Judgement& now_;
  const ForecastBasis& basis_;
  double quiet_s_;
  mutable std::optional<Judgement> earlier_;
};

class StopRule {
 public:
  // InputError at --stop-when with the nearest rule or quantity.
  StopRule(const std::string& text, double stalled_after_s);
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] StopCode code() const { return code_; }
  // Whether a judgement is needed, beyond the rows.
  [[nodiscard]] bool needs_judgement() const;
  [[nodiscard]] bool needs_forecast() const { return names_forecast_; }
  // The sentence that says why the rule fires; nothing if it does not.
  [[nodiscard]] std::optional<std::string> reason(const CurveFacts& facts) const;

 private:
  [[nodiscard]] bool condition_holds(double loss, double step, CurveState state, const Forecast& forecast) const;
  [[nodiscard]] std::optional<std::string> condition_reason(const CurveFacts& facts) const;
  std::string text_;
  StopCode code_ = StopCode::none;
  double stalled_after_s_ = 0;
  bool names_forecast_ = false, names_loss_ = false, names_state_ = false;
  std::optional<tables::RowCondition> condition_;
};

// "2.41 [2.35, 2.47] at step 100k", or what is missing; in a few words, for a table.
[[nodiscard]] std::string forecast_text(const Forecast& forecast);

}  // namespace phaselaw::advice
