// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/base/fields.h"

// The two-stage law: excess risk against compute, as bounded by the paper (docs/theory/two-stage-law.md).
//
// Compute accounting [R; threshold of v1 S1]:  C*(n) = a n^p log(n/xi^2) / xi^2
//   Below C*(n), at fixed n, training time is the limit; above it, data is.
// Compute-starved stage, fixed n [R]:         Delta R <= R0 exp(-xi^2 C / (a n^p)) + (xi^2/n)^r
// Data-limited stage, best n for C [R; the exponents 1/6 and 1/7 S; Lambert's W S1]:
//   with z = p C / (a xi^(2(p-1))) and W0 the principal branch of Lambert's W,
//   n(C) = xi^2 exp(W0(z)/p),   Delta R = (xi^2/n)^r = exp(-r W0(z)/p) = (W0(z)/z)^(r/p)
//   d ln Delta R / d ln C = -(r/p) W0/(1 + W0), which tends to -r/p from the shallow side.
// The predecessor's accounting has neither logarithm nor noise: C = a n^p, n = (C/a)^(1/p), slope -r/p throughout, and
// no fixed-n law is known for it. Exact and tested: C*(n(C)) = C. With R0 = r = 1 the fixed-n law at its threshold is
// twice the data-limited value, and its minimum over n lies between that value and twice that value.
//
// Units: compute in the units of `a` (the paper: M n T), noise xi in target units, risk in squared target units of a
// problem with R0 = 1. Works in logarithms: no intermediate overflows; a result beyond double is infinity or 0.
// Accuracy 1e-14 relative times |ln result|. Cost: about 100 ns per call.
// Errors: std::domain_error unless compute > 0, n_data > 0, noise > 0, all finite, and the edition's p > 0, r > 0,
// a > 0. Source: Yang, arXiv 2512.22088 [S]; reconstruction [R]; algebra [T].
namespace phaselaw::theory {

struct Edition {
  std::string name = "v1";
  double p = 6;               // compute grows as n^p
  double risk_exponent = 1;   // r: risk falls as n^-r
  double a = 1;               // constant of the compute accounting
  bool log_and_noise = true;  // C = a n^p log(n/xi^2)/xi^2; false: C = a n^p

  [[nodiscard]] double exponent() const { return risk_exponent / p; }  // of risk against compute: r/p
};

[[nodiscard]] Edition edition_v1();           // p = 6, r = 1: exponent 1/6 [S]
[[nodiscard]] Edition edition_v3();           // p = 7, r = 1: exponent 1/7 [S]
[[nodiscard]] Edition edition_predecessor();  // C = n^4, risk n^(-1/2): exponent 1/8 [S]
[[nodiscard]] Edition edition_free(double p, double risk_exponent = 1, double a = 1);

// "v1" | "v3" | "predecessor"; for other names an InputError that lists the known ones ("free" needs numbers:
// edition_free).
[[nodiscard]] Edition edition_from_name(const std::string& name);

// The largest term of the excess risk. model_limited belongs to the model-size law of excess_risk.h; stage() below
// never returns it.
enum class Stage { compute_starved, data_limited, model_limited };
[[nodiscard]] base::EnumNames<Stage> enum_names(Stage);

// ln C*(n); -infinity if n <= xi^2, where the noise alone is larger than the risk that data could remove.
[[nodiscard]] double log_threshold_compute(const Edition& edition, double n_data, double noise);
[[nodiscard]] double threshold_compute(const Edition& edition, double n_data, double noise);

// compute_starved if C < C*(n), otherwise data_limited.
[[nodiscard]] Stage stage(const Edition& edition, double compute, double n_data, double noise);

// The data-limited stage: the result of the best n for this compute.
[[nodiscard]] double n_data_optimal(const Edition& edition, double compute, double noise);
[[nodiscard]] double excess_risk(const Edition& edition, double compute, double noise);
[[nodiscard]] double log_excess_risk(const Edition& edition, double compute, double noise);
[[nodiscard]] double slope(const Edition& edition, double compute, double noise);  // d ln(Delta R) / d ln C

// The fixed-n law R0 exp(-xi^2 C/(a n^p)) + (xi^2/n)^r and its local slope in ln C, in both stages. r0 > 0;
// std::domain_error for the predecessor.
struct FixedNTerms {
  double x = 0;                 // xi^2 C/(a n^p): training time in units of the decay
  double log_optimisation = 0;  // ln(R0 exp(-x))
  double log_estimation = 0;    // ln (xi^2/n)^r
};
[[nodiscard]] FixedNTerms fixed_n_terms(const Edition& edition, double compute, double n_data, double noise,
                                        double r0 = 1);
[[nodiscard]] double excess_risk_at(const Edition& edition, double compute, double n_data, double noise, double r0 = 1);
[[nodiscard]] double slope_at(const Edition& edition, double compute, double n_data, double noise, double r0 = 1);

// The parts of the exponent p of the two-stage law, and the resulting split of a compute
// (docs/theory/two-stage-law.md).
//
//   C = M n^p_D T,   M = n^p_M,   T = a n^p_T log(n/xi^2)/xi^2,   p = p_M + p_D + p_T                             [R]
//
// v1: (3, 1, 2), which follows from p = 6 and the n^3 of Definition 5.2. v3: (4, 1, 2) or (3, 1, 3) are guesses; the
// paper's split of p = 7 is not known to us. p_D = 1 in the paper, because each step sees all n sequences; p_D = 0 for
// steps of a fixed batch. p_M = 0: the model is fixed, its size is part of the units of C, and ln M is 0. The
// predecessor's split is not known. Errors: std::domain_error unless compute and noise are positive, the exponents are
// at least 0, all are finite, and the edition's p > 0 is their sum. Source: [R].
struct ComputeAccounting {
  double p_model = 3, p_data = 1, p_time = 2;
  [[nodiscard]] double p() const { return p_model + p_data + p_time; }
};

// Whether the exponents have the sum p, to rounding.
[[nodiscard]] bool adds_up(const ComputeAccounting& accounting, double p);

// The splits that an edition allows, the more likely first; empty for "predecessor" and "free".
[[nodiscard]] std::vector<ComputeAccounting> accountings(const std::string& edition);

// The split of a compute, in the theory's units: natural logarithms, because M = n^3 grows fast. ln M + p_D ln n + ln T
// = ln C exactly: T includes the constant and the logarithm. Without the logarithm M, n and T grow with C to the powers
// p_M/p, 1/p and p_T/p (implied_exponents.h).
struct LogAllocation {
  double n_params = 0, n_data = 0, n_steps = 0;
};
[[nodiscard]] LogAllocation optimal_allocation(const Edition& edition, const ComputeAccounting& accounting,
                                               double compute, double noise);

}  // namespace phaselaw::theory
