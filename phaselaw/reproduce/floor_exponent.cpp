// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/floor_exponent.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/format.h"
#include "phaselaw/reproduce/verdict.h"
#include "phaselaw/theory/two_stage.h"

namespace phaselaw::reproduce {

namespace {

using fitting::FloorRange;
using report::Colour;

std::string range_text(double lo, double hi) {
  return lo == hi ? base::format_number(lo, 3)
                  : fmt::format("{} to {}", base::format_number(lo, 3), base::format_number(hi, 3));
}

std::string plausible_text(const FloorRange& range) {
  const double lowest = range.at.front().floor;
  std::string text = range_text(range.floor_lo, range.floor_hi);
  if (range.floor_hi >= range.smallest) text += ", up to the smallest measured loss";
  if (range.floor_lo <= lowest)
    text += lowest > 0 ? ", down to the smallest one considered" : ", down to no floor at all";
  return text;
}

std::string floors_text(const FloorRange& range, double exponent) {
  const auto floors = fitting::floors_that_give(range, exponent);
  return floors ? range_text(floors->first, floors->second) : "none";
}

}  // namespace

std::string floor_sentence(const FloorMeasurement& measured, double exponent, const std::string& name) {
  const FloorRange& range = measured.range;
  const auto floors = fitting::floors_that_give(range, exponent);
  std::string text = fmt::format("The data allow floors of {} ({}); over them the exponent is {}. ",
                                 plausible_text(range), measured.unit, base::format_interval(range.lo, range.hi));
  if (!floors)
    text += fmt::format("No floor below the smallest measured loss, {}, gives {}.",
                        base::format_number(range.smallest, 4), name);
  else
    text +=
        fmt::format("{} would hold for floors of {}{}.", name, range_text(floors->first, floors->second),
                    floors->second < range.floor_lo || floors->first > range.floor_hi ? ", which the data refute" : "");
  return text;
}

report::Claim exponent_claim(const FloorMeasurement& measured, double exponent, const std::string& name) {
  const FloorRange& range = measured.range;
  report::Claim claim;
  claim.statement = fmt::format("The reducible loss falls as {} to the power -{}.", measured.axis, name);
  claim_exponent(exponent, claim);
  claim.predicted_text = name;
  claim.measured = range.exponent;
  claim.lo = range.lo;
  claim.hi = range.hi;
  claim.degrees = range.dof;
  if (!(range.dof > 0)) claim.undecidable = "There are too few independent rows for an interval.";
  claim.reading = floor_sentence(measured, exponent, name);
  claim.finding =
      fmt::format("{}: the exponent of {} is {} over all floors that the data allow, beside {}.", measured.source,
                  measured.axis, base::format_value(range.exponent, range.lo, range.hi), name);
  claim.would_change =
      "Losses nearer to the floor, over more decades, which bound the floor on both sides, or a floor that is known.";
  return claim;
}

report::Figure floor_figure(const std::string& title, const std::vector<FloorMeasurement>& measured, double known) {
  report::Figure figure;
  figure.title = title;
  figure.x = {.label = "assumed floor E", .unit = measured.front().unit};
  figure.y = {.label = fmt::format("exponent of {}", measured.front().axis), .lo = 0};
  double top = 0;
  for (std::size_t m = 0; m < measured.size(); ++m) {
    const FloorRange& range = measured[m].range;
    report::Series series;
    series.label = measured[m].source;
    series.colour = report::series_colour(m);
    for (const auto& e : range.at) {
      series.x.push_back(e.floor);
      series.y.push_back(e.exponent);
      series.band_lo.push_back(e.lo);
      series.band_hi.push_back(e.hi);
    }
    top = std::max(top, std::min(range.hi, 3 * std::max(range.exponent, 1.0 / 6)));
    figure.series.push_back(std::move(series));
  }
  figure.y.hi = std::max(1.2 * top, 0.4);
  figure.horizontal_marks = {{theory::edition_v1().exponent(), "1/6", Colour::kPurple},
                             {theory::edition_v3().exponent(), "1/7", Colour::kSkyBlue}};
  if (std::isfinite(known)) figure.vertical_marks.push_back({known, "known floor", Colour::kGreen});
  figure.caption =
      "For each floor E, the exponent q of E + A x^-q with its pointwise 95 % band; every curve ends at the smallest measured "
      "loss, which no floor exceeds. Horizontal: the exponents stated by the two editions of the theory.";
  if (measured.size() == 1) {
    const FloorRange& range = measured.front().range;
    figure.x_intervals.push_back({range.floor_lo, range.floor_hi, "floors that the data allow", Colour::kYellow});
    figure.caption += fmt::format(" The data allow floors of {}, and so exponents of {}.", plausible_text(range),
                                  base::format_interval(range.lo, range.hi));
  }
  return figure;
}

report::Table floor_table(const std::vector<FloorMeasurement>& measured) {
  report::Table table;
  table.caption =
      "Floors that the data allow, the exponent over all of them, and the floors for which a stated exponent would hold.";
  table.columns = {"source",   "exponent of",    "floors allowed", "bounded",
                   "exponent", "floors for 1/6", "floors for 1/7"};
  for (const FloorMeasurement& m : measured)
    table.rows.push_back({m.source, m.axis, range_text(m.range.floor_lo, m.range.floor_hi),
                          m.range.bounded ? "yes" : "no", base::format_value(m.range.exponent, m.range.lo, m.range.hi),
                          floors_text(m.range, theory::edition_v1().exponent()),
                          floors_text(m.range, theory::edition_v3().exponent())});
  return table;
}

}  // namespace phaselaw::reproduce
