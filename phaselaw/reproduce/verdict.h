// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

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

}  // namespace phaselaw::reproduce
