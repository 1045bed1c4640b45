// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "phaselaw/fitting/selection.h"
#include "phaselaw/report/claim.h"
#include "phaselaw/report/page.h"

// How measurements decide about claims. An experiment declares what its claim says (predicted, relation, margin) and
// what it measured (measured, lo, hi, degrees); decide() alone sets verdicts, over all claims of a page at once.
//
// p values [T]. Student's t with `degrees` degrees of freedom, or the normal distribution if degrees = infinity. The
// standard error of a side is the half-width of the 95 % interval on that side over the 97.5 % quantile, so that an
// asymmetric interval keeps its shape: for a bound b below the measured value v, t = (v - b)/s with s from v - lo.
//   equal, margin m   supporting: |v - predicted| >= m is refuted, by two one-sided tests (Schuirmann 1987);
//                     refuting: |v - predicted| <= m is refuted, two-sided
//   at most           supporting: v >= predicted is refuted; refuting: v <= predicted is refuted; one-sided
//   at least          the mirror image
// An experiment with another statistic sets p_supporting and p_refuting itself.
//
// Exponents that hold "up to logarithms and constants" are tested for equivalence with a margin, never as points. The
// margin of an exponent is kExponentMargin of its value: the two-stage law's own local slope at attainable compute is 7
// to 9 % below its limit, and 1/6 with this margin still excludes 1/5 and 1/7.
//
// Several claims [T: Holm 1979]. Exactly one of the two hypotheses of a claim is false, so the smaller p value decides
// its direction, and Holm's procedure is applied to these over all claims that are tested. Claims with a reason in
// `undecidable`, without an interval, and self-checks are not tested in this family. Self-checks are judged by their
// own p values, without a correction.
//
// Teachers are a random effect: the statistic is computed for each teacher or without one of them (random_effect.h), and
// the interval is Student's t over teachers. Presets differ in the number of teachers and seeds, not in the range of
// sizes, so that the quick preset may be inconclusive where the full one decides, but measures the same quantity.
namespace phaselaw::reproduce {

inline constexpr double kLevel = 0.05;           // of the family of claims
inline constexpr double kExponentMargin = 0.10;  // relative

// Sets predicted, relation and margin: an exponent up to kExponentMargin; `predicted` != 0.
void claim_exponent(double predicted, report::Claim& claim);
// A number up to a margin in its own unit, > 0.
void claim_equal(double predicted, double margin, report::Claim& claim);
void claim_at_most(double predicted, report::Claim& claim);
void claim_at_least(double predicted, report::Claim& claim);

struct PValues {
  double supporting, refuting;  // NaN if there is no interval
};
[[nodiscard]] PValues p_values(const report::Claim& claim);

// Sets p values and verdicts of all claims of a page, or of a list. A claim is supported or not supported if its adjusted p value is below
// kLevel, otherwise inconclusive.
void decide(std::vector<report::Claim>& claims);
void decide(report::Page& page);

// Being replaced by decide():

// The claim is a number, the measurement an interval [lo, hi]:
//   not supported   the interval is finite and does not contain the number
//   supported       it contains the number and is no wider than the number is large
//   inconclusive    it is wider than that, not finite, or the measured quantity is poorly constrained
[[nodiscard]] report::Verdict judge_number(double predicted, double lo, double hi, bool identified);

// The claim is an upper bound on a slope or a size: supported if the whole interval satisfies it, not supported if the
// whole interval lies above, otherwise inconclusive.
[[nodiscard]] report::Verdict judge_at_most(double predicted, double lo, double hi);

// The same for a lower bound.
[[nodiscard]] report::Verdict judge_at_least(double predicted, double lo, double hi);

// The claim is a number with a stated tolerance (an identity that is simulated, or a limit): supported if the whole
// interval lies within predicted +- tolerance, not supported if all of it lies outside, otherwise inconclusive.
[[nodiscard]] report::Verdict judge_within(double predicted, double tolerance, double lo, double hi);

// The claim is that several measured numbers are equal: a statistic of their differences against its critical value.
//   not supported   the statistic is above it
//   supported       it is not, and every interval is no wider than the common value is large
//   inconclusive    an interval is wider than that, so it agrees with anything; or fewer than two numbers (statistic
//                   NaN)
[[nodiscard]] report::Verdict judge_agreement(double statistic, double critical, double widest, double common);

// The claim is a direction, the measurement a difference of AICc in its favour (odds of about 20 to 1 at 6):
//   supported > 6, not supported < -6, otherwise inconclusive (also for NaN).
[[nodiscard]] report::Verdict judge_evidence(double aicc_in_favour);
using fitting::kDecisiveAicc;

}  // namespace phaselaw::reproduce
