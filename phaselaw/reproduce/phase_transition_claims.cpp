// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/format.h"
#include "phaselaw/reproduce/phase_transition.h"
#include "phaselaw/reproduce/verdict.h"
#include "phaselaw/theory/two_stage.h"

// The verdicts of experiment 1 (phase_transition.h).
namespace phaselaw::reproduce {

namespace {

using base::kNaN;

void take_measurement(const fitting::Estimate& estimate, report::Claim& claim) {
  claim.measured = estimate.value;
  claim.lo = estimate.lo.value_or(kNaN);
  claim.hi = estimate.hi.value_or(kNaN);
}

report::Claim first_stage(const PhaseTransition& s) {
  report::Claim claim;
  claim.id = "E1." + s.name + ".first_stage";
  claim.statement = fmt::format("The {} falls exponentially in compute before it falls as a power.", s.curves.label());
  claim.source = "docs/theory/two-stage-law.md, exponential first stage [S]";
  claim.predicted_text = fmt::format("AICc gain > {}", kDecisiveAicc);
  const fitting::EarlyForm form = fitting::early_form(s.longest);
  const double gain = form.power - form.exponential;
  claim.measured = std::isfinite(gain) ? gain : kNaN;
  claim.verdict = judge_evidence(claim.measured);
  claim.reading = fmt::format(
      "Run {}: the best form with an exponential start against the best with a power start, by AICc of the log residuals; best form: {}.",
      s.longest_run, s.longest.laws.front().fit.name());
  claim.would_change =
      "A longer run with more measurements before its bend, or a spectrum with one leading eigenvalue.";
  return claim;
}

report::Claim bend(const PhaseTransition& s) {
  report::Claim claim;
  claim.id = "E1." + s.name + ".bend";
  claim.statement = "The envelope over all runs bends from one stage into the other inside the measured compute.";
  claim.source = "docs/theory/two-stage-law.md: bend at W0 = 1 of the data-limited law [R]";
  claim.predicted_text = "a bend";
  claim.unit = s.curves.accounting.is_flop() ? "FLOP" : sweep::in_words(s.curves.accounting);
  const auto* estimate = s.law.find("bend_compute");
  take_measurement(*estimate, claim);
  const double first = s.envelope.front().compute, last = s.envelope.back().compute;
  const bool inside = claim.lo >= first && claim.hi <= last;
  const bool outside = claim.hi < first || claim.lo > last;
  claim.verdict = outside                          ? report::Verdict::kNotSupported
                  : inside && estimate->identified ? report::Verdict::kSupported
                                                   : report::Verdict::kInconclusive;
  claim.reading = fmt::format("The interval of the bend {} the measured range {} to {}.",
                              outside  ? "lies outside"
                              : inside ? "lies inside"
                                       : "reaches beyond",
                              base::format_flop(first), base::format_flop(last));
  claim.would_change = "Runs of less or more compute on both sides of the bend, which would narrow its interval.";
  return claim;
}

report::Claim exponent(const PhaseTransition& s, const theory::Edition& edition, const fitting::Fit& fixed,
                       const char* fraction) {
  report::Claim claim;
  claim.id = fmt::format("E1.{}.exponent_{}", s.name, edition.name);
  const bool total = s.curves.quantity == Quantity::test_loss;
  claim.statement = fmt::format("The {} of the envelope falls as compute to the power -{} in the second stage.",
                                total ? "reducible part" : "excess risk", fraction);
  claim.source = fmt::format("two-stage law, edition {} [S]", edition.name);
  claim.predicted = edition.exponent();
  claim.predicted_text = fraction;
  const auto* q = s.law.find("q");
  take_measurement(*q, claim);
  claim.verdict = judge_number(claim.predicted, claim.lo, claim.hi, q->identified && s.law.convergence.certified);
  claim.reading = fmt::format(
      "Exponent q of {}, fitted to {} envelope points ({}); fixing q at {} changes AICc by {}.{}", s.law.formula(),
      s.law.n_points, base::enum_name(s.law.method), fraction, base::format_number(fixed.aicc - s.law.aicc),
      q->identified ? ""
                    : " The data constrain q poorly: " +
                          (s.law.warnings.empty() ? s.law.convergence.status : s.law.warnings.front()) + ".");
  claim.would_change = fmt::format(
      "Runs with more compute and an envelope that approaches the slope -{} in its last decades; "
      "the theory's exponent is an upper bound, which a steeper slope does not contradict.",
      fraction);
  return claim;
}

report::Claim data_exponent(const PhaseTransition& s) {
  report::Claim claim;
  claim.id = "E1." + s.name + ".data_exponent";
  claim.statement = "At the best stopping time the excess risk falls as 1/n with the number of sequences.";
  claim.source = "docs/theory/excess-risk.md: estimation term c xi^2/n [S]";
  claim.predicted = 1;
  claim.predicted_text = "1";
  const auto* q = s.data_law.find("q");
  take_measurement(*q, claim);
  claim.verdict = judge_number(1, claim.lo, claim.hi, q->identified);
  claim.reading = fmt::format(
      "Power law through the lowest excess risk of the {} of {} runs that passed their minimum ({} interval).",
      s.runs_at_minimum, s.curves.runs.size(), base::enum_name(s.data_law.method));
  claim.would_change =
      "More data, for which the teacher's parameters are over-determined and the exponent approaches 1.";
  return claim;
}

}  // namespace

std::vector<report::Claim> claims_of(const PhaseTransition& s) {
  std::vector<report::Claim> claims = {first_stage(s), bend(s), exponent(s, theory::edition_v1(), s.law_v1, "1/6"),
                                       exponent(s, theory::edition_v3(), s.law_v3, "1/7")};
  if (s.has_data_law) claims.push_back(data_exponent(s));
  return claims;
}

}  // namespace phaselaw::reproduce
