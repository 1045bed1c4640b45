// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/matching_band.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/format.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/reproduce/phase_transition.h"
#include "phaselaw/reproduce/verdict.h"

namespace phaselaw::reproduce {

namespace {

using report::Colour;
using report::Figure;
using report::Series;
using report::Style;

report::Claim claim_of(std::string id, std::string statement, const Statistic& statistic) {
  report::Claim claim;
  claim.id = "LB.band." + id;
  claim.statement = std::move(statement);
  claim.predicted = 0;
  claim.predicted_text = "<= 0";
  claim.unit = "powers of ten outside";
  claim.measured = statistic.value;
  claim.lo = statistic.lo;
  claim.hi = statistic.hi;
  claim.verdict = judge_at_most(0, claim.lo, claim.hi);
  return claim;
}

const char* kMethod = "Bootstrap over the runs of each data size; percentiles.";

// Where the measurement leaves the band as stated, and which constant would have to change.
std::string blame(const MatchingBandStudy& s, const EditionBand& band) {
  const auto number = [](double x) { return base::format_number(x, 2); };
  const auto& out = band.stated_excursion;
  if (out.worst() <= 0) return "The envelope stays inside. ";
  if (out.above >= out.below)
    return fmt::format(
        "It lies up to {} powers of ten above the upper bound. "
        "n Delta R/xi^2 at the best stopping times is {}, where the bound takes c_xi d_eff = 1; "
        "with that number, a = 1 still, {}. ",
        number(out.above), number(s.c_measured),
        band.with_measured_c.above <= 0
            ? "the envelope is below the bound, because c_xi d_eff is smaller"
            : fmt::format("{} powers remain, which a would have to provide (risk scales as a^(1/{}))",
                          number(band.with_measured_c.above), number(band.edition.p)));
  return fmt::format(
      "It lies up to {} powers of ten below the lower bound of the best n for the compute, because of a: "
      "a sequence needs fewer FLOP than a n^{} with a = 1. ",
      number(out.below), number(band.edition.p));
}

report::Claim stated_claim(const MatchingBandStudy& s, const EditionBand& band) {
  auto claim = claim_of(
      band.edition.name + "_stated",
      fmt::format(
          "Edition {}: with every constant 1 the measured envelope lies between lower and upper bound at all computes.",
          band.edition.name),
      band.stated);
  claim.source = "docs/theory/two-stage-law.md, docs/theory/lower-bounds.md: matching bounds, constants 1 [R, T]";
  claim.reading = blame(s, band) + kMethod;
  claim.would_change =
      "Measured constants instead of 1: the theory states orders of magnitude, and no value of a, c_xi or d_eff follows from it.";
  return claim;
}

report::Claim fitted_claim(const EditionBand& band) {
  auto claim = claim_of(
      band.edition.name + "_fitted",
      fmt::format(
          "Edition {}: "
          "with a and c_xi d_eff fitted the measured envelope lies between lower and upper bound, a factor 16 apart, at all computes.",
          band.edition.name),
      band.fit);
  claim.source = "docs/theory/two-stage-law.md, docs/theory/lower-bounds.md: matching bounds [S exponents, R, T]";
  claim.reading = fmt::format(
      "{}; only the shape is tested, with the constants that keep the envelope nearest to the middle. It {} by a factor {}. {}",
      band.fitted.a_identified
          ? fmt::format("a = {}, c_xi d_eff = {}", base::format_flop(band.fitted.a), base::format_number(band.fitted.c))
          : "a is poorly constrained and ends at its bound: "
            "the envelope falls more steeply than the law anywhere, so the pure power C^-1/p remains",
      band.fit.value > 0 ? "leaves the band" : "stays inside",
      base::format_number(std::pow(10, std::abs(band.fit.value))), kMethod);
  claim.would_change =
      "More decades of compute: over a few decades two constants fit a band of a factor 16 to any slope near the law's.";
  return claim;
}

Series line(std::string label, const std::vector<double>& x, Colour colour, Style style) {
  Series series;
  series.label = std::move(label);
  series.x = x;
  series.colour = colour;
  series.style = style;
  return series;
}

Figure figure_of(const MatchingBandStudy& s, const EditionBand& band) {
  Figure figure;
  figure.title = fmt::format("Matching band, edition {}", band.edition.name);
  figure.x = {"training compute", "FLOP, exact", true};
  figure.y = {"excess risk", "squared, per sequence", true};
  for (const auto& run : s.input.curves.runs) {
    Series series = line(fmt::format("{} runs", s.input.curves.runs.size()), run.compute, Colour::kGrey, Style::kLine);
    for (const double value : run.value) series.y.push_back(value * static_cast<double>(s.input.coordinates));
    series.width = 0.8;
    series.opacity = 0.4;
    figure.series.push_back(std::move(series));
  }
  auto fitted = line("band, a and c fitted", s.compute, Colour::kSkyBlue, Style::kLine);
  auto upper = line("upper bound, constants 1", s.compute, Colour::kVermillion, Style::kDashed);
  auto lower = line("lower bound, constants 1", s.compute, Colour::kPurple, Style::kDashed);
  for (const double compute : s.compute) {
    const double top = std::exp(log_upper_bound(band.edition, band.fitted, s.input, compute));
    fitted.band_hi.push_back(top);
    fitted.band_lo.push_back(top / 16);
    fitted.y.push_back(top / 4);
    upper.y.push_back(std::exp(log_upper_bound(band.edition, {}, s.input, compute)));
    lower.y.push_back(upper.y.back() / 16);
  }
  auto two_point = line("xi^2/(16 n), n of the best run", s.compute, Colour::kGreen, Style::kLine);
  for (const double n : s.n_data) two_point.y.push_back(s.input.noise * s.input.noise / (16 * n));
  auto measured = line("measured envelope", s.compute, Colour::kBlack, Style::kPoints);
  measured.y = s.measured;
  for (auto* series : {&fitted, &upper, &lower, &two_point, &measured}) figure.series.push_back(std::move(*series));
  figure.caption =
      "Black: the lowest excess risk reached at each compute. Shaded: lower to upper bound with two constants fitted. "
      "Dashed: the same with every constant 1. "
      "Green: the two-point bound for the data of the best run, which has no constant to fit.";
  return figure;
}

}  // namespace

std::vector<report::Claim> claims_of(const MatchingBandStudy& s) {
  auto bound = claim_of("two_point",
                        "At no compute is the measured envelope below xi^2/(16 n), with n the data of its best run.",
                        s.two_point);
  bound.source = "docs/theory/lower-bounds.md: two-point lower bound [S name, T]";
  bound.unit = "powers of ten below";
  bound.reading = fmt::format(
      "Nearest approach: the measured risk is {} times the bound, which contains neither the L o coordinates nor d_eff. {}",
      base::format_number(std::pow(10, -s.two_point.value), 2), kMethod);
  bound.would_change =
      "An envelope below the bound. "
      "The bound holds for every estimator that does not know the target, so this would mean an error in the risk or the noise.";
  std::vector<report::Claim> claims = {std::move(bound)};
  for (const auto& band : s.editions) {
    claims.push_back(stated_claim(s, band));
    claims.push_back(fitted_claim(band));
  }
  return claims;
}

std::vector<Figure> figures_of(const MatchingBandStudy& s) {
  std::vector<Figure> figures;
  for (const auto& band : s.editions) figures.push_back(figure_of(s, band));
  return figures;
}

report::Table table_of(const MatchingBandStudy& s) {
  report::Table table;
  table.caption = fmt::format(
      "Constants. Known: noise xi = {} per output coordinate, {} coordinates per sequence. "
      "Measured: R0 = {} per sequence, n Delta R/xi^2 = {} (median over runs that passed their minimum).",
      base::format_number(s.input.noise), s.input.coordinates, base::format_number(s.input.initial_risk),
      base::format_number(s.c_measured));
  table.columns = {"edition",           "a fitted, FLOP",    "c_xi d_eff fitted",
                   "log10 above upper", "log10 below lower", "log10 outside, fitted"};
  for (const auto& band : s.editions)
    table.rows.push_back(
        {band.edition.name,
         band.fitted.a_identified ? base::format_number(band.fitted.a, 3, base::Notation::power) : "poorly constrained",
         band.fitted.a_identified ? base::format_number(band.fitted.c) : "–",
         base::format_number(band.stated_excursion.above), base::format_number(band.stated_excursion.below),
         base::format_number(band.fit.value)});
  return table;
}

Finding matching_band(const Context& context) {
  const auto runs = teacher_runs(context);
  const auto& first = runs.study.points.front().experiment;
  BandInput input;
  input.curves = study_curves(runs.runs, runs.store_path);
  input.noise = first.data.noise;
  input.coordinates = first.model.seq_len * first.model.outputs();
  std::vector<double> starts;
  for (const auto& record : runs.runs)
    if (!record.measurements.empty() && record.measurements.front().step == 0)
      starts.push_back(record.measurements.front().excess_risk);
  input.initial_risk = static_cast<double>(input.coordinates) * numerics::median(starts);
  const auto study = analyse_band(std::move(input), context.resamples(), static_cast<std::uint64_t>(first.seed));
  Finding finding;
  finding.section.title = "Matching band: lower bound, measurement, upper bound";
  finding.section.lead =
      "Edition v3 of the paper matches the upper bound of the excess risk with a lower bound of the same power of compute. "
      "Both are compared with the envelope of the teacher study: with every constant 1, as the theory states them, "
      "and with the two constants that the theory leaves open, a and c_xi d_eff, fitted.";
  finding.section.claims = claims_of(study);
  finding.section.figures = figures_of(study);
  finding.section.tables = {table_of(study)};
  finding.section.paragraphs = {
      "The lower bound at a compute uses the best n for that compute by the theory's accounting; "
      "it does not apply to a run that uses more data. "
      "The first claim therefore uses the data of the run, and has no constant."};
  return finding;
}

}  // namespace phaselaw::reproduce
