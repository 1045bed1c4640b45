// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phaselaw/advice/forecast/forecast.h"
#include "phaselaw/advice/forecast/registered.h"
#include "phaselaw/base/value.h"
#include "phaselaw/documents/reading.h"
#include "phaselaw/report/page.h"
#include "phaselaw/tables/rows.h"

// The final losses of the runs in one or several documents: the work of `phaselaw forecast` and `phaselaw.forecast`.
namespace phaselaw::advice {

struct ForecastRequest {
  ForecastOptions options;
  tables::ReadOptions read;
  std::vector<std::string> run;
  std::string law;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    ForecastOptions::fields(self.options, visit);
    visit(
        "law", self.law, base::anything(),
        "law of the ladder: of several fits in a file the one with this name (default: the first), of a table the law to "
        "fit (default: chinchilla)");
    visit("run", self.run, base::anything(), "forecast only the run of this name; may be repeated");
    // A curve has all rows of its run, and each run is forecast by itself.
    tables::ReadOptions::fields(self.read, [&](std::string_view name, auto&&... field) {
      if (name != "last" && name != "by") visit(name, field...);
    });
  }
};

// What the forecast rests on. All may be empty, but not all at once.
struct ForecastInputs {
  std::vector<documents::Reading> curves, history;
  std::optional<base::Value> ladder_fit;           // a FIT.json
  std::optional<documents::Reading> ladder_table;  // or a table of smaller runs
  std::string ladder_source;
  std::vector<std::string> sources;  // of the curves, as typed
};
// Whether a JSON value is a fit (and not a table): it has the fields of a FIT.json, or is a list of fits.
[[nodiscard]] bool is_fit(const base::Value& value);

struct ForecastAnswer {
  std::vector<Forecast> forecasts;
  std::vector<RunRows> rows;           // that each forecast used; empty for a planned run
  std::vector<base::Value> registers;  // registered_value() of each
  base::Value json;                    // {forecasts: [...], row_notes}
};

// InputError for inputs that cannot be read or that contradict each other. A curve that cannot be forecast is an answer.
[[nodiscard]] ForecastAnswer forecast(const ForecastRequest& request, ForecastInputs inputs);

// Writes the register of the one forecast to a new file, as a whole or not at all. InputError at `flag` if the file exists,
// cannot be written, or if there is not exactly one forecast with a number. The first checks only the file, before work.
void require_new_register(const std::string& path, const std::string& flag);
void write_register(const ForecastAnswer& answer, const std::string& path, const std::string& flag);

// Compares a registered forecast with the curve of its run.
[[nodiscard]] ForecastCheck check(const ForecastRequest& request, const RegisteredForecast& registered,
                                  std::vector<documents::Reading> curves);

// A row for each run, the first row naming the columns; and the whole text.
[[nodiscard]] std::vector<std::vector<std::string>> forecast_rows(const std::vector<Forecast>& forecasts);
[[nodiscard]] std::string forecast_text(const std::vector<Forecast>& forecasts);
[[nodiscard]] std::string check_text(const ForecastCheck& check);
// What each part says, and what earlier forecasts would have missed; empty without parts or past forecasts.
[[nodiscard]] report::Table parts_table(const Forecast& forecast);
[[nodiscard]] report::Table past_table(const Forecast& forecast);

// The curves with their forecasts; parts, past errors and notes of each.
[[nodiscard]] report::Page forecast_page(const ForecastAnswer& answer);

}  // namespace phaselaw::advice
