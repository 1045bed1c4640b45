// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/two_stage.h"

#include <cmath>
#include <limits>
#include <stdexcept>

#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/lambert_w.h"
#include "phaselaw/theory/domain.h"

namespace phaselaw::theory {

namespace {

constexpr std::string_view kLaw = "two-stage law";

void require_law(const Edition& edition, double noise) {
  require_positive(
      kLaw,
      {{"p", edition.p}, {"risk exponent r", edition.risk_exponent}, {"constant a", edition.a}, {"noise", noise}});
}

// W0(z) with z = p C / (a xi^(2(p-1))), from ln z.
double lambert_of_compute(const Edition& edition, double compute, double noise) {
  return numerics::lambert_w0_of_exp(std::log(edition.p) + std::log(compute) - std::log(edition.a) -
                                     2 * (edition.p - 1) * std::log(noise));
}

// ln n(C).
double log_n_optimal(const Edition& edition, double compute, double noise) {
  require_law(edition, noise);
  require_positive(kLaw, {{"compute", compute}});
  if (!edition.log_and_noise) return (std::log(compute) - std::log(edition.a)) / edition.p;
  return 2 * std::log(noise) + lambert_of_compute(edition, compute, noise) / edition.p;
}

}  // namespace

Edition edition_v1() { return {"v1", 6, 1, 1, true}; }
Edition edition_v3() { return {"v3", 7, 1, 1, true}; }
Edition edition_predecessor() { return {"predecessor", 4, 0.5, 1, false}; }

Edition edition_free(double p, double risk_exponent, double a) {
  Edition edition{"free", p, risk_exponent, a, true};
  require_law(edition, 1);
  return edition;
}

Edition edition_from_name(const std::string& name) {
  for (const Edition& edition : {edition_v1(), edition_v3(), edition_predecessor()})
    if (edition.name == name) return edition;
  if (name == "free") throw base::InputError({"--edition"}, "edition free has no default exponent; give p");
  throw base::InputError({"--edition"}, base::unknown_name("edition", name, {"v1", "v3", "predecessor", "free"}));
}

base::EnumNames<Stage> enum_names(Stage) {
  using enum Stage;
  static constexpr std::pair<std::string_view, Stage> kNames[] = {
      {"compute-starved", compute_starved}, {"data-limited", data_limited}, {"model-limited", model_limited}};
  return kNames;
}

double log_threshold_compute(const Edition& edition, double n_data, double noise) {
  require_law(edition, noise);
  require_positive(kLaw, {{"n_data", n_data}});
  const double log_n = std::log(n_data);
  const double log_power = std::log(edition.a) + edition.p * log_n;
  if (!edition.log_and_noise) return log_power;
  const double log_ratio = log_n - 2 * std::log(noise);  // ln(n / xi^2)
  if (log_ratio <= 0) return -std::numeric_limits<double>::infinity();
  return log_power + std::log(log_ratio) - 2 * std::log(noise);
}

double threshold_compute(const Edition& edition, double n_data, double noise) {
  return std::exp(log_threshold_compute(edition, n_data, noise));
}

Stage stage(const Edition& edition, double compute, double n_data, double noise) {
  require_positive(kLaw, {{"compute", compute}});
  return std::log(compute) < log_threshold_compute(edition, n_data, noise) ? Stage::compute_starved
                                                                           : Stage::data_limited;
}

double n_data_optimal(const Edition& edition, double compute, double noise) {
  return std::exp(log_n_optimal(edition, compute, noise));
}

double log_excess_risk(const Edition& edition, double compute, double noise) {
  return edition.risk_exponent * (2 * std::log(noise) - log_n_optimal(edition, compute, noise));
}

double excess_risk(const Edition& edition, double compute, double noise) {
  return std::exp(log_excess_risk(edition, compute, noise));
}

double slope(const Edition& edition, double compute, double noise) {
  require_law(edition, noise);
  require_positive(kLaw, {{"compute", compute}});
  if (!edition.log_and_noise) return -edition.exponent();
  const double w = lambert_of_compute(edition, compute, noise);
  return -edition.exponent() * w / (1 + w);
}

FixedNTerms fixed_n_terms(const Edition& edition, double compute, double n_data, double noise, double r0) {
  require_law(edition, noise);
  require_positive(kLaw, {{"compute", compute}, {"n_data", n_data}, {"r0", r0}});
  if (!edition.log_and_noise)
    throw std::domain_error(fmt::format("two-stage law: edition '{}' has no fixed-n law", edition.name));
  const double log_noise = std::log(noise), log_n = std::log(n_data);
  const double x = std::exp(2 * log_noise + std::log(compute) - std::log(edition.a) - edition.p * log_n);
  return {x, std::log(r0) - x, edition.risk_exponent * (2 * log_noise - log_n)};
}

double excess_risk_at(const Edition& edition, double compute, double n_data, double noise, double r0) {
  const FixedNTerms law = fixed_n_terms(edition, compute, n_data, noise, r0);
  return std::exp(law.log_optimisation) + std::exp(law.log_estimation);
}

double slope_at(const Edition& edition, double compute, double n_data, double noise, double r0) {
  const FixedNTerms law = fixed_n_terms(edition, compute, n_data, noise, r0);
  if (std::isinf(law.x)) return 0;  // the decaying term is 0
  return -law.x / (1 + std::exp(law.log_estimation - law.log_optimisation));
}

std::vector<ComputeAccounting> accountings(const std::string& edition) {
  if (edition == "v1") return {{3, 1, 2}};
  if (edition == "v3") return {{4, 1, 2}, {3, 1, 3}};
  return {};
}

bool adds_up(const ComputeAccounting& accounting, double p) { return std::abs(accounting.p() - p) <= 1e-12 * p; }

LogAllocation optimal_allocation(const Edition& edition, const ComputeAccounting& accounting, double compute,
                                 double noise) {
  require_non_negative("allocation",
                       {{"p_model", accounting.p_model}, {"p_data", accounting.p_data}, {"p_time", accounting.p_time}});
  if (!adds_up(accounting, edition.p))
    throw std::domain_error(
        fmt::format("allocation: expected exponents with sum p = {}, found {}", edition.p, accounting.p()));
  LogAllocation log;
  log.n_data = std::log(n_data_optimal(edition, compute, noise));
  log.n_params = accounting.p_model * log.n_data;
  log.n_steps = std::log(compute) - log.n_params - accounting.p_data * log.n_data;
  return log;
}

}  // namespace phaselaw::theory
