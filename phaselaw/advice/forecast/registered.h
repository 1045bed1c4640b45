// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/advice/forecast/history_forecast.h"
#include "phaselaw/base/value.h"

// A forecast in a file, so that it can be compared later with what happened.
//
//   {format, date, made_by, sources, input {name, quantity, axis, rows, last, hashes}, options, law, forecast}
//   hashes   FNV-1a (base/hash.h) of the first quarter, half, three quarters and all of the rows that were used, as
//            numbers: a log that has only grown is recognised, and a changed row is placed within a quarter. The hash finds
//            accidents; it does not protect against intent.
namespace phaselaw::advice {

inline constexpr const char* kForecastFormat = "phaselaw-forecast-1";

// `rows` empty: a planned run. `sources`: paths of the curve, as typed.
[[nodiscard]] base::Value registered_value(const Forecast& forecast, const RunRows& rows,
                                           const std::vector<std::string>& sources, const base::Value& options,
                                           const std::string& law);

struct RegisteredForecast {
  std::string source, date, version;
  std::vector<std::string> paths;
  std::string name, quantity, axis;
  std::size_t rows = 0;
  std::vector<std::string> hashes;
  double now = base::kNaN, to = base::kNaN;
  std::string status;
  LossInterval predicted;
};
// InputError naming the field if something is missing or has the wrong type.
[[nodiscard]] RegisteredForecast registered_from(const base::Value& value, const std::string& source);

struct ForecastCheck {
  std::string status;    // "inside" | "outside" | "pending": the run has not yet reached the step of the forecast
  bool changed = false;  // rows that the forecast used are no longer the same
  std::string reading;
  double reached = base::kNaN, happened = base::kNaN, relative_error = base::kNaN;
  RegisteredForecast forecast;
};
// Compares with the curve as it is now. InputError if it is that of another run: the first quarter of its rows differs, or
// it has fewer rows than the forecast used.
[[nodiscard]] ForecastCheck check_forecast(const RegisteredForecast& forecast, const RunRows& rows);
[[nodiscard]] base::Value to_value(const ForecastCheck& check);

}  // namespace phaselaw::advice
