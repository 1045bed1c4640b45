// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/exponents.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/format.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/reproduce/surface_study.h"
#include "phaselaw/reproduce/token_surface.h"
#include "phaselaw/reproduce/verdict.h"
#include "phaselaw/theory/two_stage.h"

namespace phaselaw::reproduce {

namespace {

using report::Claim;
using report::Colour;
using report::Figure;
using report::Style;

std::string in_words(const Effect& e) { return std::isnan(e.value) ? "–" : text_of(e); }

bool usable(const Effect& e) { return e.lo > 0 && std::isfinite(e.hi) && e.degrees > 0; }

double quantile(double degrees) {
  return std::isinf(degrees) ? numerics::normal_quantile(0.975) : numerics::student_t_quantile(0.975, degrees);
}

// |ln a - ln b| with its interval.
Claim difference(const Effect& a, const Effect& b) {
  const auto error = [](const Effect& e) { return std::log(e.hi / e.lo) / (2 * quantile(e.degrees)); };
  Claim claim;
  claim_equal(0, kAgreementMargin, claim);
  claim.degrees = std::min(a.degrees, b.degrees);
  claim.measured = std::abs(std::log(a.value / b.value));
  const double half = quantile(claim.degrees) * std::hypot(error(a), error(b));
  claim.lo = claim.measured - half;
  claim.hi = claim.measured + half;
  return claim;
}

Claim agreement(const std::vector<SourceExponents>& sources, const char* id, const char* what,
                Effect SourceExponents::*exponent) {
  const Agreement a = agreement_of(sources, exponent);
  Claim claim;
  claim.id = fmt::format("E6.{}", id);
  claim.standing = report::Standing::kImplied;
  claim.statement = fmt::format("The exponent {} is the same for all sources.", what);
  claim.source = "two-stage law: one exponent for every target [S]";
  claim_equal(0, kAgreementMargin, claim);
  claim.predicted_text = fmt::format("0 within {}", kAgreementMargin);
  claim.measured = a.largest;
  claim.lo = a.lo;
  claim.hi = a.hi;
  claim.degrees = a.degrees;
  claim.p_supporting = a.p_supporting;
  claim.p_refuting = a.p_refuting;
  if (a.used < 2) claim.undecidable = "Fewer than two sources have an interval.";
  claim.reading = fmt::format("Largest difference of ln exponent over the pairs of {} sources: {}.", a.used, a.pair);
  claim.would_change = "More teachers for the two sources that differ most.";
  return claim;
}

Claim bound(const std::vector<SourceExponents>& sources) {
  Claim claim;
  claim.id = "E6.bound";
  claim.standing = report::Standing::kImplied;
  claim.statement = "No envelope of excess risk falls more slowly than the stated upper bound, C^-1/7.";
  claim.source = "two-stage law, edition v3: an upper bound on the risk, in the compute that each study charges [S]";
  claim_at_least(theory::edition_v3().exponent(), claim);
  claim.predicted_text = "> 1/7";
  const SourceExponents* lowest = nullptr;
  for (const auto& s : sources)
    if (usable(s.envelope) && (lowest == nullptr || s.envelope.lo < lowest->envelope.lo)) lowest = &s;
  if (lowest != nullptr) set_measured(lowest->envelope, claim);
  claim.reading = lowest == nullptr ? "No source has an interval."
                                    : fmt::format("The source with the lowest interval: {}.", lowest->source);
  claim.would_change = "An envelope that falls more slowly than C^-1/7, with an interval that confirms it.";
  return claim;
}

SourceExponents of_vectors(const VectorSurface& s) {
  const SurfaceRow& first = s.rows.front();
  return {.source = "vector teacher",
          .model = s.model.exponent,
          .data = first.data_exponent,
          .time = s.time.exponent,
          .envelope = first.envelope,
          .implied = first.implied,
          .charge = "M n T, M ~ n^3",
          .note = "M and T without noise; n at the best time, noise 0.5"};
}

SourceExponents of_tokens(const TokenSurface& s) {
  return {.source = s.source.name,
          .model = s.model,
          .data = s.data_limited.data_exponent,
          .time = s.data,
          .envelope = s.envelope,
          .implied = s.implied,
          .charge = "M D, one pass",
          .note = "M at the longest duration; n at the best time of one width; T of the largest M in one pass"};
}

}  // namespace

const std::vector<PublishedExponent>& published_exponents() {
  static const std::vector<PublishedExponent> list = {{"Hoffmann et al. 2022", 0.34, 0.28},
                                                      {"Besiroglu et al. 2024", 0.3478, 0.3658}};
  return list;
}

Agreement agreement_of(const std::vector<SourceExponents>& sources, Effect SourceExponents::*exponent) {
  std::vector<const SourceExponents*> list;
  for (const auto& s : sources)
    if (usable(s.*exponent)) list.push_back(&s);
  Agreement a;
  a.used = list.size();
  double pairs = 0;
  for (std::size_t i = 0; i < list.size(); ++i)
    for (std::size_t j = i + 1; j < list.size(); ++j) {
      const Claim claim = difference(list[i]->*exponent, list[j]->*exponent);
      const PValues p = p_values(claim);
      ++pairs;
      if (pairs == 1 || claim.measured > a.largest) {
        a.largest = claim.measured;
        a.lo = claim.lo;
        a.hi = claim.hi;
        a.degrees = claim.degrees;
        a.pair = fmt::format("{} {} and {} {}", list[i]->source, in_words(list[i]->*exponent), list[j]->source,
                             in_words(list[j]->*exponent));
      }
      a.p_supporting = pairs == 1 ? p.supporting : std::max(a.p_supporting, p.supporting);
      a.p_refuting = pairs == 1 ? p.refuting : std::min(a.p_refuting, p.refuting);
    }
  a.p_refuting = std::min(1.0, a.p_refuting * pairs);  // NaN without pairs
  if (pairs == 0) a.p_refuting = base::kNaN;
  return a;
}

std::vector<Claim> claims_of(const std::vector<SourceExponents>& sources) {
  return {agreement(sources, "agree_data", "of the data at the best time", &SourceExponents::data),
          agreement(sources, "agree_model", "of the model size", &SourceExponents::model), bound(sources)};
}

Figure figure_of(const std::vector<SourceExponents>& sources) {
  Figure figure;
  figure.title = "Exponents of charged compute";
  figure.x = {.label = "exponent q of C^-q", .log = true};
  const double top = static_cast<double>(sources.size() + published_exponents().size());
  figure.y = {.label = "row", .lo = 0.3, .hi = top + 0.7};
  double row = top;
  std::size_t i = 0;
  for (const auto& s : sources) {
    const Colour colour = report::series_colour(i++);
    if (usable(s.envelope))
      figure.series.push_back({.x = {s.envelope.lo, s.envelope.hi}, .y = {row, row}, .colour = colour, .width = 3});
    figure.series.push_back({.label = fmt::format("{}: {}, {}", base::format_number(row), s.source, s.charge),
                             .x = {s.envelope.value},
                             .y = {row},
                             .style = Style::kPoints,
                             .colour = colour});
    --row;
  }
  for (const auto& p : published_exponents()) {
    figure.series.push_back({.label = fmt::format("{}: {}, reducible loss, FLOP", base::format_number(row), p.source),
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
      "One row per source: the exponent of its envelope with the 95 % interval, in the compute that its study charges. "
      "Black: published fits of losses, which are another quantity, without the intervals of their papers. Vertical: the "
      "exponents that the editions of the theory state (1/6, 1/7) and that of its predecessor (1/8).";
  return figure;
}

report::Table table_of(const std::vector<SourceExponents>& sources) {
  report::Table table;
  table.caption =
      "Exponents of the excess risk in each resource, with 95 % intervals over teachers, and of the envelope beside the one "
      "that the isolated laws imply. Published fits are for the reducible loss against FLOP.";
  table.columns = {"source", "M", "n", "T", "envelope q", "implied", "charge", "measured"};
  for (const auto& s : sources)
    table.rows.push_back({s.source, in_words(s.model), in_words(s.data), in_words(s.time), in_words(s.envelope),
                          in_words(s.implied), s.charge, s.note});
  const auto stated = [&](const char* name, const char* n, double q) {
    table.rows.push_back({name, "1", n, "exponential", base::format_number(q), "–", "M n T", "stated, upper bound"});
  };
  stated("theory, edition v1", "1", theory::edition_v1().exponent());
  stated("theory, edition v3", "1", theory::edition_v3().exponent());
  for (const auto& p : published_exponents())
    table.rows.push_back({p.source, base::format_number(p.alpha), base::format_number(p.beta), "–",
                          base::format_number(p.value()), "–", "FLOP", "published, reducible loss"});
  return table;
}

Finding exponents(const Context& context) {
  std::vector<SourceExponents> list = {of_vectors(vector_surface(context))};
  for (const auto& source : token_sources()) list.push_back(of_tokens(token_surface(context, source)));
  Finding finding;
  finding.section.title = "Exponents side by side";
  finding.section.lead =
      "The theory states one exponent for each resource and one of compute, for every target. This section compares what the "
      "surfaces of three sources gave. It needs no further runs.";
  finding.section.figures = {figure_of(list)};
  finding.section.claims = claims_of(list);
  finding.section.tables = {table_of(list)};
  return finding;
}

}  // namespace phaselaw::reproduce
