// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/theory/two_stage.h"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/lambert_w.h"

namespace phaselaw::theory {

namespace {

void require_positive(double x, std::string_view name) {
  if (!(x > 0) || std::isinf(x))
    throw std::domain_error(fmt::format("two-stage law: expected a positive finite {}, found {}", name, x));
}

void require(const Edition& edition, double noise) {
  require_positive(edition.p, "p");
  require_positive(edition.risk_exponent, "risk exponent r");
  require_positive(edition.a, "constant a");
  require_positive(noise, "noise");
}

// W0(z) with z = p C / (a xi^(2(p-1))), from ln z.
double lambert_of_compute(const Edition& edition, double compute, double noise) {
  return numerics::lambert_w0_of_exp(std::log(edition.p) + std::log(compute) - std::log(edition.a) -
                                     2 * (edition.p - 1) * std::log(noise));
}

// ln n(C).
double log_n_optimal(const Edition& edition, double compute, double noise) {
  require(edition, noise);
  require_positive(compute, "compute");
  if (!edition.log_and_noise) return (std::log(compute) - std::log(edition.a)) / edition.p;
  return 2 * std::log(noise) + lambert_of_compute(edition, compute, noise) / edition.p;
}

// Both terms of the fixed-n law as logarithms, and the exponent x = xi^2 C/(a n^p).
struct FixedN {
  double x, log_decay, log_floor;
};

FixedN fixed_n(const Edition& edition, double compute, double n_data, double noise, double r0) {
  require(edition, noise);
  require_positive(compute, "compute");
  require_positive(n_data, "n_data");
  require_positive(r0, "r0");
  if (!edition.log_and_noise)
    throw std::domain_error(fmt::format("two-stage law: edition '{}' has no fixed-n law", edition.name));
  const double log_noise = std::log(noise), log_n = std::log(n_data);
  const double x = std::exp(2 * log_noise + std::log(compute) - std::log(edition.a) - edition.p * log_n);
  return {x, std::log(r0) - x, edition.risk_exponent * (2 * log_noise - log_n)};
}

}  // namespace

Edition edition_v1() { return {"v1", 6, 1, 1, true}; }
Edition edition_v3() { return {"v3", 7, 1, 1, true}; }
Edition edition_predecessor() { return {"predecessor", 4, 0.5, 1, false}; }

Edition edition_free(double p, double risk_exponent, double a) {
  Edition edition{"free", p, risk_exponent, a, true};
  require(edition, 1);
  return edition;
}

Edition edition_from_name(const std::string& name) {
  for (const Edition& edition : {edition_v1(), edition_v3(), edition_predecessor()})
    if (edition.name == name) return edition;
  throw base::InputError(base::unknown_name("edition", name, {"v1", "v3", "predecessor"}));
}

std::string_view to_string(Stage stage) {
  switch (stage) {
    case Stage::compute_starved:
      return "compute-starved";
    case Stage::data_limited:
      return "data-limited";
    case Stage::model_limited:
      return "model-limited";
  }
  return "data-limited";
}

double log_threshold_compute(const Edition& edition, double n_data, double noise) {
  require(edition, noise);
  require_positive(n_data, "n_data");
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
  require_positive(compute, "compute");
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
  require(edition, noise);
  require_positive(compute, "compute");
  if (!edition.log_and_noise) return -edition.exponent();
  const double w = lambert_of_compute(edition, compute, noise);
  return -edition.exponent() * w / (1 + w);
}

double excess_risk_at(const Edition& edition, double compute, double n_data, double noise, double r0) {
  const FixedN law = fixed_n(edition, compute, n_data, noise, r0);
  return std::exp(law.log_decay) + std::exp(law.log_floor);
}

double slope_at(const Edition& edition, double compute, double n_data, double noise, double r0) {
  const FixedN law = fixed_n(edition, compute, n_data, noise, r0);
  if (std::isinf(law.x)) return 0;  // the decaying term is 0
  return -law.x / (1 + std::exp(law.log_floor - law.log_decay));
}

TwoStageSummary summarise(const Edition& edition, const TwoStageQuery& query) {
  if (!query.compute && !query.n_data)
    throw std::domain_error("two-stage law: expected a compute or an n_data, found neither");
  TwoStageSummary summary;
  summary.edition = edition.name;
  summary.p = edition.p;
  summary.risk_exponent = edition.risk_exponent;
  if (query.n_data) summary.threshold_compute = threshold_compute(edition, *query.n_data, query.noise);
  if (!query.compute) return summary;

  const double compute = *query.compute;
  summary.n_data_optimal = n_data_optimal(edition, compute, query.noise);
  if (!query.n_data) {
    summary.threshold_compute = compute;
    summary.stage = Stage::data_limited;
    summary.excess_risk_upper = excess_risk(edition, compute, query.noise);
    summary.slope = slope(edition, compute, query.noise);
    return summary;
  }
  summary.stage = stage(edition, compute, *query.n_data, query.noise);
  if (edition.log_and_noise) {
    summary.excess_risk_upper = excess_risk_at(edition, compute, *query.n_data, query.noise, query.r0);
    summary.slope = slope_at(edition, compute, *query.n_data, query.noise, query.r0);
  }
  return summary;
}

}  // namespace phaselaw::theory
