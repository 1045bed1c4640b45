// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "phaselaw/advice/compare/compare_text.h"
#include "phaselaw/base/format.h"
#include "phaselaw/numerics/statistics.h"

// The page of a comparison.
namespace phaselaw::advice {

namespace {

using report::Colour;
using report::Figure;
using report::Series;
using report::Style;

constexpr std::size_t kLawPoints = 25;       // of a law with its band; each is an interval
constexpr std::size_t kCandidatesDrawn = 8;  // with figures; a page has a limit
constexpr double kWidestDrawn = 30;          // factor to which an open end of a speed-up is drawn
constexpr std::size_t kRunsDrawn = 12;       // curves of each recipe
constexpr Colour kBaselineColour = Colour::kBlue, kCandidateColour = Colour::kVermillion;

struct Extent {
  double lo, hi, measured_hi;
};
Extent extent_of(const ResourceComparison& c) {
  double lo = base::kInfinity, hi = 0;
  for (const auto* points : {&c.baseline.resource, &c.candidate.resource})
    for (const double x : *points) {
      lo = std::min(lo, x);
      hi = std::max(hi, x);
    }
  double far = hi;
  for (const ComparedPlace& place : c.places) far = std::max(far, place.resource);
  // The laws are not drawn over the runs that they leave out.
  return {std::max(lo, c.law_from), far, hi};
}

Series law_series(const ResourceComparison& c, PairedLaw::Recipe recipe, const std::string& name, Colour colour) {
  Series series;
  series.label = name + ", fitted law with interval";
  series.colour = colour;
  const Extent extent = extent_of(c);
  if (!c.law->has_slope(recipe)) return series;
  for (const double x : numerics::log_spaced(extent.lo, extent.hi, kLawPoints)) {
    const fitting::Estimate e = c.law->loss_interval(recipe, x);
    series.x.push_back(x);
    series.y.push_back(e.value);
    series.band_lo.push_back(e.lo.value_or(e.value));
    series.band_hi.push_back(e.hi.value_or(e.value));
  }
  return series;
}

Series run_points(const RecipePoints& points, const std::string& name, Colour colour) {
  Series series;
  series.label = name + ", runs";
  series.style = Style::kPoints;
  series.colour = colour;
  series.x = points.resource;
  series.y = points.loss;
  return series;
}

void mark_measured(const ResourceComparison& c, Figure& figure) {
  const Extent extent = extent_of(c);
  if (extent.hi > extent.measured_hi)
    figure.vertical_marks.push_back({extent.measured_hi, "largest run", Colour::kGrey});
  if (c.law_from > 0) figure.vertical_marks.push_back({c.law_from, "laws from here", Colour::kGrey});
}

Figure loss_figure(const ResourceComparison& c, const std::string& a, const std::string& b, const std::string& noun) {
  Figure figure;
  figure.title = fmt::format("Runs of both recipes against {}", c.resource);
  figure.x = {c.resource, c.unit, true};
  figure.y = {noun, "", true};
  if (c.fitted) {
    figure.series.push_back(law_series(c, PairedLaw::baseline, a, kBaselineColour));
    figure.series.push_back(law_series(c, PairedLaw::candidate, b, kCandidateColour));
    std::erase_if(figure.series, [](const Series& s) { return s.x.empty(); });
    mark_measured(c, figure);
  }
  figure.series.push_back(run_points(c.baseline, a, kBaselineColour));
  figure.series.push_back(run_points(c.candidate, b, kCandidateColour));
  figure.caption = c.fitted
                       ? "Points are runs; the lines are the fitted laws with the intervals of the mean. Beyond the "
                         "largest run they are extrapolated."
                       : "Points are runs. Without laws only budgets that both recipes measured can be compared.";
  return figure;
}

Figure speedup_figure(const ResourceComparison& c, const std::string& a, const std::string& b,
                      const std::string& noun) {
  Figure figure;
  figure.title = fmt::format("Factor in {} at equal {}", c.resource, noun);
  figure.x = {fmt::format("{} of {}", c.resource, b), c.unit, true};
  figure.y = {fmt::format("{} that {} needs/{} of {}", c.resource, a, c.resource, b), "", true};
  Series series;
  series.label = "factor with interval";
  series.colour = Colour::kGreen;
  const Extent extent = extent_of(c);
  bool open = false;
  double highest = 1, lowest = 1;
  for (const double x : numerics::log_spaced(extent.lo, extent.hi, kLawPoints)) {
    const fitting::Estimate e = c.law->speedup_interval(x);
    open = open || !e.lo || !e.hi;
    const double lo = std::max(1 / kWidestDrawn, e.lo.value_or(0)),
                 hi = std::min(kWidestDrawn, e.hi.value_or(kWidestDrawn));
    highest = std::max(highest, hi);
    lowest = std::min(lowest, lo);
    series.x.push_back(x);
    series.y.push_back(std::isnan(e.value) ? std::sqrt(lo * hi) : std::clamp(e.value, 1 / kWidestDrawn, kWidestDrawn));
    series.band_lo.push_back(lo);
    series.band_hi.push_back(hi);
  }
  constexpr double kMargin = 1.15;
  figure.y.lo = lowest / kMargin;
  figure.y.hi = highest * kMargin;
  figure.series.push_back(std::move(series));
  figure.horizontal_marks.push_back({1, "equal", Colour::kBlack});
  mark_measured(c, figure);
  figure.caption =
      fmt::format("Above 1 {} is better. The band is the interval of the factor at each {}.", b, c.resource);
  if (open)
    figure.caption +=
        fmt::format(" Where an end is open the band ends at a factor {}.", base::format_number(kWidestDrawn));
  return figure;
}

Figure floor_figure(const ResourceComparison& c) {
  Figure figure;
  figure.title = "Factor under other floors";
  figure.x = {"floor taken as known", "", false};
  figure.y = {fmt::format("factor at {}", place_text(c.lead()->resource, c.resource, c.unit)), "", true};
  Series allowed, refuted;
  allowed.label = "allowed by the runs";
  refuted.label = "refuted by the runs";
  allowed.style = refuted.style = Style::kPoints;
  allowed.colour = Colour::kGreen;
  refuted.colour = Colour::kGrey;
  for (const FloorRow& row : c.floors) {
    Series& series = row.plausible ? allowed : refuted;
    if (!std::isfinite(row.speedup.value)) continue;
    series.x.push_back(row.floor);
    series.y.push_back(row.speedup.value);
    series.error_lo.push_back(std::max(row.speedup.lo.value_or(0), row.speedup.value / kWidestDrawn));
    series.error_hi.push_back(std::min(row.speedup.hi.value_or(base::kInfinity), row.speedup.value * kWidestDrawn));
  }
  // The line of equality is in the frame.
  constexpr double kRoom = 1.15;
  double lowest = 1, highest = 1;
  for (const Series* series : {&allowed, &refuted})
    for (std::size_t i = 0; i < series->x.size(); ++i) {
      lowest = std::min(lowest, series->error_lo[i]);
      highest = std::max(highest, series->error_hi[i]);
    }
  figure.y.lo = lowest / kRoom;
  figure.y.hi = highest * kRoom;
  for (Series* series : {&allowed, &refuted})
    if (!series->x.empty()) figure.series.push_back(std::move(*series));
  figure.horizontal_marks.push_back({1, "equal", Colour::kBlack});
  figure.caption = "Each floor is taken as known and common to both recipes; bars are intervals.";
  return figure;
}

Figure curves_figure(const CurvePair& c, const std::string& a, const std::string& b, const std::string& noun) {
  Figure figure;
  figure.title = fmt::format("Curves against {}", c.resource);
  figure.x = {c.resource, c.unit, true};
  figure.y = {noun, "", true};
  std::size_t left_out = 0;
  const auto add = [&](const std::vector<RunLevel>& runs, const std::string& name, Colour colour) {
    for (std::size_t i = 0; i < runs.size(); ++i) {
      if (i >= kRunsDrawn) {
        ++left_out;
        continue;
      }
      Series series;
      series.label = name;
      series.colour = colour;
      series.width = runs.size() > 1 ? 1.2 : 2;
      series.x = runs[i].x();
      series.y = runs[i].loss();
      figure.series.push_back(std::move(series));
    }
  };
  add(c.baseline, a, kBaselineColour);
  add(c.candidate, b, kCandidateColour);
  if (!c.equal_loss.empty())
    figure.horizontal_marks.push_back({c.equal_loss.back().loss, "reached by all", Colour::kGrey});
  figure.caption = "Block means of each run.";
  if (left_out > 0) figure.caption += fmt::format(" {} more runs are not shown.", left_out);
  return figure;
}

Figure equal_loss_figure(const CurvePair& c, const std::string& a, const std::string& noun) {
  Figure figure;
  figure.title = fmt::format("Factor in {} at equal {}", c.resource, noun);
  figure.x = {noun, "", true};
  figure.y = {fmt::format("factor in {} that {} needs", c.resource, a), "", true};
  Series series;
  series.style = Style::kLinePoints;
  series.colour = Colour::kGreen;
  for (const EqualLoss& one : c.equal_loss) {
    series.x.push_back(one.loss);
    series.y.push_back(one.speedup.value);
    series.error_lo.push_back(one.speedup.lo.value_or(one.speedup.value));
    series.error_hi.push_back(one.speedup.hi.value_or(one.speedup.value));
  }
  figure.series.push_back(std::move(series));
  figure.horizontal_marks.push_back({1, "equal", Colour::kBlack});
  figure.caption = c.between_seeds ? "Bars are intervals over the runs."
                                   : "Bars contain only the noise within the runs, because each recipe has one.";
  return figure;
}

void add_figures(const CompareAnswer& answer, const RecipeComparison& one, std::vector<Figure>& figures) {
  const std::string &a = answer.baseline, &b = one.name;
  if (one.curves) figures.push_back(curves_figure(*one.curves, a, b, answer.noun));
  if (one.curves && one.curves->equal_loss.size() > 1)
    figures.push_back(equal_loss_figure(*one.curves, a, answer.noun));
  for (const ResourceComparison& c : one.runs) {
    figures.push_back(loss_figure(c, a, b, answer.noun));
    if (!c.fitted || c.lead() == nullptr) continue;
    if (c.law->has_slope(PairedLaw::candidate)) figures.push_back(speedup_figure(c, a, b, answer.noun));
    if (c.floors.size() > 1) figures.push_back(floor_figure(c));
  }
}

report::Section comparison_section(const CompareAnswer& answer, const RecipeComparison& one, bool figures) {
  report::Section section;
  const bool alone = answer.comparisons.size() == 1;
  section.title = alone ? "The comparison" : fmt::format("{} against {}", one.name, answer.baseline);
  section.lead = alone ? one.will_it_last : one.sentence;
  if (figures) add_figures(answer, one, section.figures);
  if (!alone && !one.will_it_last.empty()) section.paragraphs.push_back(one.will_it_last);
  for (const std::string& limit : limit_sentences(one.limits)) section.paragraphs.push_back("Limit: " + limit + ".");
  section.tables = comparison_tables(answer, one);
  return section;
}

}  // namespace

report::Page compare_page(const CompareAnswer& answer) {
  report::Page page;
  const bool many = answer.comparisons.size() > 1;
  page.title = many ? fmt::format("{} recipes against {}", answer.comparisons.size(), answer.baseline)
                    : fmt::format("{} against {}", answer.comparisons.front().name, answer.baseline);
  page.answer = comparison_answer(answer);
  if (many) {
    report::Section all;
    all.title = "All recipes";
    all.tables = {compare_tables(answer).front()};
    page.sections.push_back(std::move(all));
  }
  std::size_t drawn = 0;
  for (const RecipeComparison& one : answer.comparisons)
    page.sections.push_back(comparison_section(answer, one, drawn++ < kCandidatesDrawn));
  if (!answer.notes.empty()) {
    report::Section notes;
    notes.title = "How the rows were read";
    for (const std::string& note : answer.notes) notes.paragraphs.push_back(note + ".");
    page.sections.push_back(std::move(notes));
  }
  return page;
}

}  // namespace phaselaw::advice
