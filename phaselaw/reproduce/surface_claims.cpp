// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/surface_claims.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/format.h"
#include "phaselaw/reproduce/verdict.h"

namespace phaselaw::reproduce {

namespace {

using report::Claim;
using report::Standing;

constexpr const char* kAccounting = "docs/theory/two-stage-law.md: accounting of the compute [S exponents, R]";
constexpr double kTaxMargin =
    0.05;  // in the slope of ln risk on ln M: 500 times the parameters change the risk by 36 %

Claim claim_of(std::string id, Standing standing, std::string statement, std::string source) {
  Claim claim;
  claim.id = "E1.surface." + std::move(id);
  claim.standing = standing;
  claim.statement = std::move(statement);
  claim.source = std::move(source);
  return claim;
}

// "at noise 0.5, M ~ n^3"; the first row decides and has the plain id.
std::string suffix(const SurfaceRow& row) {
  if (row.path.n_layers > 1) return fmt::format("_layers_{}", row.path.n_layers);
  return row.path.noise == 0.5 ? "" : fmt::format("_noise_{}", row.path.noise);
}

bool outside(const Effect& effect, double stated) {
  const double margin = kExponentMargin * std::abs(stated);
  return effect.hi < stated - margin || effect.lo > stated + margin;
}

void require_minima(const SurfaceRow& row, Claim& claim) {
  if (!row.interior && claim.undecidable.empty())
    claim.undecidable = "Some averaged curves still fall at their end, so their best times are not measured.";
}

Claim data_exponent(const SurfaceRow& row) {
  Claim claim = claim_of("data_exponent" + suffix(row), Standing::kStated,
                         fmt::format("At the best stopping time the excess risk falls as 1/n ({}).", row.path.name),
                         "docs/theory/excess-risk.md: estimation term c xi^2/n [S]");
  claim_exponent(1, claim);
  claim.predicted_text = "1";
  set_measured(row.data_exponent, claim);
  require_minima(row, claim);
  claim.reading = fmt::format("Slope through the minima of {} averaged curves, n = {} to {}, {} teachers (jackknife).",
                              row.path.cells.size(), row.path.cells.front().n_data, row.path.cells.back().n_data,
                              row.path.teachers());
  claim.would_change = "More sizes n: the effective dimension d_eff still changes with n in this range.";
  return claim;
}

Claim time_exponent(const SurfaceRow& row) {
  Claim claim =
      claim_of("time_exponent" + suffix(row), Standing::kStated,
               fmt::format("The best stopping time grows as n^2 with the data ({}).", row.path.name), kAccounting);
  claim_exponent(2, claim);
  claim.predicted_text = "2";
  set_measured(row.time_exponent, claim);
  require_minima(row, claim);
  claim.reading = fmt::format(
      "Slope of ln T* on ln n, {} teachers. The accounting's logarithm, log(n/xi^2), would add {} to it here.",
      row.path.teachers(),
      base::format_number(std::log(std::log(row.path.cells.back().n_data / (row.path.noise * row.path.noise)) /
                                   std::log(row.path.cells.front().n_data / (row.path.noise * row.path.noise))) /
                              std::log(row.path.cells.back().n_data / row.path.cells.front().n_data),
                          2));
  claim.would_change = "Larger n at which T* begins to grow faster.";
  return claim;
}

Claim stated_exponent(const SurfaceRow& row, const theory::Edition& edition, const char* fraction) {
  const auto accounting = row.path.p_model == 3 && edition.name == "v3" ? theory::ComputeAccounting{3, 1, 3}
                                                                        : theory::ComputeAccounting{3, 1, 2};
  Claim claim = claim_of(fmt::format("exponent_{}{}", edition.name, suffix(row)), Standing::kStated,
                         fmt::format("With M ~ n^3 the envelope falls as C^-{} in the charged compute C = M n T ({}).",
                                     fraction, row.path.name),
                         fmt::format("two-stage law, edition {} [S]", edition.name));
  claim_exponent(edition.exponent(), claim);
  claim.predicted_text = fraction;
  set_measured(row.envelope, claim);
  require_minima(row, claim);
  require_isolated_laws(row, edition, accounting, claim);
  claim.reading = fmt::format("Envelope over {} powers of ten of charged compute, beside the isolated laws: {}.",
                              base::format_number(row.decades, 2), isolated_in_words(row));
  claim.would_change =
      fmt::format("A best time that grows as n^{}: the accounting gives {} only with it.", accounting.p_time, fraction);
  return claim;
}

Claim one_fifth(const SurfaceRow& row) {
  Claim claim = claim_of(
      "exponent_one_fifth" + suffix(row), Standing::kImplied,
      fmt::format("With M ~ n^3 the envelope falls as C^-1/5, which b = 1 and p_T = 1 imply ({}).", row.path.name),
      "docs/theory/implied-exponents.md: rate alpha ~ 1/n [R, T]");
  claim_exponent(0.2, claim);
  claim.predicted_text = "1/5";
  set_measured(row.envelope, claim);
  require_minima(row, claim);
  require_isolated_laws(row, theory::edition_free(5), {.p_model = 3, .p_data = 1, .p_time = 1}, claim);
  claim.reading = isolated_in_words(row) + ".";
  claim.would_change = "More teachers: the interval must lie within 10 % of 1/5.";
  return claim;
}

Claim agreement(const SurfaceRow& row, std::string id) {
  Claim claim = claim_of(std::move(id) + suffix(row), Standing::kImplied,
                         fmt::format("The envelope has the exponent that the isolated laws imply ({}).", row.path.name),
                         "docs/theory/implied-exponents.md [T, on the accounting R]");
  claim_equal(0, kExponentMargin, claim);
  claim.predicted_text = fmt::format("0 within {}", kExponentMargin);
  set_measured(row.log_ratio, claim);
  require_minima(row, claim);
  claim.reading =
      fmt::format("ln of measured over implied exponent: {} against {}.", text_of(row.envelope), text_of(row.implied));
  claim.would_change = "A difference of more than 10 %: the risk would then not be a sum of the isolated terms.";
  return claim;
}

Claim known_accounting(const SurfaceRow& row, std::string id, double predicted, const char* text, const char* charge) {
  Claim claim =
      claim_of(std::move(id), Standing::kImplied,
               fmt::format("At a fixed model the envelope falls as C^-{} if C charges {}.", text, charge), kAccounting);
  claim_exponent(predicted, claim);
  claim.predicted_text = text;
  set_measured(row.envelope, claim);
  require_minima(row, claim);
  if (row.share_of_largest > 0.5)
    claim.undecidable = fmt::format(
        "The largest n is lowest at {} of the charges: data cost nothing here, so that the envelope is one curve and says "
        "nothing about n.",
        base::format_percent(row.share_of_largest));
  claim.reading = fmt::format("The same runs under another accounting: {}.", isolated_in_words(row));
  claim.would_change = "A best time that grows as n^2.";
  return claim;
}

Claim threshold(const SurfaceRow& row) {
  Claim claim = claim_of("threshold", Standing::kStated,
                         "The compute C*(n) at which a curve leaves its first stage grows as n^6.",
                         "docs/theory/two-stage-law.md: threshold C*(n) of edition v1 [S1]");
  claim_exponent(theory::edition_v1().p, claim);
  claim.predicted_text = "6";
  set_measured(row.threshold, claim);
  claim.reading = fmt::format(
      "Slope of ln C* on ln n, with C* the charge at which the averaged risk first falls to twice its minimum; p_M + 1 + "
      "p_T is {}.",
      text_of({row.time_exponent.value + row.path.p_model + 1, row.time_exponent.lo + row.path.p_model + 1,
               row.time_exponent.hi + row.path.p_model + 1, row.time_exponent.degrees}));
  claim.would_change = "A first stage that ends later at larger n.";
  return claim;
}

std::vector<Claim> time_claims(const VectorSurface& s) {
  Claim noise =
      claim_of("time_noise", Standing::kStated, "The best stopping time falls as 1/xi^2 with the noise.", kAccounting);
  claim_exponent(-2, noise);
  noise.predicted_text = "-2";
  set_measured(s.time_of_noise, noise);
  noise.reading = fmt::format(
      "Least squares of ln T* on ln n and ln xi at fixed M over three noise levels; T* ~ n^{}, or n^{} after "
      "division by the accounting's logarithm.",
      text_of(s.time_of_data), text_of(s.time_of_data_without_log));
  noise.would_change = "Noise levels at which T* does not follow the noise.";
  Claim linear = claim_of("time_linear", Standing::kImplied,
                          "The best stopping time grows as n with the data: the rate alpha is proportional to 1/n.",
                          "docs/theory/implied-exponents.md: rate alpha ~ 1/n [R]");
  claim_exponent(1, linear);
  linear.predicted_text = "1";
  set_measured(s.time_of_data, linear);
  linear.reading = "The same fit, at fixed M over three noise levels.";
  linear.would_change = "More teachers, or sizes n beyond these.";
  return {std::move(noise), std::move(linear)};
}

std::vector<Claim> accounting_claims(const VectorSurface& s) {
  Claim slope =
      claim_of("accounting_slope", Standing::kImplied,
               "The inverse exponent 1/q grows with p_M by 1/b: charging M acts as the accounting says.", kAccounting);
  claim_exponent(1, slope);
  slope.predicted_text = "1";
  set_measured(s.slope, slope);
  slope.reading = "b times the slope of 1/q on p_M = 0, 1, 2, 3, at noise 0.5.";
  slope.would_change = "Model sizes at which M changes the risk at given n and T.";
  Claim tax = claim_of("model_tax", Standing::kOpenQuestion,
                       "At the largest n a larger model does not change the best risk: M ~ n^3 is only a cost.",
                       "docs/theory/excess-risk.md: approximation term ~ 1/M [S]");
  claim_equal(0, kTaxMargin, tax);
  tax.predicted_text = fmt::format("0 within {}", kTaxMargin);
  set_measured(s.tax, tax);
  const auto& first = s.rows.front().path.cells.back();
  tax.reading = fmt::format("Slope of ln(best risk) on ln M at n = {}, M up to {}.", first.n_data,
                            base::format_number(first.n_params, 3, base::Notation::suffix));
  tax.would_change = "A teacher that small models cannot represent.";
  return {std::move(slope), std::move(tax)};
}

Claim form_claim(const FallingCurves& curves, std::string id, std::string statement) {
  Claim claim = claim_of(std::move(id), Standing::kStated, std::move(statement),
                         "docs/theory/two-stage-law.md: exponential first stage [S]");
  claim_at_least(0, claim);
  claim.predicted_text = "> 0";
  claim.unit = "AICc in favour";
  set_measured(curves.gain, claim);
  claim.reading = fmt::format(
      "Exponential against a power with a free start, each teacher alone, then Student's t over {} teachers; residuals of "
      "ln risk {} and {}.",
      curves.cell.risk.size(), base::format_number(curves.exponential_residual, 2),
      base::format_number(curves.power_residual, 2));
  claim.would_change = "A kernel with one leading eigenvalue, for which one rate describes the whole stage.";
  return claim;
}

Claim model_exponent(const ModelLaw& law) {
  Claim claim = claim_of("model_exponent", Standing::kStated,
                         "Without noise, at large n and T, the excess risk falls as 1/M with the parameters.",
                         "docs/theory/excess-risk.md: approximation term ~ 1/M [S]");
  claim_exponent(1, claim);
  claim.predicted_text = "1";
  set_measured(law.exponent, claim);
  if (law.change.lo > kExponentMargin || law.change.hi < -kExponentMargin)
    claim.undecidable = fmt::format(
        "The curve bends: the local exponent changes by {} across the sizes, so that no single exponent describes it.",
        text_of(law.change));
  claim.reading = fmt::format("Decayed runs, M = {} to {}; change of the local exponent {}.", law.n_params.front(),
                              law.n_params.back(), text_of(law.change));
  claim.would_change = "Sizes at which the local exponent no longer changes.";
  return claim;
}

}  // namespace

void require_isolated_laws(const SurfaceRow& row, const theory::Edition& edition,
                           const theory::ComputeAccounting& accounting, Claim& claim) {
  if (!claim.undecidable.empty() || !(std::abs(claim.measured - claim.predicted) < claim.margin)) return;
  std::vector<std::string> contradicting;
  if (outside(row.data_exponent, edition.risk_exponent))
    contradicting.push_back(fmt::format("b = {} is not {}", text_of(row.data_exponent), edition.risk_exponent));
  if (outside(row.time_exponent, accounting.p_time))
    contradicting.push_back(fmt::format("p_T = {} is not {}", text_of(row.time_exponent), accounting.p_time));
  if (contradicting.empty()) return;
  claim.undecidable = fmt::format("The envelope agrees, but for other reasons than the accounting's: {}.",
                                  fmt::join(contradicting, ", and "));
}

std::string isolated_in_words(const SurfaceRow& row) {
  return fmt::format("q = {} with b = {}, p_T = {} and p_M = {}, which imply {}", text_of(row.envelope),
                     text_of(row.data_exponent), text_of(row.time_exponent), row.path.p_model, text_of(row.implied));
}

std::vector<Claim> surface_claims(const VectorSurface& s) {
  std::vector<Claim> claims;
  for (const auto& row : s.rows) {
    if (row.path.p_model != 3) continue;
    const bool decides = &row == &s.rows.front();
    claims.push_back(data_exponent(row));
    claims.push_back(time_exponent(row));
    claims.push_back(stated_exponent(row, theory::edition_v1(), "1/6"));
    if (decides || row.path.noise > 0.5) claims.push_back(stated_exponent(row, theory::edition_v3(), "1/7"));
    claims.push_back(agreement(row, "implied"));
    if (!decides) continue;
    claims.push_back(one_fifth(row));
    claims.push_back(threshold(row));
  }
  for (auto& claim : time_claims(s)) claims.push_back(std::move(claim));
  for (auto& claim : accounting_claims(s)) claims.push_back(std::move(claim));
  claims.push_back(known_accounting(s.others.front(), "fixed_model_steps", 1.0 / 2, "1/2", "steps only"));
  const auto fixed = std::find_if(s.rows.begin(), s.rows.end(), [](const auto& row) { return row.path.p_model == 0; });
  claims.push_back(known_accounting(*fixed, "fixed_model", 1.0 / 3, "1/3", "M n T"));
  claims.push_back(
      form_claim(s.first_stage, "first_stage",
                 "With noise, the excess risk falls exponentially in time until it reaches twice its minimum."));
  claims.push_back(
      form_claim(s.time, "time_form", "Without noise, at large M and n, the excess risk falls exponentially in time."));
  claims.push_back(model_exponent(s.model));
  return claims;
}

// The range of an exponent over the other noise levels and depths with M ~ n^3.
std::string others_in_words(const VectorSurface& s, Effect SurfaceRow::*exponent) {
  double lo = base::kInfinity, hi = -base::kInfinity;
  for (const SurfaceRow& row : s.rows) {
    const bool first = row.path.noise == s.rows.front().path.noise && row.path.n_layers == s.rows.front().path.n_layers;
    if (first || row.path.p_model != s.rows.front().path.p_model) continue;
    lo = std::min(lo, (row.*exponent).value);
    hi = std::max(hi, (row.*exponent).value);
  }
  return lo <= hi ? fmt::format("the exponent is {} to {} at other noise and depth", base::format_number(lo, 2),
                                base::format_number(hi, 2))
                  : "no other noise was measured";
}

Finding surface(const Context& context) {
  const VectorSurface s = vector_surface(context);
  Finding finding;
  finding.section.title = "The excess-risk surface over model, data and time";
  finding.section.lead =
      "The paper charges C = M n T, lets the model grow as n^3 and the time as n^2, and concludes that the excess risk falls "
      "as C^-1/6. Here each part is measured alone and together: students of M = 128 to 65,536 parameters learn random "
      "teachers with known noise on n = 8 to 64 sequences, every curve is averaged over teachers, and the envelope's "
      "exponent q stands beside the exponents b of the data and p_T of the time, and the exponent that they imply.";
  finding.section.claims = surface_claims(s);
  const auto& first = s.rows.front();
  for (auto& claim : finding.section.claims)
    if (claim.id == "E1.surface.time_exponent")
      claim.finding = fmt::format("The best stopping time T* grows as n^{}; the paper's accounting needs n^2.",
                                  text_of(first.time_exponent));
    else if (claim.id == "E1.surface.data_exponent")
      claim.finding = fmt::format("At noise 0.5 the lowest excess risk falls as n^-{} (stated: n^-1); {}.",
                                  text_of(first.data_exponent), others_in_words(s, &SurfaceRow::data_exponent));
    else if (claim.id == "E1.surface.time_noise")
      claim.finding = fmt::format("T* changes with the noise as xi^{}; the paper's accounting needs xi^-2.",
                                  text_of({claim.measured, claim.lo, claim.hi, claim.degrees}));
    else if (claim.id == "E1.surface.exponent_one_fifth")
      claim.finding =
          fmt::format("With b = 1 and T* ~ n the accounting gives C^-1/5; measured: C^-{}.", text_of(first.envelope));
    else if (claim.id == "E1.surface.implied")
      claim.finding = fmt::format("The envelope, C^-{}, has the exponent {} that the isolated laws imply.",
                                  text_of(first.envelope), text_of(first.implied));
    else if (claim.id == "E1.surface.model_tax")
      claim.finding = fmt::format(
          "M ~ n^3 is only a cost: at n = {} models of 256 to {} parameters have the same best risk, ~ M^{}.",
          first.path.cells.back().n_data, base::format_count(std::llround(first.path.cells.back().n_params)),
          text_of(s.tax));
    else if (claim.id == "E1.surface.exponent_v1")
      claim.finding =
          fmt::format("With M ~ n^3 the excess risk falls as C^-{} at noise 0.5 (stated: C^-1/6, C^-1/7); {}.",
                      text_of(first.envelope), others_in_words(s, &SurfaceRow::envelope));
  auto figures = surface_figures(s);
  finding.leading.push_back(figures.front());
  finding.section.figures.assign(figures.begin() + 1, figures.end());
  finding.section.tables = surface_tables(s);
  finding.section.paragraphs = s.notes;
  finding.section.paragraphs.push_back(fmt::format(
      "All exponents refer to the excess risk and to the charged compute n_params n_data n_steps, unless a row says "
      "otherwise; the stores also have the exact FLOP. The four surfaces cost {}, exact.",
      base::format_flop(s.cost_flop)));
  finding.configurations = s.configurations;
  return finding;
}

}  // namespace phaselaw::reproduce
