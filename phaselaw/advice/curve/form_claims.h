// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/advice/curve/claims.h"
#include "phaselaw/advice/curve/curve_start.h"
#include "phaselaw/advice/curve/scaled_curve.h"

// What the forms that fit a curve from its start on agree about. Forms within 6 s2 of the best are kept, and a claim is
// the union of their intervals, if it is narrow enough to mean something:
//   exponent   0 < lo, hi < 4, hi/lo <= 1.8
//   floor      hi - lo <= 15 % of the last loss
//   gain       hi - lo <= max(hi/2, 0.4 %)
//   state      finished: gain below 0.6 %. Falling: gain above 0.3 % in all kept forms, or in a power with an exponent
//              below 4 that no other form beats by 3 s2
//   bend       nothing left out before it, hi/lo < 3, and the first row before half of it; 1.25 wider at both ends,
//              because a warm-up may be hidden before it
//   early form power if two-stage is refuted, exponential if the exponent is above 4; from the first row only
// If the errors of the blocks are not known, exponent and floor include those of the power from the next start on.
// A curve behind a dropped start that flattens faster than a power law (exponent from below to above 4) has no claims.
namespace phaselaw::advice {

// False if a falling learning rate describes the curve as well as or better than a constant one: then a flat end may be
// its doing.
[[nodiscard]] bool claim_forms(const ScaledCurve& curve, const CurveForms& forms, bool ambiguous, CurveClaims& claims);

}  // namespace phaselaw::advice
