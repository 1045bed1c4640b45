// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "phaselaw/advice/forecast/forecast_request.h"
#include "phaselaw/advice/text.h"
#include "phaselaw/base/format.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/report/format.h"

// The forecast for a terminal.
namespace phaselaw::advice {

namespace {

std::string loss_text(const LossInterval& x) {
  if (!x.known() && std::isfinite(x.lo)) return base::format_interval(x.lo, x.hi);
  return x.known() ? base::format_value(x.value, x.lo, x.hi) : "–";
}

std::string place_text(const Forecast& f, double at) {
  return base::format_number(at, 4, f.axis == "compute" ? base::Notation::power : base::Notation::suffix);
}

// A fall that may be a rise, with its interval.
std::string falls_text(const Forecast& f) {
  if (!f.fall_by_steps.known()) return {};
  if (!f.fall_by_schedule.known())
    return fmt::format("at the present learning rate the loss falls by {} from {}; the fall by a decay is not known",
                       loss_text(f.fall_by_steps), base::format_number(f.now_loss, 4));
  if (f.fall_by_schedule.value == 0 && f.fall_by_schedule.lo == f.fall_by_schedule.hi)
    return fmt::format("more steps lower the loss by {} from {}; the learning rate does not change",
                       loss_text(f.fall_by_steps), base::format_number(f.now_loss, 4));
  return fmt::format(
      "by its own curve, more steps at the present learning rate lower the loss by {} from {}, and the decay of the "
      "learning rate by {}",
      loss_text(f.fall_by_steps), base::format_number(f.now_loss, 4), loss_text(f.fall_by_schedule));
}

}  // namespace

std::vector<std::vector<std::string>> forecast_rows(const std::vector<Forecast>& forecasts) {
  std::vector<std::vector<std::string>> rows = {{"run", "loss", "now", "loss now", "end", "final loss", "kind"}};
  for (const Forecast& f : forecasts)
    rows.push_back({f.name, f.quantity.empty() ? "–" : f.quantity, std::isfinite(f.now) ? place_text(f, f.now) : "–",
                    std::isfinite(f.now_loss) ? base::format_number(f.now_loss, 4) : "–",
                    std::isfinite(f.to) ? place_text(f, f.to) : "–", loss_text(f.final_loss),
                    std::string(base::enum_name(f.status))});
  return rows;
}

report::Table parts_table(const Forecast& f) {
  report::Table table;
  table.caption = "What the forecast rests on. Each part has its own interval, before it is widened by past errors.";
  table.columns = {"from", "final loss", "basis"};
  for (const ForecastPart& part : f.parts) table.rows.push_back({part.source, loss_text(part.loss), part.how});
  return table;
}

report::Table past_table(const Forecast& f) {
  report::Table table;
  table.caption = "The same forecast made at earlier points, and what happened there.";
  table.columns = {"run", "made at", "forecast", "happened", "error", "inside"};
  for (const PastForecast& past : f.past)
    if (past.same_run)
      table.rows.push_back({"this run", fmt::format("{} of {}", place_text(f, past.made_at), place_text(f, past.of)),
                            loss_text(past.predicted), base::format_number(past.happened, 4),
                            base::format_percent(past.relative_error()), past.inside() ? "yes" : "no"});
  for (const double share : {0.25, 0.5, 0.75}) {
    std::vector<double> errors;
    std::size_t inside = 0;
    for (const PastForecast& past : f.past) {
      if (past.same_run || std::abs(past.made_at / past.of - share) > 0.125) continue;
      errors.push_back(std::abs(past.relative_error()));
      inside += past.inside() ? 1 : 0;
    }
    if (errors.empty()) continue;
    table.rows.push_back({"earlier runs", base::format_percent(share), "–", "–",
                          fmt::format("median {}, largest {}", base::format_percent(numerics::median(errors)),
                                      base::format_percent(*std::max_element(errors.begin(), errors.end()))),
                          fmt::format("{} of {}", inside, errors.size())});
  }
  return table;
}

std::string forecast_text(const std::vector<Forecast>& forecasts) {
  std::string text;
  if (forecasts.size() > 1) text += report::text_table(forecast_rows(forecasts)) + "\n";
  for (const Forecast& f : forecasts) {
    text += fmt::format("{}{}: {}.\n", &f == &forecasts.front() ? "" : "\n", f.name, f.reading);
    if (const std::string falls = falls_text(f); !falls.empty()) text += fmt::format("  falls   {}\n", falls);
    for (const ForecastPart& part : f.parts)
      text += fmt::format("  {:<7} {}: {}\n", part.source, loss_text(part.loss), part.how);
    for (const std::string& note : f.notes) text += fmt::format("  note    {}\n", note);
    if (f.past.empty()) continue;
    text += "  the same forecast at earlier points:\n";
    const report::Table past = past_table(f);
    std::vector<std::vector<std::string>> rows = {past.columns};
    rows.insert(rows.end(), past.rows.begin(), past.rows.end());
    text += report::text_table(rows);
  }
  return text;
}

std::string check_text(const ForecastCheck& check) {
  return fmt::format("{}: {}.\n  made on {} with phaselaw {}\n", check.forecast.name, check.reading,
                     check.forecast.date, check.forecast.version);
}

}  // namespace phaselaw::advice
