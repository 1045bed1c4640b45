// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "phaselaw/advice/forecast/forecast_request.h"
#include "phaselaw/advice/text.h"
#include "phaselaw/base/format.h"

// The page of a forecast.
namespace phaselaw::advice {

namespace {

using report::Colour, report::Figure, report::Series, report::Style;

constexpr std::size_t kRunsWithFigures = 12;
constexpr std::size_t kDrawnRows = 1500;  // of a curve; more are thinned evenly
constexpr double kDrawnFactor = 30;       // rows before the last step divided by this are not drawn

Series recorded_series(const RunRows& rows) {
  Series series{"recorded", {}, {}, Style::kPoints, Colour::kGrey};
  series.opacity = 0.6;
  const auto first = static_cast<std::size_t>(
      std::lower_bound(rows.step.begin(), rows.step.end(), rows.step.back() / kDrawnFactor) - rows.step.begin());
  const std::size_t stride = (rows.step.size() - first + kDrawnRows - 1) / kDrawnRows;
  for (std::size_t i = first; i < rows.step.size(); i += std::max<std::size_t>(1, stride)) {
    series.x.push_back(rows.step[i]);
    series.y.push_back(rows.loss[i]);
  }
  return series;
}

Figure forecast_figure(const Forecast& f, const RunRows& rows) {
  Figure figure;
  figure.title = "The curve and its forecast";
  figure.x = {f.axis == "step" ? "training steps" : f.axis, "", true};
  figure.y = {f.quantity, "", true};
  figure.series.push_back(recorded_series(rows));
  std::string law = "no law is drawn";
  if (!f.path.empty()) {
    Series path{f.status == ForecastStatus::conditional ? "at the present learning rate" : "the law of this curve",
                {f.now},
                {f.now_loss},
                Style::kLine,
                Colour::kBlue};
    path.band_lo = path.band_hi = {f.now_loss};
    for (std::size_t i = 0; i < f.path.size(); ++i) {
      path.x.push_back(f.path_step[i]);
      path.y.push_back(f.path[i].value);
      path.band_lo.push_back(f.path[i].lo);
      path.band_hi.push_back(f.path[i].hi);
    }
    figure.series.push_back(std::move(path));
    law = "the band is the interval of the law of this curve alone, widened by past errors";
  }
  if (f.final_loss.known() && f.status == ForecastStatus::forecast) {
    Series end{"final loss", {f.to}, {f.final_loss.value}, Style::kPoints, Colour::kVermillion};
    end.error_lo = {f.final_loss.lo};
    end.error_hi = {f.final_loss.hi};
    figure.series.push_back(std::move(end));
  }
  figure.vertical_marks.push_back({f.now, "now", Colour::kBlack});
  figure.caption = fmt::format("Recorded rows and the forecast; {}.", law);
  return figure;
}

// Earlier forecasts relative to what happened.
Figure past_figure(const Forecast& f) {
  Figure figure;
  figure.title = "Errors of the same forecast at earlier points";
  figure.x = {"share of the run when it was made", "%", false, 0, 100};
  figure.y = {"forecast/happened - 1", "%", false};
  for (const bool same : {true, false}) {
    Series series{
        same ? "this run" : "earlier runs", {}, {}, Style::kPoints, same ? Colour::kVermillion : Colour::kBlue};
    for (const PastForecast& past : f.past) {
      if (past.same_run != same) continue;
      series.x.push_back(100 * past.made_at / past.of);
      series.y.push_back(100 * past.relative_error());
      series.error_lo.push_back(100 * (past.predicted.lo / past.happened - 1));
      series.error_hi.push_back(100 * (past.predicted.hi / past.happened - 1));
    }
    if (!series.x.empty()) figure.series.push_back(std::move(series));
  }
  figure.horizontal_marks.push_back({0, "what happened", Colour::kBlack});
  figure.caption =
      "Each bar is the interval of a forecast that was made with the rows up to that share. Bars that do not reach the "
      "line missed.";
  return figure;
}

void add_details(const Forecast& f, report::Section& section) {
  if (!f.parts.empty()) section.tables.push_back(parts_table(f));
  if (!f.past.empty()) section.tables.push_back(past_table(f));
  for (const std::string& note : f.notes) section.paragraphs.push_back("Note: " + note + ".");
}

}  // namespace

report::Page forecast_page(const ForecastAnswer& answer) {
  report::Page page;
  page.title = "Forecast of the final loss";
  page.answer = answer.forecasts.size() == 1 ? answer.forecasts.front().reading + "."
                                             : fmt::format("{} runs are forecast.", answer.forecasts.size());
  if (answer.forecasts.size() > 1) {
    report::Section all;
    all.title = "All runs";
    all.tables.push_back(table_of(forecast_rows(answer.forecasts), ""));
    page.sections.push_back(std::move(all));
  }
  for (std::size_t i = 0; i < answer.forecasts.size(); ++i) {
    const Forecast& f = answer.forecasts[i];
    report::Section section;
    section.title = f.name;
    if (answer.forecasts.size() > 1) section.lead = f.reading + ".";
    if (i < kRunsWithFigures && !answer.rows[i].step.empty()) {
      section.figures.push_back(forecast_figure(f, answer.rows[i]));
      if (!f.past.empty()) section.figures.push_back(past_figure(f));
    }
    add_details(f, section);
    page.sections.push_back(std::move(section));
  }
  return page;
}

}  // namespace phaselaw::advice
