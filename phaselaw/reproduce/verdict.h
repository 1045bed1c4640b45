// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/fitting/selection.h"
#include "phaselaw/report/claim.h"

// The stated rules by which a measurement decides about a claim.
namespace phaselaw::reproduce {

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
