// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/forecast/registered.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <string_view>

#include <fmt/chrono.h>

#include "phaselaw/base/build_info.h"
#include "phaselaw/base/field_reader.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/hash.h"

namespace phaselaw::advice {

namespace {

using base::Value;

constexpr std::size_t kQuarters = 4;

// The number of rows in the first k quarters of n.
std::size_t rows_of_quarters(std::size_t n, std::size_t k) { return (n * k + kQuarters - 1) / kQuarters; }

std::string hash_of_rows(const RunRows& rows, std::size_t n) {
  std::uint64_t hash = base::kHashStart;
  const auto add = [&](double x) {
    const auto bits = std::bit_cast<std::uint64_t>(x);
    char bytes[8];
    for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>((bits >> (8 * i)) & 0xff);
    hash = base::hash_bytes({bytes, 8}, hash);
  };
  for (std::size_t i = 0; i < n; ++i) {
    add(rows.step[i]);
    add(rows.loss[i]);
  }
  return fmt::format("fnv1a-{:016x}", hash);
}

std::string utc_now() {
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(now));
}

// Whether the rows that the forecast used are the same; the first quarter with a change, or 0.
std::size_t changed_quarter(const RegisteredForecast& forecast, const RunRows& rows) {
  for (std::size_t k = 1; k <= kQuarters; ++k)
    if (hash_of_rows(rows, rows_of_quarters(forecast.rows, k)) != forecast.hashes[k - 1]) return k;
  return 0;
}

void require_same_run(const RegisteredForecast& forecast, const RunRows& rows, ForecastCheck& check) {
  if (forecast.rows == 0) return;
  if (rows.step.size() < forecast.rows)
    throw base::InputError(
        {forecast.source},
        fmt::format("the forecast used {} rows of {}, and the curve now has {}; expected the same log, "
                    "grown; name it after --check FILE",
                    forecast.rows, forecast.name, rows.step.size()));
  const std::size_t quarter = changed_quarter(forecast, rows);
  if (quarter == 1)
    throw base::InputError(
        {forecast.source},
        fmt::format("the curve {} is not the one of the forecast, which used {} rows of {}: their first "
                    "quarter differs; name the log of that run after --check FILE",
                    rows.name, forecast.rows, forecast.name));
  if (quarter == 0) return;
  check.changed = true;
  check.reading = fmt::format("Rows between {} {} and {} have changed since the forecast was made. ", forecast.axis,
                              base::format_number(rows.step[rows_of_quarters(forecast.rows, quarter - 1)], 6),
                              base::format_number(rows.step[rows_of_quarters(forecast.rows, quarter) - 1], 6));
}

}  // namespace

Value registered_value(const Forecast& forecast, const RunRows& rows, const std::vector<std::string>& sources,
                       const Value& options, const std::string& law) {
  Value::List hashes;
  for (std::size_t k = 1; k <= kQuarters && !rows.step.empty(); ++k)
    hashes.emplace_back(hash_of_rows(rows, rows_of_quarters(rows.step.size(), k)));
  Value input = Value::table({{"name", forecast.name},
                              {"quantity", forecast.quantity},
                              {"axis", forecast.axis},
                              {"rows", rows.step.size()},
                              {"last", forecast.now},
                              {"hashes", Value(std::move(hashes))}});
  return Value::table({{"format", kForecastFormat},
                       {"date", utc_now()},
                       {"made_by", base::made_by()},
                       {"sources", sources.empty() ? Value(Value::List{}) : Value(sources)},
                       {"input", std::move(input)},
                       {"options", options},
                       {"law", law.empty() ? Value() : Value(law)},
                       {"forecast", to_value(forecast)}});
}

RegisteredForecast registered_from(const Value& value, const std::string& source) {
  const base::FieldReader file(value, "write the file again with phaselaw forecast --register");
  try {
    if (!file.has("format") || file.at("format").text() != kForecastFormat)
      file.at("format").wrong(fmt::format("\"{}\"", kForecastFormat));
    RegisteredForecast out;
    out.source = source;
    out.date = file.at("date").text();
    out.version = file.at("made_by").at("version").text();
    out.paths = file.at("sources").as<std::vector<std::string>>();
    const base::FieldReader input = file.at("input"), forecast = file.at("forecast");
    out.name = input.at("name").text();
    out.quantity = input.at("quantity").text();
    out.axis = input.at("axis").text();
    out.rows = static_cast<std::size_t>(input.at("rows").count());
    out.hashes = input.at("hashes").as<std::vector<std::string>>();
    if (out.rows > 0 && out.hashes.size() != kQuarters) input.at("hashes").wrong("four hashes");
    out.now = forecast.at("now").number_or(base::kNaN);
    out.to = forecast.at("to").number_or(base::kNaN);
    out.status = forecast.at("status").text();
    const base::FieldReader loss = forecast.at("final_loss");
    out.predicted = {loss.at("value").number_or(base::kNaN), loss.at("lo").number_or(base::kNaN),
                     loss.at("hi").number_or(base::kNaN)};
    if (!(out.predicted.lo <= out.predicted.hi))
      loss.at("lo").wrong("an interval, because the forecast is to be compared");
    if (!(out.predicted.lo <= out.predicted.value && out.predicted.value <= out.predicted.hi))
      loss.at("value").wrong(fmt::format("a number in the interval [{}, {}]; found {}", out.predicted.lo,
                                         out.predicted.hi, out.predicted.value));
    if (!(out.to > 0)) forecast.at("to").wrong("the last planned step");
    return out;
  } catch (const base::InputError& error) {
    if (std::string_view(error.what()).starts_with(source + ":")) throw;  // values of a file know their place
    throw base::InputError({source}, error.what());
  }
}

ForecastCheck check_forecast(const RegisteredForecast& forecast, const RunRows& rows) {
  ForecastCheck check;
  check.forecast = forecast;
  if (rows.step.empty())
    throw base::InputError({forecast.source}, "the curve has no finite losses to compare the forecast with");
  if (!forecast.quantity.empty() && rows.quantity != forecast.quantity)
    throw base::InputError({forecast.source},
                           fmt::format("the forecast is of {}, the curve records {}; name the column with "
                                       "--col loss={}",
                                       forecast.quantity, rows.quantity, forecast.quantity));
  require_same_run(forecast, rows, check);
  check.reached = rows.step.back();
  const std::string said = base::format_value(forecast.predicted.value, forecast.predicted.lo, forecast.predicted.hi);
  // One part in a thousand: logs end at the step before the planned last one.
  if (check.reached < forecast.to * (1 - 1e-3)) {
    check.status = "pending";
    check.reading +=
        fmt::format("The run has reached {} {} of {}, so the forecast of {} cannot be compared yet", forecast.axis,
                    base::format_number(check.reached, 6), base::format_number(forecast.to, 6), said);
    return check;
  }
  check.happened = level_at(rows.step, rows.loss, std::min(check.reached, forecast.to));
  check.relative_error = forecast.predicted.value / check.happened - 1;
  const bool inside = forecast.predicted.contains(check.happened);
  check.status = inside ? "inside" : "outside";
  check.reading += fmt::format("The final loss {} lies {} the interval of the forecast {}",
                               base::format_number(check.happened, 5), inside ? "inside" : "outside", said);
  if (std::isfinite(check.relative_error))
    check.reading += fmt::format("; the forecast was {} {}", base::format_percent(std::abs(check.relative_error)),
                                 check.relative_error > 0 ? "too high" : "too low");
  if (forecast.status == "conditional") check.reading += ". The forecast assumed a constant learning rate";
  return check;
}

Value to_value(const ForecastCheck& check) {
  const RegisteredForecast& f = check.forecast;
  return Value::table(
      {{"status", check.status},
       {"reading", check.reading},
       {"changed", check.changed},
       {"name", f.name},
       {"quantity", f.quantity},
       {"axis", f.axis},
       {"to", f.to},
       {"reached", check.reached},
       {"predicted", Value::table({{"value", f.predicted.value}, {"lo", f.predicted.lo}, {"hi", f.predicted.hi}})},
       {"happened", check.happened},
       {"relative_error", check.relative_error},
       {"forecast_status", f.status},
       {"date", f.date},
       {"version", f.version}});
}

}  // namespace phaselaw::advice
