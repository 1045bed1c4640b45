// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/report/claim.h"
#include "phaselaw/report/page.h"
#include "phaselaw/reproduce/experiment.h"
#include "phaselaw/reproduce/random_effect.h"

// The exponents of all sources with exactly known excess risk in one table: in model size, data and time, and of the
// envelope, beside the stated ones and those of published fits. Nothing is measured here; the runs are those of E1.
//
// Agreement. Sources agree if no two differ by more than kAgreementMargin in ln of the exponent. Each pair has a
// difference with standard error sqrt(s_i^2 + s_j^2), s from the 95 % intervals of the logarithms, and the smaller of
// the two degrees of freedom. Supporting: every pair is within the margin, so the largest of the pairs' p values.
// Refuting: some pair is not, so the smallest one times the number of pairs (Bonferroni). [T]
namespace phaselaw::reproduce {

inline constexpr double kAgreementMargin = 0.25;

struct SourceExponents {
  std::string source;        // "vector teacher"
  Effect model, data, time;  // of M, n and T; NaN: not measured alone
  Effect envelope, implied;  // q, and the exponent that the isolated laws imply
  std::string charge;        // of q: "M n T"
  std::string note;          // what M, n and T are here
};

struct Agreement {
  std::size_t used = 0;                                                                 // sources with an interval
  double largest = base::kNaN, lo = base::kNaN, hi = base::kNaN, degrees = base::kNaN;  // largest difference of ln
  double p_supporting = base::kNaN, p_refuting = base::kNaN;
  std::string pair;
};
[[nodiscard]] Agreement agreement_of(const std::vector<SourceExponents>& sources, Effect SourceExponents::*exponent);

// The exponent of C of published fits E + A/N^alpha + B/D^beta, alpha beta/(alpha + beta).
struct PublishedExponent {
  std::string source;
  double alpha = 0, beta = 0;
  [[nodiscard]] double value() const { return alpha * beta / (alpha + beta); }
};
[[nodiscard]] const std::vector<PublishedExponent>& published_exponents();

// E6.agree_data, E6.agree_model, E6.bound
[[nodiscard]] std::vector<report::Claim> claims_of(const std::vector<SourceExponents>& sources);
[[nodiscard]] report::Figure figure_of(const std::vector<SourceExponents>& sources);
[[nodiscard]] report::Table table_of(const std::vector<SourceExponents>& sources);

[[nodiscard]] Finding exponents(const Context& context);

}  // namespace phaselaw::reproduce
