// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "phaselaw/advice/diagnose/diagnose.h"
#include "phaselaw/report/figure.h"

// The figures of a curve without a learning rate: the rows with the band of all forms that they do not refute, up to
// twice the end of the curve, and the residuals. `x` is the axis of the clock.
namespace phaselaw::advice {

[[nodiscard]] std::vector<report::Figure> claims_figures(const Diagnosis& diagnosis, const report::Axis& x);

}  // namespace phaselaw::advice
