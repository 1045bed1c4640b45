// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/forecast/forecast_request.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "phaselaw/advice/forecast/ladder_forecast.h"
#include "phaselaw/advice/output_direction.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/files.h"
#include "phaselaw/base/format.h"
#include "phaselaw/tables/messages.h"

namespace phaselaw::advice {

namespace {

constexpr std::size_t kSameRows = 8;  // rows by which a run is recognised among the earlier runs

std::vector<tables::Curve> read_falling_curves(std::vector<documents::Reading> readings,
                                               const tables::ReadOptions& read, std::vector<std::string>& notes) {
  tables::CurveSet set = tables::curves_of(std::move(readings), read);
  tables::log_messages(set.notes, set.warnings);
  require_falling_curves(set.curves, set.computed);
  notes.insert(notes.end(), set.notes.begin(), set.notes.end());
  notes.insert(notes.end(), set.warnings.begin(), set.warnings.end());
  return std::move(set.curves);
}

// Whether the earlier run is the run itself, by its first rows.
bool is_same_run(const tables::Curve& a, const tables::Curve& b) {
  const std::size_t n = std::min({kSameRows, a.loss.size(), b.loss.size()});
  for (std::size_t i = 0; i < n; ++i)
    if (a.progress()[i] != b.progress()[i] || !(a.loss[i] == b.loss[i])) return false;
  return n > 0;
}

std::optional<fitting::SavedFit> ladder_of(const ForecastRequest& request, ForecastInputs& inputs) {
  if (inputs.ladder_fit) {
    auto fits = fitting::saved_fits_from(*inputs.ladder_fit, inputs.ladder_source, request.law);
    return std::move(fits.front());
  }
  if (inputs.ladder_table)
    return fit_ladder(std::move(*inputs.ladder_table), request.read, request.law, request.options.level);
  return std::nullopt;
}

// The tokens at the end of the run: stated, or those of the curve in proportion.
void fill_tokens(const tables::Curve& curve, double to, ForecastOptions& options) {
  if (options.tokens || curve.tokens.empty() || !std::isfinite(to)) return;
  const std::vector<double>& axis = curve.progress();
  for (std::size_t i = axis.size(); i-- > 0;)
    if (curve.tokens[i] > 0 && axis[i] > 0) {
      options.tokens = curve.tokens[i] * to / axis[i];
      return;
    }
}

// `all` if the run is not among them.
EarlierRuns earlier_without(const tables::Curve& curve, const std::vector<tables::Curve>& history,
                            const EarlierRuns& all, const ForecastOptions& options) {
  std::vector<tables::Curve> others;
  for (const tables::Curve& run : history)
    if (!is_same_run(curve, run)) others.push_back(run);
  if (others.size() == history.size()) return all;
  return others.empty() ? EarlierRuns{} : EarlierRuns(others, options);
}

Forecast one_forecast(const tables::Curve& curve, const ForecastRequest& request, const EarlierRuns& history,
                      const std::optional<fitting::SavedFit>& ladder) {
  ForecastOptions options = request.options;
  if (!ladder) return forecast_curve(curve, options, history);
  PlannedRun planned{options, options.to.value_or(base::kNaN), {}};
  if (!options.n_params && std::isfinite(curve.n_params)) planned.options.n_params = curve.n_params;
  fill_tokens(curve, planned.to, planned.options);
  if (options.to) planned.plan = rate_plan(curve, options.schedule, *options.to);
  std::vector<std::string> notes;
  const ForecastPart part = ladder_part(*ladder, planned, notes);
  Forecast f = forecast_curve(curve, options, history, part);
  f.notes.insert(f.notes.end(), notes.begin(), notes.end());
  return f;
}

void add_forecast(Forecast f, RunRows rows, const ForecastRequest& request, const ForecastInputs& inputs,
                  ForecastAnswer& answer) {
  answer.registers.push_back(
      registered_value(f, rows, inputs.sources, base::write_fields(request.options), request.law));
  answer.forecasts.push_back(std::move(f));
  answer.rows.push_back(std::move(rows));
}

}  // namespace

bool is_fit(const base::Value& value) {
  if (value.is_list()) return !value.list().empty() && is_fit(value.list().front());
  return value.is_table() &&
         (value.find("fits") != nullptr || (value.find("law") != nullptr && value.find("parameters") != nullptr));
}

ForecastAnswer forecast(const ForecastRequest& request, ForecastInputs inputs) {
  request.options.validate();
  if (inputs.curves.empty() && inputs.history.empty() && !inputs.ladder_fit && !inputs.ladder_table)
    throw base::InputError({"curves"},
                           "expected a curve, --history or --ladder; for example phaselaw forecast run.csv --to 10000");
  if (!inputs.ladder_fit && !inputs.ladder_table)
    for (const auto& [flag, given] :
         {std::pair{"--law", !request.law.empty()}, std::pair{"--n-params", request.options.n_params.has_value()}})
      if (given) throw base::InputError({flag}, "describes the run for --ladder; add --ladder, or omit it");
  std::vector<std::string> notes;
  const std::vector<tables::Curve> history = inputs.history.empty()
                                                 ? std::vector<tables::Curve>{}
                                                 : read_falling_curves(std::move(inputs.history), request.read, notes);
  const std::optional<fitting::SavedFit> ladder = ladder_of(request, inputs);
  ForecastAnswer answer;
  if (inputs.curves.empty()) {
    std::optional<ForecastPart> part;
    std::vector<std::string> ladder_notes;
    if (ladder)
      part = ladder_part(*ladder, {request.options, request.options.to.value_or(base::kNaN), {}}, ladder_notes);
    Forecast f = forecast_planned(request.options,
                                  history.empty() ? EarlierRuns{} : EarlierRuns(history, request.options), part);
    f.notes.insert(f.notes.end(), ladder_notes.begin(), ladder_notes.end());
    add_forecast(std::move(f), {}, request, inputs, answer);
  } else {
    std::vector<tables::Curve> curves = read_falling_curves(std::move(inputs.curves), request.read, notes);
    tables::keep_runs(curves, request.run);
    const EarlierRuns all = history.empty() ? EarlierRuns{} : EarlierRuns(history, request.options);
    for (const tables::Curve& curve : curves) {
      const EarlierRuns earlier = earlier_without(curve, history, all, request.options);
      if (!earlier.empty() && earlier.get()->runs.front().rows.quantity != curve.quantity)
        throw base::InputError(
            {"--history"},
            fmt::format("the earlier runs record {} and {} records {}; expected the same loss; name it with "
                        "--col loss=COLUMN",
                        earlier.get()->runs.front().rows.quantity, curve.name, curve.quantity));
      add_forecast(one_forecast(curve, request, earlier, ladder), run_rows(curve, request.options.schedule), request,
                   inputs, answer);
    }
  }
  base::Value::List list;
  for (const Forecast& f : answer.forecasts) list.push_back(to_value(f));
  answer.json["forecasts"] = base::Value(std::move(list));
  answer.json["row_notes"] = notes.empty() ? base::Value(base::Value::List{}) : base::Value(notes);
  return answer;
}

void require_new_register(const std::string& path, const std::string& flag) {
  if (std::filesystem::exists(path))
    throw base::InputError(
        {flag},
        fmt::format("{} exists already and is not overwritten; choose another name, or check that forecast", path));
  base::require_writable_file(path, flag);
}

void write_register(const ForecastAnswer& answer, const std::string& path, const std::string& flag) {
  require_new_register(path, flag);
  if (answer.forecasts.size() != 1)
    throw base::InputError({flag},
                           fmt::format("registers one forecast, and the files hold {} runs; name one of them with run",
                                       answer.forecasts.size()));
  const Forecast& f = answer.forecasts.front();
  if (f.status == ForecastStatus::none)
    throw base::InputError({flag}, "there is no forecast to register: " + f.reading);
  if (!std::isfinite(f.to))
    throw base::InputError({flag},
                           "the last planned step is not known, so the forecast cannot be compared later; give it");
  base::write_file(path, base::to_json(answer.registers.front()) + "\n");
}

ForecastCheck check(const ForecastRequest& request, const RegisteredForecast& registered,
                    std::vector<documents::Reading> readings) {
  std::vector<std::string> notes;
  std::vector<tables::Curve> curves = read_falling_curves(std::move(readings), request.read, notes);
  tables::keep_runs(curves, request.run);
  if (curves.size() > 1 && registered.rows > 0) tables::keep_runs(curves, {registered.name});
  if (curves.size() != 1)
    throw base::InputError(
        {"--check"}, fmt::format("the files hold {} runs; name the one of the forecast with --run", curves.size()));
  return check_forecast(registered, run_rows(curves.front(), request.options.schedule));
}

}  // namespace phaselaw::advice
