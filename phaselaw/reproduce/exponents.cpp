// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/exponents.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/format.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/reproduce/arrays.h"
#include "phaselaw/reproduce/phase_transition.h"
#include "phaselaw/reproduce/text_ladder.h"
#include "phaselaw/reproduce/verdict.h"
#include "phaselaw/theory/two_stage.h"

namespace phaselaw::reproduce {

namespace {

using base::kNaN;
using report::Colour;
using report::Figure;
using report::Style;

std::vector<MeasuredExponent> identified(const std::vector<MeasuredExponent>& all) {
  std::vector<MeasuredExponent> kept;
  std::copy_if(all.begin(), all.end(), std::back_inserter(kept), [](const auto& e) {
    return e.identified && std::isfinite(e.lo) && std::isfinite(e.hi) && e.lo > 0 && e.hi > e.lo;
  });
  return kept;
}

std::string names_of(const std::vector<MeasuredExponent>& list) {
  std::vector<std::string> names;
  for (const auto& e : list) names.push_back(e.source);
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

report::Claim consistent(const std::vector<MeasuredExponent>& all) {
  const auto agreement = agreement_of(all);
  report::Claim claim;
  claim.id = "E6.consistent";
  claim.statement = "The identified exponents of all sources agree with one another.";
  claim.source = "two-stage law: one exponent for every target [S]";
  claim.predicted = agreement.critical;
  claim.predicted_text =
      agreement.used < 2 ? "Q within chance" : fmt::format("Q <= {}", base::format_number(agreement.critical));
  claim.measured = agreement.statistic;
  claim.unit = "Cochran's Q";
  claim.verdict = judge_agreement(agreement.statistic, agreement.critical, agreement.widest, agreement.common);
  claim.reading = agreement.used < 2
                      ? fmt::format("Identified: {}; a comparison needs two.", names_of(identified(all)))
                      : fmt::format(
                            "Identified: {}; common value {}, widest interval {} across; "
                            "Q of ln q against the 95 % quantile of chi squared, degrees of freedom: {}.",
                            names_of(identified(all)), base::format_number(agreement.common),
                            base::format_number(agreement.widest), agreement.used - 1);
  claim.would_change = "More seeds and compute, which narrow each interval and constrain the others.";
  return claim;
}

report::Claim bound(const std::vector<MeasuredExponent>& all) {
  const auto list = identified(all);
  report::Claim claim;
  claim.id = "E6.bound";
  claim.statement = "No identified exponent is smaller than the stated 1/7.";
  claim.source = "two-stage law, edition v3: an upper bound on the risk [S]";
  claim.predicted = theory::edition_v3().exponent();
  claim.predicted_text = ">= 1/7";
  if (!list.empty()) {
    const auto smallest = [&](double MeasuredExponent::*member) {
      return std::min_element(list.begin(), list.end(),
                              [&](const auto& a, const auto& b) { return a.*member < b.*member; });
    };
    claim.measured = smallest(&MeasuredExponent::value)->value;
    claim.lo = smallest(&MeasuredExponent::lo)->lo;
    claim.hi = smallest(&MeasuredExponent::hi)->hi;
  }
  claim.verdict = judge_at_least(claim.predicted, claim.lo, claim.hi);
  claim.reading = fmt::format(
      "The smallest of the identified exponents ({}), with the smallest lower and the smallest upper end of their intervals: "
      "the claim holds only if every interval is above 1/7.",
      names_of(list));
  claim.would_change =
      "An envelope that falls more slowly than C^-1/7 in its last decades, with an interval that confirms it.";
  return claim;
}

MeasuredExponent of_teacher(const Context& context) {
  const StudyRuns runs = teacher_runs(context);
  const auto curves = study_curves(runs.runs, runs.store_path);
  const auto seed = static_cast<std::uint64_t>(runs.study.points.front().experiment.seed);
  const auto law = envelope_law(curves, context.resamples(), seed);
  const auto* q = law.find("q");
  return {.source = "teacher",
          .of = curves.quantity == Quantity::excess_risk ? "excess risk" : "reducible loss",
          .value = q->value,
          .lo = q->lo.value_or(kNaN),
          .hi = q->hi.value_or(kNaN),
          .identified = q->identified && law.convergence.certified};
}

// The exponent over all floors that the data allow; not identified unless they bound the floor.
MeasuredExponent of_ladder(const LadderStudy& study) {
  const auto& range = study.measured.range;
  return {.source = study.name,
          .of = "reducible loss",
          .value = range.exponent,
          .lo = range.lo,
          .hi = range.hi,
          .identified = range.bounded};
}

}  // namespace

const std::vector<PublishedExponent>& published_exponents() {
  static const std::vector<PublishedExponent> list = {{"Hoffmann et al. 2022", 0.34, 0.28},
                                                      {"Besiroglu et al. 2024", 0.3478, 0.3658}};
  return list;
}

Agreement agreement_of(const std::vector<MeasuredExponent>& exponents) {
  const auto list = identified(exponents);
  Agreement a{.used = list.size(), .common = kNaN, .statistic = kNaN, .critical = kNaN, .widest = kNaN};
  if (list.size() < 2) return a;
  const double width_of_error = 2 * numerics::normal_quantile(0.975);
  const auto weight = [&](const MeasuredExponent& e) { return std::pow(width_of_error / std::log(e.hi / e.lo), 2); };
  double weights = 0, weighted = 0;
  a.widest = 0;
  for (const auto& e : list) {
    weights += weight(e);
    weighted += weight(e) * std::log(e.value);
    a.widest = std::max(a.widest, e.hi - e.lo);
  }
  a.common = std::exp(weighted / weights);
  a.statistic = 0;
  for (const auto& e : list) a.statistic += weight(e) * std::pow(std::log(e.value / a.common), 2);
  a.critical = numerics::chi_squared_quantile(0.95, static_cast<double>(list.size() - 1));
  return a;
}

std::vector<report::Claim> claims_of(const std::vector<MeasuredExponent>& exponents) {
  return {consistent(exponents), bound(exponents)};
}

Figure figure_of(const std::vector<MeasuredExponent>& exponents) {
  Figure figure;
  figure.title = "Exponents of compute";
  figure.x = {.label = "exponent q of C^-q", .log = true};
  const double top = static_cast<double>(exponents.size() + published_exponents().size());
  figure.y = {.label = "row", .lo = 0.3, .hi = top + 0.7};
  double row = top;
  const std::vector<Colour> colours = {Colour::kVermillion, Colour::kBlue, Colour::kGreen};
  for (std::size_t i = 0; i < exponents.size(); ++i, --row) {
    const auto& e = exponents[i];
    const bool finite = e.lo > 0 && std::isfinite(e.hi);
    const std::string label =
        fmt::format("{}: {}, {}{}", base::format_number(row), e.source, e.of, e.identified ? "" : ", not identified");
    const Colour colour = e.identified ? colours[i % colours.size()] : Colour::kGrey;
    if (finite) figure.series.push_back({.x = {e.lo, e.hi}, .y = {row, row}, .colour = colour, .width = 3});
    figure.series.push_back({.label = label, .x = {e.value}, .y = {row}, .style = Style::kPoints, .colour = colour});
  }
  for (const auto& p : published_exponents()) {
    figure.series.push_back({.label = fmt::format("{}: {}, reducible loss", base::format_number(row), p.source),
                             .x = {p.value()},
                             .y = {row},
                             .style = Style::kPoints,
                             .colour = Colour::kBlack});
    --row;
  }
  figure.vertical_marks = {{theory::edition_v1().exponent(), "1/6", Colour::kPurple},
                           {theory::edition_v3().exponent(), "1/7", Colour::kSkyBlue},
                           {theory::edition_predecessor().exponent(), "1/8", Colour::kOrange}};
  figure.height = 380;
  figure.caption =
      "One row per source: the point is the exponent of the second stage, the bar its 95 % interval; "
      "grey if the data constrain it poorly. Black: published fits, without the intervals of their papers. "
      "Vertical: the exponents stated by the editions of the theory (1/6, 1/7) and its predecessor (1/8).";
  return figure;
}

report::Table table_of(const std::vector<MeasuredExponent>& exponents) {
  report::Table table;
  table.caption =
      "Exponents of compute, and the quantity to which each belongs. Only those of excess risk and reducible loss can be compared.";
  table.columns = {"source", "exponent of", "value and 95 % interval", "identified"};
  for (const auto& e : exponents)
    table.rows.push_back(
        {"E1." + e.source, e.of, base::format_value(e.value, e.lo, e.hi), e.identified ? "yes" : "no"});
  const auto stated = [&](const char* name, double value) {
    table.rows.push_back({name, "excess risk, upper bound", base::format_number(value), "stated"});
  };
  stated("theory, edition v1: 1/6", theory::edition_v1().exponent());
  stated("theory, edition v3: 1/7", theory::edition_v3().exponent());
  stated("predecessor: 1/8", theory::edition_predecessor().exponent());
  for (const auto& p : published_exponents())
    table.rows.push_back({fmt::format("{}: alpha {}, beta {}", p.source, p.alpha, p.beta),
                          "reducible loss, alpha beta/(alpha + beta)", base::format_number(p.value()), "published"});
  table.rows.push_back({"Kaplan et al. 2020", "total loss: not compared", "0.050", "published"});
  return table;
}

Finding exponents(const Context& context) {
  std::vector<MeasuredExponent> list;
  list.push_back(of_teacher(context));
  list.push_back(of_ladder(text_study(text_runs(context))));
  list.push_back(of_ladder(arrays_study(arrays_runs(context))));
  Finding finding;
  finding.section.title = "Exponents side by side";
  finding.section.lead =
      "The theory states one exponent of compute for the second stage, "
      "for every target. This section compares the exponents measured in the three studies of the phase transition "
      "with the stated ones and those of published fits. It needs no further runs.";
  finding.section.figures = {figure_of(list)};
  finding.section.claims = claims_of(list);
  finding.section.tables = {table_of(list)};
  return finding;
}

}  // namespace phaselaw::reproduce
