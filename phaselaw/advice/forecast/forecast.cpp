// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/forecast/forecast.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/advice/diagnose/curve_signature.h"
#include "phaselaw/advice/forecast/forecast_parts.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"

namespace phaselaw::advice {

namespace {

constexpr double kSeenDecay = 0.9;     // of the peak: below it a decay has been seen
constexpr double kFarShare = 0.1;      // of the run: less than this is a far extrapolation
constexpr double kOtherLength = 0.05;  // earlier runs of another length, relative
constexpr std::size_t kPathPoints = 6;

std::string axis_value(const Forecast& f, double at) {
  if (!(at == at)) return "the end";
  return f.axis + " " +
         base::format_number(at, 4, f.axis == "compute" ? base::Notation::power : base::Notation::suffix);
}

std::string shown_loss(const LossInterval& x) { return base::format_value(x.value, x.lo, x.hi); }

// The last step of the earlier runs, if they agree to 1 %.
std::optional<double> end_of(const EarlierRuns& history) {
  if (history.empty()) return std::nullopt;
  double low = base::kInfinity, high = 0;
  for (const auto& run : history.get()->runs) {
    low = std::min(low, run.end);
    high = std::max(high, run.end);
  }
  return high <= 1.01 * low ? std::optional(high) : std::nullopt;
}

std::optional<double> planned_end(const tables::Curve& curve, const ForecastOptions& options,
                                  const EarlierRuns& history) {
  if (options.to) return options.to;
  if (options.tokens && !curve.tokens.empty()) {
    const std::vector<double>& axis = curve.progress();
    for (std::size_t i = axis.size(); i-- > 0;)
      if (curve.tokens[i] > 0 && axis[i] > 0) return axis[i] * *options.tokens / curve.tokens[i];
  }
  return end_of(history);
}

// What the shape of the curve forbids; empty if nothing. Sets the state.
std::string obstacle(const tables::Curve& curve, const RunRows& rows, bool plan_known, Forecast& f) {
  if (rows.ends_not_finite) {
    f.state = CurveState::diverged;
    return "The loss is not finite at the end of the curve, so the run has diverged and has no final loss to forecast";
  }
  const CurveSignature found = signature_of(curve, prepare(curve));
  if (found.diverged) {
    f.state = CurveState::diverged;
    return fmt::format(
        "The loss has diverged at {}, so no final loss can be forecast; restart the run before that step",
        axis_value(f, found.diverged_at));
  }
  if (found.overfitting && curve.role != tables::Role::training) {
    f.state = CurveState::overfitting;
    return "The held-out loss rises while the training loss falls; a law of falling losses does not forecast it";
  }
  if (found.late_rise) {
    f.state = CurveState::rising;
    return "The loss rises at the end of the curve; a law of falling losses does not forecast it";
  }
  if (found.quickens) f.state = CurveState::decaying;
  if (found.quickens && !plan_known)
    return "The loss falls faster at the end than before, as it does when the learning rate decays, but the schedule is "
           "not known; state it, for example --decay linear --decay-from 8000, or give earlier runs with --history";
  return {};
}

void add_past_of_run(const ForecastSituation& now, Forecast& f) {
  const double last = now.step.back(), happened = level_at(now.step, now.loss, last);
  for (const double share : {0.25, 0.5, 0.75}) {
    const auto n =
        static_cast<std::size_t>(std::upper_bound(now.step.begin(), now.step.end(), share * last) - now.step.begin());
    if (n < kFewestForecastRows || n == now.step.size()) continue;
    ForecastSituation then = now;
    then.step = now.step.first(n);
    then.loss = now.loss.first(n);
    then.target = last;
    const ForecastOfParts found = forecast_of_parts(then);
    const LossInterval predicted = found.combined.known() ? found.combined
                                   : found.law            ? found.law->at.back()
                                                          : LossInterval{};
    if (predicted.known() && predicted.lo > 0)
      f.past.push_back({f.name, true, now.step[n - 1], last, predicted, happened});
  }
}

// The factor by which past errors exceed their intervals: of this run over comparable factors of steps, and of the earlier
// runs at the nearest share.
double widening(const Forecast& f) {
  const double ahead = f.to / f.now, share = f.now / f.to;
  double factor = 1;
  std::vector<double> others;
  for (const PastForecast& past : f.past) {
    const double of = past.of / past.made_at;
    if (past.same_run) {
      if (of <= std::max(1.4, 2.01 * ahead)) factor = std::max(factor, miss_of(past));
    } else if (std::abs(1 / of - std::clamp(share, 0.25, 0.75)) <= 0.15) {
      others.push_back(miss_of(past));
    }
  }
  // The 95 % quantile of what earlier runs missed; the largest of fewer than 20.
  std::sort(others.begin(), others.end());
  if (!others.empty()) {
    const auto rank = static_cast<std::size_t>(std::ceil(0.95 * static_cast<double>(others.size() + 1)));
    factor = std::max(factor, others[std::min(rank, others.size()) - 1]);
  }
  return factor;
}

void add_notes(const RunRows& rows, const ForecastOptions& options, const EarlierRuns& history, Forecast& f) {
  if (rows.not_finite > 0)
    f.notes.push_back(fmt::format("{} rows without a finite loss are left out", base::format_count(rows.not_finite)));
  if (options.schedule.given() && f.axis != "step" &&
      (options.schedule.warmup >= 1 || options.schedule.decay_from.value_or(0) >= 1))
    f.notes.push_back(fmt::format("the curve has no steps, so the stated schedule is counted in {}", f.axis));
  if (f.now < kFarShare * f.to)
    f.notes.push_back(fmt::format("the run has done only {} of its way; the forecast extrapolates by a factor {}",
                                  base::format_percent(f.now / f.to), base::format_number(f.to / f.now, 2)));
  if (history.empty()) return;
  for (const std::string& note : history.get()->notes) f.notes.push_back(note);
  for (const auto& run : history.get()->runs)
    if (std::abs(run.end / f.to - 1) > kOtherLength) {
      f.notes.push_back(fmt::format(
          "earlier runs of another length, such as {} with {}, are compared at equal shares of the run, which assumes that "
          "their schedules have the same shape",
          run.rows.name, axis_value(f, run.end)));
      break;
    }
}

bool has_part(const Forecast& f, std::string_view source) {
  return std::any_of(f.parts.begin(), f.parts.end(), [&](const ForecastPart& p) { return p.source == source; });
}

void say_forecast(const ForecastOptions& options, const RatePlan& plan, Forecast& f) {
  const std::string interval = base::format_percent(options.level, 3);
  if (f.status == ForecastStatus::conditional) {
    f.reading = fmt::format(
        "The schedule up to {} is not known ({}), so a fall by a decay of the learning rate is not included. If the learning "
        "rate stays as it is, the final loss is {} ({} interval). State the schedule with --decay (constant, linear, "
        "cosine or sqrt), or give earlier runs with --history",
        axis_value(f, f.to), plan.how, shown_loss(f.final_loss), interval);
    return;
  }
  if (f.status == ForecastStatus::disagreeing) {
    std::string parts;
    for (const ForecastPart& part : f.parts)
      parts += fmt::format("{}{} {}", parts.empty() ? "" : ", ", part.source, shown_loss(part.loss));
    f.reading = fmt::format(
        "The forecasts contradict each other ({}), so there is no single number; the final loss may lie "
        "anywhere in {}",
        parts, base::format_interval(f.final_loss.lo, f.final_loss.hi));
    return;
  }
  std::string first;
  const bool decay_ahead = plan.known && plan.rate_at(f.to) < kSeenDecay;
  if (has_part(f, "curve") && f.parts.size() == 1 && decay_ahead && !f.decay_seen)
    first =
        "This curve has not seen the decay of the learning rate, so the fall by it is that of other published runs. ";
  if (!plan.known && has_part(f, "history") && f.now == f.now)
    first = "No schedule is known, so the forecast assumes that this run follows that of the earlier runs. ";
  f.reading = first + fmt::format("The forecast of the final loss at {} is {} ({} interval)", axis_value(f, f.to),
                                  shown_loss(f.final_loss), interval);
  if (f.widened > 1.005)
    f.reading += fmt::format(
        "; the interval is {} times as wide as the method's own because the same forecast missed by "
        "more at earlier points",
        base::format_number(f.widened, 2));
}

Forecast nothing(Forecast f, std::string why) {
  f.status = ForecastStatus::none;
  f.reading = std::move(why);
  return f;
}

void conclude(const ForecastOfParts& found, const ForecastOptions& options, const RatePlan& plan, Forecast& f) {
  f.parts = found.parts;
  f.agree = found.agree;
  if (f.parts.empty()) {
    f.status = ForecastStatus::conditional;
    f.final_loss = found.law->at.back();
  } else {
    f.status = found.agree ? ForecastStatus::forecast : ForecastStatus::disagreeing;
    f.final_loss = found.combined;
  }
  f.widened = f.past.empty() ? 1 : widening(f);
  if (f.status == ForecastStatus::disagreeing) {
    f.final_loss = {base::kNaN, base::kInfinity, 0};
    for (const ForecastPart& part : f.parts) {
      const LossInterval wide = widened_by(part.loss, f.widened);
      f.final_loss.lo = std::min(f.final_loss.lo, wide.lo);
      f.final_loss.hi = std::max(f.final_loss.hi, wide.hi);
    }
  } else {
    f.final_loss = widened_by(f.final_loss, f.widened);
  }
  say_forecast(options, plan, f);
}

// Sets what the rows show; says why they cannot be forecast, or nothing.
std::string unusable(const RunRows& rows, std::optional<double> to, const ForecastOptions& options,
                     const EarlierRuns& history, Forecast& f) {
  f.name = rows.name;
  f.quantity = rows.quantity;
  f.axis = rows.axis;
  if (rows.step.size() < kFewestForecastRows)
    return fmt::format("The curve has {} usable rows, which are too few for a forecast; at least {} are needed",
                       rows.step.size(), kFewestForecastRows);
  f.now = rows.step.back();
  f.now_loss = level_at(rows.step, rows.loss, f.now);
  if (!to) return "The last planned step is not known; give it with --to";
  f.to = *to;
  if (!history.empty() && history.get()->runs.front().rows.axis != f.axis)
    throw base::InputError({"--history"},
                           fmt::format("the earlier runs are recorded by {}, this curve by {}; expected the same",
                                       history.get()->runs.front().rows.axis, f.axis));
  if (f.to > f.now) return {};
  if (options.to)
    throw base::InputError({"--to"},
                           fmt::format("the curve of {} has already reached {}; expected a later end, found {}", f.name,
                                       axis_value(f, f.now), base::format_number(f.to, 6)));
  return fmt::format("The run is complete: it has reached {}", axis_value(f, f.now));
}

void add_law(const LawForecast& law, bool plan_known, const std::vector<double>& path, Forecast& f) {
  const LossInterval& constant = law.at_constant_rate;
  f.fall_by_steps = {f.now_loss - constant.value, f.now_loss - constant.hi, f.now_loss - constant.lo};
  if (plan_known) f.fall_by_schedule = law.by_schedule;
  for (const LossInterval& x : law.at) f.path.push_back(widened_by(x, f.widened));
  f.path_step = path;
  f.path_step.push_back(f.to);
}

std::vector<double> path_between(double now, double to) {
  std::vector<double> path;
  for (std::size_t k = 1; k < kPathPoints; ++k)
    path.push_back(now * std::pow(to / now, static_cast<double>(k) / kPathPoints));
  return path;
}

}  // namespace

base::EnumNames<ForecastStatus> enum_names(ForecastStatus) {
  static constexpr std::pair<std::string_view, ForecastStatus> kNames[] = {{"none", ForecastStatus::none},
                                                                           {"conditional", ForecastStatus::conditional},
                                                                           {"disagreeing", ForecastStatus::disagreeing},
                                                                           {"forecast", ForecastStatus::forecast}};
  return kNames;
}

Forecast forecast_planned(const ForecastOptions& options, const EarlierRuns& history,
                          const std::optional<ForecastPart>& ladder) {
  options.validate();
  Forecast f;
  f.name = "planned run";
  f.to = options.to.value_or(end_of(history).value_or(base::kNaN));
  ForecastOfParts found;
  if (!history.empty()) {
    f.quantity = history.get()->runs.front().rows.quantity;
    f.axis = history.get()->runs.front().rows.axis;
    f.notes = history.get()->notes;
    if (auto part = history_of_plan(*history.get(), options.level)) found.parts.push_back(std::move(*part));
  }
  if (ladder) found.parts.push_back(*ladder);
  if (found.parts.empty())
    return nothing(std::move(f),
                   "Nothing shows the final loss of a planned run; give its curve so far, smaller runs with "
                   "--ladder, or at least two earlier runs with --history");
  combine_parts(found, options.level);
  conclude(found, options, constant_plan(1), f);
  return f;
}

void ForecastOptions::validate() const {
  base::check_fields(*this);
  schedule.validate();
}

Forecast forecast_curve(const tables::Curve& curve, const ForecastOptions& options, const EarlierRuns& history,
                        const std::optional<ForecastPart>& ladder) {
  options.validate();
  const std::optional<double> to = planned_end(curve, options, history);
  const RunRows rows = run_rows(curve, options.schedule, to.value_or(base::kNaN));
  Forecast f;
  if (std::string why = unusable(rows, to, options, history, f); !why.empty())
    return nothing(std::move(f), std::move(why));
  const RatePlan plan = rate_plan(curve, options.schedule, f.to);
  if (std::string why = obstacle(curve, rows, plan.known || !history.empty(), f); !why.empty())
    return nothing(std::move(f), std::move(why));
  f.decay_seen = (plan.known || plan.in_recorded_units) && f.now > rows.warmup_end &&
                 plan.rate_at(f.now) < *std::max_element(plan.rate.begin(), plan.rate.end()) * kSeenDecay;
  const ForecastSituation now{rows.step, rows.loss,     rows.warmup_end, plan,         f.to,
                              f.to,      history.get(), kNoRun,          options.level};
  const std::vector<double> path = path_between(f.now, f.to);
  const ForecastOfParts found = forecast_of_parts(now, ladder, path);
  if (found.parts.empty() && (!found.law || plan.known || !(found.law->at.back().value > 0)))
    return nothing(std::move(f), "The rows do not bound the final loss; forecast again when the run is longer");
  add_past_of_run(now, f);
  if (!history.empty()) f.past.insert(f.past.end(), history.get()->past.begin(), history.get()->past.end());
  add_notes(rows, options, history, f);
  conclude(found, options, plan, f);
  if (found.law) add_law(*found.law, plan.known, path, f);
  return f;
}

}  // namespace phaselaw::advice
