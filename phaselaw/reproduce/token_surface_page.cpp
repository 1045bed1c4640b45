// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "phaselaw/base/format.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/reproduce/token_surface.h"
#include "phaselaw/reproduce/verdict.h"

// Claims, figures and tables of the token sources (token_surface.h).
namespace phaselaw::reproduce {

namespace {

using report::Claim;
using report::Colour;
using report::Figure;
using report::Series;
using report::Standing;
using report::Style;

Claim claim_of(const TokenSurface& s, const char* id, Standing standing, std::string statement, std::string source) {
  Claim claim;
  claim.id = "E1." + s.source.name + "." + id;
  claim.standing = standing;
  claim.statement = std::move(statement);
  claim.source = std::move(source);
  return claim;
}

Claim implied(const TokenSurface& s) {
  Claim claim =
      claim_of(s, "implied", Standing::kImplied,
               fmt::format("The envelope of {} has the exponent that its isolated laws imply.", s.source.name),
               "docs/theory/implied-exponents.md: minimum of the sum of isolated laws [T]");
  claim_equal(0, kExponentMargin, claim);
  claim.predicted_text = fmt::format("0 within {}", kExponentMargin);
  set_measured(s.log_ratio, claim);
  claim.reading =
      fmt::format("ln of measured over implied exponent: q = {} in C = M D against {} from the sum of M^-{} and D^-{}.",
                  text_of(s.envelope), text_of(s.implied), text_of(s.sum_model), text_of(s.sum_data));
  claim.would_change = "A risk that is the sum of two powers over the whole grid.";
  claim.finding = fmt::format(
      "On tokens of {} the excess risk falls as C^-q, C = M D, with q = {}, where the sum of the isolated laws implies {}.",
      s.source.name, text_of(s.envelope), text_of(s.implied));
  return claim;
}

Claim time_exponent(const TokenSurface& s) {
  const auto& row = s.data_limited;
  Claim claim =
      claim_of(s, "time_exponent", Standing::kImplied,
               fmt::format("On n sequences of {} the best stopping time grows as n^2.", s.source.name),
               "docs/theory/two-stage-law.md: accounting of the compute, applied to AdamW with a fixed batch [R]");
  claim_exponent(2, claim);
  claim.predicted_text = "2";
  set_measured(row.time_exponent, claim);
  if (!row.interior)
    claim.undecidable = "Some averaged curves still fall at their end, so their best times are not measured.";
  claim.reading = fmt::format(
      "AdamW with a fixed batch on n = {} to {} sequences, {} teachers; the best risk falls as n^-{} there.",
      row.path.cells.front().n_data, row.path.cells.back().n_data, row.path.teachers(), text_of(row.data_exponent));
  claim.would_change = "Larger n at which the best time grows faster.";
  return claim;
}

Claim time_by_size(const TokenSurface& s) {
  Claim claim = claim_of(s, "time_by_size", Standing::kOpenQuestion,
                         fmt::format("Larger models learn {} with a steeper exponent in tokens.", s.source.name),
                         "docs/reproduce.md: model-limited and data-limited regimes [R]");
  claim_at_least(0, claim);
  claim.predicted_text = "> 0";
  set_measured(s.time_by_size, claim);
  claim.reading =
      "Slope of the exponent in D on ln M over four widths; in a sum of powers it is positive where M limits.";
  claim.would_change = "Widths at which the model no longer limits the risk.";
  return claim;
}

Claim known(const TokenSurface& s, const char* id, Standing standing, const char* what, double predicted,
            const char* text, const Effect& measured, const char* learner) {
  Claim claim = claim_of(s, id, standing, fmt::format("{} falls as {}.", what, text),
                         "data/associations.h: exponents of a memoriser [T]");
  claim_exponent(predicted, claim);
  claim.predicted_text = base::format_number(predicted, 2);
  set_measured(measured, claim);
  claim.reading = fmt::format("{}; alpha = 1.5, 32,768 contexts; the margin of 10 % was declared beforehand.", learner);
  claim.would_change = "More contexts: their number truncates both laws.";
  return claim;
}

Figure envelope_of_grid(const TokenSurface& s) {
  Figure figure;
  figure.title = fmt::format("{}: excess risk against charged compute", s.source.name);
  figure.x = {"charged compute C", "n_params tokens", true};
  figure.y = {"excess risk", "nats per token", true};
  const auto all = all_teachers(s.sizes.front().risk.size());
  std::size_t i = 0;
  for (const auto& cell : s.sizes) {
    Series series;
    series.label = fmt::format("M = {}", base::format_number(cell.n_params, 3, base::Notation::suffix));
    for (const double tokens : cell.steps) series.x.push_back(cell.n_params * tokens);
    series.y = mean_curve(cell, all);
    series.style = Style::kLinePoints;
    series.colour = report::series_colour(i++);
    figure.series.push_back(std::move(series));
  }
  const Envelope e = grid_envelope(s.sizes, all);
  if (e.log_charge.size() >= 2) {
    const double c0 = numerics::mean(e.log_charge), r0 = numerics::mean(e.log_risk);
    Series measured, line;
    measured.label = "envelope, q = " + text_of(s.envelope);
    line.label = "implied by the isolated laws, " + text_of(s.implied);
    for (std::size_t k = 0; k < e.log_charge.size(); ++k) {
      measured.x.push_back(std::exp(e.log_charge[k]));
      measured.y.push_back(std::exp(e.log_risk[k]));
      line.y.push_back(std::exp(r0 - s.implied.value * (e.log_charge[k] - c0)));
    }
    line.x = measured.x;
    line.style = Style::kDashed;
    line.colour = measured.colour = Colour::kBlack;
    measured.style = Style::kPoints;
    measured.width = 1.5;
    figure.series.push_back(std::move(measured));
    figure.series.push_back(std::move(line));
  }
  figure.caption =
      "One line for each width: the final risk of runs of four or five durations, mean over teachers. Black: the lowest risk where "
      "neither the smallest nor the largest width is best, beside the slope that the fitted isolated laws imply.";
  return figure;
}

Figure data_figure(const TokenSurface& s) {
  const auto& path = s.data_limited.path;
  Figure figure;
  figure.title = fmt::format("{}: one width on n sequences", s.source.name);
  figure.x = {"steps T", "", true};
  figure.y = {"excess risk", "nats per token", true};
  const auto all = all_teachers(path.teachers());
  std::size_t i = 0;
  Series best{.label = "best time, T* ~ n^" + text_of(s.data_limited.time_exponent)};
  for (const auto& cell : path.cells) {
    Series series;
    series.label = fmt::format("n = {}", cell.n_data);
    series.x = cell.steps;
    series.y = mean_curve(cell, all);
    series.colour = report::series_colour(i++);
    const BestTime time = best_time(cell.steps, series.y);
    best.x.push_back(std::exp(time.log_steps));
    best.y.push_back(std::exp(time.log_risk));
    figure.series.push_back(std::move(series));
  }
  best.style = Style::kLinePoints;
  best.colour = Colour::kBlack;
  figure.series.push_back(std::move(best));
  figure.caption = fmt::format("Every sequence is used again and again. The best risk falls as n^-{}.",
                               text_of(s.data_limited.data_exponent));
  return figure;
}

Finding finding_of(const TokenSurface& s, std::string title, std::string lead) {
  Finding finding;
  finding.section.title = std::move(title);
  finding.section.lead = std::move(lead);
  finding.section.claims = claims_of(s);
  finding.section.figures = figures_of(s);
  finding.section.tables = tables_of(s);
  finding.section.paragraphs = {fmt::format(
      "Exponents of C refer to the charged compute n_params tokens; the stores also have the exact FLOP, {} in all.",
      base::format_flop(s.cost_flop))};
  finding.configurations = s.configurations;
  return finding;
}

}  // namespace

std::vector<Claim> claims_of(const TokenSurface& s) {
  std::vector<Claim> claims = {implied(s), time_exponent(s), time_by_size(s)};
  if (std::isnan(s.source.data_exponent)) return claims;
  claims.push_back(known(s, "counts", Standing::kSelfCheck, "The risk of counting contexts", s.source.data_exponent,
                         "D^-(alpha-1)/alpha", s.counts,
                         "Counts plus 1/2 on 2^14 to 2^18 sequences, exact over all contexts"));
  claims.push_back(known(s, "stored", Standing::kSelfCheck, "The risk of storing the M most frequent contexts",
                         s.source.model_exponent, "M^-(alpha-1)", s.stored, "Closed form for 16 to 256 contexts"));
  claims.push_back(known(
      s, "data_exponent", Standing::kImplied, "The risk of the largest transformer", s.source.data_exponent,
      "D^-(alpha-1)/alpha, as for a memoriser", s.data,
      fmt::format("One pass over 2^15 to 2^18 sequences; counting has {} on 2^14 to 2^18", text_of(s.counts)).c_str()));
  claims.push_back(known(s, "model_exponent", Standing::kImplied, "The risk of transformers in their parameters",
                         s.source.model_exponent, "M^-(alpha-1), as for stored contexts", s.model,
                         "Four widths at the longest duration"));
  return claims;
}

std::vector<Figure> figures_of(const TokenSurface& s) { return {envelope_of_grid(s), data_figure(s)}; }

std::vector<report::Table> tables_of(const TokenSurface& s) {
  report::Table table;
  table.caption =
      fmt::format("Exponents of {} with 95 % intervals over {} teachers.", s.source.name, s.sizes.front().risk.size());
  table.columns = {"law", "exponent"};
  table.rows = {{"M^-a at the longest duration", text_of(s.model)},
                {"D^-b for the largest M (one pass: data and time)", text_of(s.data)},
                {"sum of powers: of M", text_of(s.sum_model)},
                {"sum of powers: of D", text_of(s.sum_data)},
                {"implied, C = M D", text_of(s.implied)},
                {"envelope, C = M D", text_of(s.envelope)},
                {"M(C)", text_of(s.params_of_charge)},
                {"n^-b at the best time, one width", text_of(s.data_limited.data_exponent)},
                {"T* ~ n^p_T, one width", text_of(s.data_limited.time_exponent)},
                {"envelope of one width, C = T", text_of(s.data_limited.envelope)},
                {"implied, b/p_T", text_of(s.data_limited.implied)}};
  if (!std::isnan(s.source.data_exponent)) {
    table.rows.push_back({"counting, D^-b", text_of(s.counts)});
    table.rows.push_back({"stored contexts, M^-a", text_of(s.stored)});
  }
  return {std::move(table)};
}

Finding markov_surface(const Context& context) {
  return finding_of(
      token_surface(context, token_sources().at(0)), "The surface of tokens: a Markov chain",
      "The same questions for a decoder-only transformer on tokens of which the distribution is known: a chain "
      "of order 2 over 32 symbols. The excess risk is KL(p* || p), summed over the vocabulary at every "
      "position, so there is no unknown floor.");
}

Finding associations_surface(const Context& context) {
  return finding_of(
      token_surface(context, token_sources().at(1)), "The surface of tokens: associations",
      "32,768 contexts with frequencies k^-1.5, each with its own next-token distribution. Two exponents of a "
      "learner that memorises are known, 1/3 in data and 1/2 in stored contexts; counting and the closed form "
      "show that the measurement finds them, and what transformers give stands beside.");
}

}  // namespace phaselaw::reproduce
