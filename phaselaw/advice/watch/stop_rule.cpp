// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/watch/stop_rule.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "phaselaw/advice/watch/growing_curves.h"
#include "phaselaw/base/csv.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/progress.h"

namespace phaselaw::advice {

namespace {

enum WatchedColumn : std::size_t { kLoss, kStep, kForecast, kState, kWatchedColumns };
constexpr std::array<std::string_view, kWatchedColumns> kWatchedNames = {"loss", "step", "forecast", "state"};

struct NamedRule {
  std::string_view word;
  StopCode code;
};
constexpr std::array kNamedRules = {
    NamedRule{"diverged", StopCode::diverged},   NamedRule{"overfitting", StopCode::overfitting},
    NamedRule{"overfit", StopCode::overfitting}, NamedRule{"finished", StopCode::finished},
    NamedRule{"nan", StopCode::not_finite},      NamedRule{"stalled", StopCode::stalled}};

// One row with the quantities of a condition.
tables::Table quantities_row() {
  tables::Table row;
  for (const std::string_view name : kWatchedNames) row.add_column(std::string(name));
  row.add_row(1);
  return row;
}

tables::ComparedColumn quantity_of(const std::string& name) {
  const auto at = std::find(kWatchedNames.begin(), kWatchedNames.end(), name);
  if (at == kWatchedNames.end())
    throw base::InputError(base::unknown_name("quantity", name, {kWatchedNames.begin(), kWatchedNames.end()}));
  return {static_cast<std::size_t>(at - kWatchedNames.begin()), 1};
}

CurveState state_of(StopCode code) {
  return code == StopCode::diverged      ? CurveState::diverged
         : code == StopCode::overfitting ? CurveState::overfitting
                                         : CurveState::finished;
}

bool is_firm(const Forecast& forecast) {
  return forecast.status == ForecastStatus::forecast && std::isfinite(forecast.final_loss.lo) &&
         std::isfinite(forecast.final_loss.hi);
}

std::string step_words(double step) { return base::format_number(step, 4, base::Notation::suffix); }

double last_of(const std::vector<double>& values) { return values.empty() ? base::kNaN : values.back(); }

}  // namespace

const Judgement& CurveFacts::earlier() const {
  if (!earlier_) earlier_ = judge(without_last(curve_, held_back(curve_.loss.size())), basis_);
  return *earlier_;
}

std::string forecast_text(const Forecast& forecast) {
  const LossInterval& loss = forecast.final_loss;
  if (forecast.status == ForecastStatus::none || !loss.known()) return "–";
  return base::format_value(loss.value, loss.lo, loss.hi) +
         (forecast.status == ForecastStatus::conditional ? " at a constant rate" : "");
}

StopRule::StopRule(const std::string& text, double stalled_after_s) : text_(text), stalled_after_s_(stalled_after_s) {
  for (const NamedRule& rule : kNamedRules)
    if (rule.word == text) code_ = rule.code;
  if (code_ == StopCode::stalled && !(stalled_after_s > 0))
    throw base::InputError({"--stop-when"}, "the rule stalled needs --stalled-after above 0, in seconds");
  if (code_ != StopCode::none) return;
  if (text.find_first_of("=<>!~(") == std::string::npos) {
    std::vector<std::string> known = {"diverged", "overfitting", "finished",      "nan",
                                      "stalled",  "loss < 3.0",  "forecast > 2.4"};
    throw base::InputError({"--stop-when"},
                           base::unknown_name("rule", text, known) + "; a log is named before this flag");
  }
  condition_.emplace(text, quantities_row(), quantity_of, "--stop-when");
  bool names_step = false;
  for (const tables::Comparison& comparison : condition_->comparisons()) {
    names_forecast_ = names_forecast_ || comparison.at.column == kForecast;
    names_loss_ = names_loss_ || comparison.at.column == kLoss;
    names_step = names_step || comparison.at.column == kStep;
    const bool equality =
        comparison.relation == tables::Relation::equal || comparison.relation == tables::Relation::not_equal;
    if (comparison.at.column != kState && equality && !comparison.number)
      throw base::InputError({"--stop-when"}, fmt::format("expected a number to compare {} with, found '{}' in '{}'",
                                                          kWatchedNames[comparison.at.column], comparison.value, text));
    if (comparison.at.column != kState) continue;
    names_state_ = true;
    std::vector<std::string> values(comparison.values.begin(), comparison.values.end());
    if (equality) values.push_back(comparison.value);
    for (const std::string& value : values) (void)base::enum_from_text<CurveState>(value, {"--stop-when"}, "state");
  }
  code_ = names_forecast_ ? StopCode::forecast
          : names_loss_   ? StopCode::loss
          : names_step    ? StopCode::step
                          : StopCode::state;
}

bool StopRule::needs_judgement() const {
  return names_forecast_ || names_state_ || code_ == StopCode::diverged || code_ == StopCode::overfitting ||
         code_ == StopCode::finished;
}

// For every value that the forecast may have: its truth changes only at the numbers of the comparisons, so the ends of
// the interval, these numbers and the middles between them are enough.
bool StopRule::condition_holds(double loss, double step, CurveState state, const Forecast& forecast) const {
  tables::Table row = quantities_row();
  if ((names_loss_ && std::isnan(loss)) || std::isnan(step)) return false;
  if (!std::isnan(loss)) row.set(0, kLoss, base::csv_number(loss));
  row.set(0, kStep, base::csv_number(step));
  row.set(0, kState, base::enum_to_text(state));
  if (!names_forecast_) return condition_->holds(row, 0);
  const bool firm = is_firm(forecast);
  const double lo = firm ? forecast.final_loss.lo : 0, hi = firm ? forecast.final_loss.hi : 1e300;
  std::vector<double> points = {lo, hi};
  for (const tables::Comparison& comparison : condition_->comparisons()) {
    std::vector<double> numbers = comparison.numbers;
    if (comparison.number) numbers.push_back(*comparison.number);
    for (const double x : numbers)
      if (x > lo && x < hi) points.push_back(x);
  }
  std::sort(points.begin(), points.end());
  for (std::size_t i = points.size() - 1; i > 0; --i) points.push_back(points[i - 1] / 2 + points[i] / 2);
  return std::all_of(points.begin(), points.end(), [&](double x) {
    row.set(0, kForecast, base::csv_number(x));
    return condition_->holds(row, 0);
  });
}

std::optional<std::string> StopRule::condition_reason(const CurveFacts& facts) const {
  const tables::Curve& curve = facts.curve();
  const std::size_t back = held_back(curve.loss.size());
  const double loss = recent_level(curve), step = last_of(curve.progress());
  if (!condition_holds(loss, step, facts.now().state, facts.now().forecast)) return {};
  // A step that was recorded stays recorded; everything else must have held before the last rows too.
  if (names_loss_ && std::isnan(recent_level(curve, back))) return {};
  if (needs_judgement()) {
    if (!condition_holds(names_loss_ ? recent_level(curve, back) : loss, step, facts.earlier().state,
                         facts.earlier().forecast))
      return {};
  } else if (names_loss_ && !condition_holds(recent_level(curve, back), step, facts.now().state, {})) {
    return {};
  }
  std::vector<std::string> parts;
  if (names_forecast_)
    parts.push_back(fmt::format("the forecast of the final loss is {}", forecast_text(facts.now().forecast)));
  if (names_loss_) parts.push_back(fmt::format("the median of the last losses is {}", base::format_number(loss, 4)));
  if (names_state_) parts.push_back(fmt::format("the state is {}", base::enum_to_text(facts.now().state)));
  if (parts.empty()) return fmt::format("The last step is {}.", step_words(step));
  return fmt::format("At step {}, {}; the rule is true without the last {} rows too.", step_words(step),
                     fmt::join(parts, " and "), back);
}

std::optional<std::string> StopRule::reason(const CurveFacts& facts) const {
  const tables::Curve& curve = facts.curve();
  const double step = last_of(curve.progress());
  switch (code_) {
    case StopCode::not_finite: {
      const std::size_t bad = not_finite_at_end(curve);
      if (bad < kNotFinite) return {};
      return fmt::format("The last {} losses are not finite, up to step {}.", bad, step_words(step));
    }
    case StopCode::stalled:
      if (facts.quiet_s() < stalled_after_s_) return {};
      return fmt::format("The log has not grown for {}; its last step is {}.", base::format_duration(facts.quiet_s()),
                         step_words(step));
    case StopCode::diverged:
    case StopCode::overfitting:
    case StopCode::finished: {
      const CurveState wanted = state_of(code_);
      if (facts.now().state != wanted) return {};
      const bool not_finite = not_finite_at_end(curve) >= kNotFinite;  // confirmed by these rows
      if (!not_finite && facts.earlier().state != wanted) return {};
      return fmt::format(
          "At step {}, {}{}.", step_words(step), facts.now().reason,
          not_finite ? "" : fmt::format("; the same holds without the last {} rows", held_back(curve.loss.size())));
    }
    default:
      return condition_reason(facts);
  }
}

}  // namespace phaselaw::advice
