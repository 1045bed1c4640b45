// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/diagnose/diagnose_request.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "phaselaw/advice/diagnose/claims_figures.h"
#include "phaselaw/advice/text.h"
#include "phaselaw/base/ascii.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"

namespace phaselaw::advice {

namespace {

using report::Colour, report::Figure, report::Style;

constexpr std::size_t kDrawnForms = 4;
constexpr std::array<Colour, kDrawnForms> kFormColours = {Colour::kVermillion, Colour::kBlue, Colour::kGreen,
                                                          Colour::kPurple};
const char* const kDash = "–";

std::string clock_label(const std::string& clock) {
  if (clock == "lr_sum") return "cumulative learning rate";
  return clock == "step" ? "training steps" : clock;
}

report::Axis clock_axis(const LossCurve& curve) {
  const bool bare = curve.clock == "step" || curve.clock == "tokens" || curve.clock == "lr_sum";
  return {clock_label(curve.clock),
          bare ? (curve.clock == "lr_sum" && curve.unit != "sum of learning rates" ? curve.unit : "") : curve.unit,
          true};
}

// All curves of one quantity and clock.
std::vector<Figure> overview(const std::vector<Diagnosis>& diagnoses) {
  std::vector<Figure> figures;
  std::map<std::string, std::size_t> place;
  for (const Diagnosis& d : diagnoses) {
    if (d.curve.x.size() < 2) continue;
    const auto [at, is_new] = place.try_emplace(d.curve.quantity + "\n" + d.curve.clock, figures.size());
    if (is_new) {
      Figure figure;
      figure.title = fmt::format("All curves: {}", d.curve.quantity);
      figure.caption =
          "Block means of each run. In this figure a power law with a floor bends upwards, and an exponential drops and stops.";
      figure.x = clock_axis(d.curve);
      figure.y = {d.curve.quantity, "", true};
      figures.push_back(std::move(figure));
    }
    Figure& figure = figures[at->second];
    const std::size_t n = figure.series.size();
    report::Series series;
    // A legend with more than eight entries cannot be read.
    series.label = d.curve.name;
    series.x = d.curve.x;
    series.y = d.curve.loss;
    series.width = 1.5;
    series.colour = static_cast<Colour>(n % report::kColours == static_cast<std::size_t>(Colour::kYellow)
                                            ? static_cast<std::size_t>(Colour::kGrey)
                                            : n % report::kColours);
    figure.series.push_back(std::move(series));
  }
  for (Figure& figure : figures) {
    if (figure.series.size() <= 8) continue;
    for (report::Series& series : figure.series) {
      series.label = fmt::format("{} runs", figure.series.size());
      series.colour = Colour::kBlue;
      series.opacity = 0.35;
      series.width = 0.8;
    }
  }
  return figures;
}

Figure forms_figure(const Diagnosis& d) {
  Figure figure;
  figure.title = "The curve and the forms";
  figure.x = clock_axis(d.curve);
  figure.y = {d.curve.quantity, "", true};
  report::Series measured{d.curve.thinned ? "block means" : "measured", d.curve.x, d.curve.loss, Style::kPoints,
                          Colour::kBlack};
  const bool known = std::all_of(d.curve.sd.begin(), d.curve.sd.end(), [](double sd) { return sd > 0; });
  for (std::size_t b = 0; known && b < d.curve.x.size(); ++b) {
    measured.error_lo.push_back(d.curve.loss[b] * std::exp(-2 * d.curve.sd[b]));
    measured.error_hi.push_back(d.curve.loss[b] * std::exp(2 * d.curve.sd[b]));
  }
  figure.series.push_back(std::move(measured));
  for (std::size_t i = 0; i < std::min(kDrawnForms, d.fits.forms.size()); ++i) {
    const CurveFormFit& form = d.fits.forms[i];
    report::Series line{form.form, d.curve.x, block_values(d.fits, form.fit), i == 0 ? Style::kLine : Style::kDashed,
                        kFormColours[i]};
    line.width = i == 0 ? 2.5 : 1.5;
    figure.series.push_back(std::move(line));
  }
  figure.caption =
      fmt::format("{}{}; forms by increasing QAICc.",
                  d.curve.thinned ? "Means of rows in bins of the logarithm of the clock" : "Every recorded row",
                  known ? ", with two standard errors" : "");
  const double first = d.curve.x.front(), last = d.curve.x.back();
  if (d.bend.value) {
    const bool both = d.bend.lo && d.bend.hi;
    if (both)
      figure.x_intervals.push_back({std::max(first, *d.bend.lo), std::min(last, *d.bend.hi),
                                    fmt::format("bend{}", d.bend.identified ? "" : " ?"), Colour::kYellow});
    else
      figure.vertical_marks.push_back({*d.bend.value, "bend ?", Colour::kOrange});
    figure.caption += fmt::format(" The bend of {} is {}{}{}.", d.bend.form, both ? "shaded" : "marked",
                                  d.bend.identified ? "" : "; it is weakly identified",
                                  both ? "; its interval includes all forms that the data do not refute" : "");
  }
  return figure;
}

Figure residual_figure(const Diagnosis& d) {
  Figure figure;
  figure.title = "Residuals of the forms";
  figure.x = clock_axis(d.curve);
  figure.y = {"measured/fitted - 1", "%", false};
  for (std::size_t i = 0; i < std::min<std::size_t>(2, d.fits.forms.size()); ++i) {
    const CurveFormFit& form = d.fits.forms[i];
    report::Series line{form.form, d.curve.x, block_values(d.fits, form.fit), Style::kLine, kFormColours[i]};
    for (std::size_t b = 0; b < line.y.size(); ++b) line.y[b] = 100 * (d.curve.loss[b] / line.y[b] - 1);
    line.width = i == 0 ? 2 : 1;
    figure.series.push_back(std::move(line));
  }
  figure.horizontal_marks.push_back({0, "", Colour::kGrey});
  figure.caption = fmt::format(
      "Residuals of the best two forms. "
      "Neighbouring residuals that rise and fall together show that a form does not hold; "
      "{} blocks then count as {} independent ones.",
      d.curve.x.size(), base::format_number(d.fits.independent, 2));
  return figure;
}

Figure bend_figure(const Diagnosis& d) {
  Figure figure;
  const fitting::ProfileCurve& profile = *d.bend_profile;
  figure.title = fmt::format("Profile of the bend ({})", d.bend.form);
  figure.x = clock_axis(d.curve);
  figure.x.label = "bend, as " + figure.x.label;
  figure.y = {"objective/minimum - 1", "", false};
  report::Series line{"other parameters refitted", {}, {}, Style::kLine, Colour::kVermillion};
  const double lowest = *std::min_element(profile.objective.begin(), profile.objective.end());
  const double threshold = profile.threshold / lowest - 1;
  for (std::size_t i = 0; i < profile.value.size(); ++i) {
    line.x.push_back(d.bend_factor * profile.value[i]);
    const double rise = profile.objective[i] / lowest - 1;
    line.y.push_back(rise <= 4 * threshold ? rise : report::kNotGiven);
  }
  figure.series.push_back(std::move(line));
  figure.horizontal_marks.push_back({threshold, "end of interval", Colour::kGrey});
  figure.y.lo = 0;
  figure.caption =
      "The data do not refute bends for which the curve lies below the line. "
      "If the profile stays below it on one side, the data do not constrain the bend on that side.";
  return figure;
}

report::Table forms_table(const Diagnosis& d) {
  report::Table table;
  table.caption = "The forms";
  table.columns = {"form",  "QAICc above the lowest", "held-out error", "exponent",
                   "floor", "starts agreeing",        "optimum"};
  for (const CurveFormFit& form : d.fits.forms) {
    const auto value = [&](const std::string& name) {
      const fitting::Estimate* estimate = name.empty() ? nullptr : form.fit.find(name);
      return estimate != nullptr ? base::format_number(estimate->value) : std::string(kDash);
    };
    table.rows.push_back({form.form, base::format_number(form.delta, 2), base::format_percent(form.holdout_error),
                          value(form.exponent_parameter), value("E"),
                          fmt::format("{} of {}", form.fit.convergence.agreed, form.fit.convergence.starts),
                          form.fit.convergence.status});
  }
  return table;
}

report::Section section_of(const Diagnosis& d) {
  report::Section section;
  section.title = d.curve.name;
  if (!d.next.empty()) section.paragraphs.push_back("Next: " + d.next + ".");
  if (!d.early_reading.empty()) section.paragraphs.push_back("Early form: " + d.early_reading + ".");
  if (!d.bend.reading.empty()) section.paragraphs.push_back("Bend: " + d.bend.reading + ".");
  if (!d.signature.reading.empty()) section.paragraphs.push_back("Signature: " + d.signature.reading + ".");
  for (const std::string& note : d.notes) section.paragraphs.push_back(note + ".");
  if (!d.rate_known && d.curve.x.size() > 1) section.figures = claims_figures(d, clock_axis(d.curve));
  if (d.fits.forms.empty()) return section;
  section.figures.push_back(forms_figure(d));
  section.figures.push_back(residual_figure(d));
  if (d.bend_profile && d.bend_profile->value.size() > 2) section.figures.push_back(bend_figure(d));
  section.tables.push_back(forms_table(d));
  return section;
}

std::string answer_of(const std::vector<Diagnosis>& diagnoses) {
  if (diagnoses.size() == 1 && !diagnoses.front().next.empty()) {
    std::string sentence = diagnoses.front().next + ".";
    sentence.front() = base::upper(sentence.front());
    return sentence;
  }
  std::map<std::string, std::size_t> states;
  std::size_t unstable = 0;
  for (const Diagnosis& d : diagnoses) {
    const std::string word = word_of(d);
    ++states[word.empty() ? "unknown" : word];
    if (d.signature.word == "instability") ++unstable;
  }
  std::vector<std::string> parts;
  for (const auto& [state, count] : states) parts.push_back(fmt::format("{} {}", count, state));
  return fmt::format("{} curve{}: {}; {} with an instability.", diagnoses.size(), diagnoses.size() == 1 ? "" : "s",
                     fmt::join(parts, ", "), unstable);
}

}  // namespace

std::string shown(const Quantity& quantity, base::Notation notation) {
  if (!quantity.value) return kDash;
  const std::string value =
      base::format_value(*quantity.value, quantity.lo.value_or(NAN), quantity.hi.value_or(NAN), notation);
  return quantity.identified ? value : value + " ?";
}

report::Page diagnose_page(const std::vector<Diagnosis>& diagnoses) {
  report::Page page;
  page.title = "Loss curves: state, exponent, floor, and what to do next";
  page.answer = answer_of(diagnoses);
  page.figures = overview(diagnoses);
  report::Section all{"All curves", {}, {}, {}};
  all.tables.push_back(table_of(diagnose_rows(diagnoses), kLegend));
  page.sections.push_back(std::move(all));
  for (std::size_t i = 0; i < std::min(kDetailedCurves, diagnoses.size()); ++i)
    page.sections.push_back(section_of(diagnoses[i]));
  if (diagnoses.size() > kDetailedCurves)
    page.sections.front().paragraphs.push_back(
        fmt::format("The first {} of {} curves are shown in detail; select others with --run NAME.", kDetailedCurves,
                    diagnoses.size()));
  return page;
}

}  // namespace phaselaw::advice
