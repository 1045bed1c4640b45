// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "phaselaw/advice/curve/claims.h"
#include "phaselaw/advice/curve/shape_fit.h"

namespace phaselaw::advice {

// The best of the accepted shapes of a fit, those with the extremes of exponent, floor and gain, and an even sample of
// the others: at most about 50. The fit is in units of step_unit and loss_unit. A shape of a fit under a falling rate
// is continued at the full rate from the level that the curve has reached, so that its floor contains the drop.
[[nodiscard]] std::vector<AcceptedShape> sample_of_shapes(const ShapeFit& fit, double step_unit, double loss_unit,
                                                          bool best);

}  // namespace phaselaw::advice
