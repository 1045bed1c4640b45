// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "phaselaw/report/claim.h"
#include "phaselaw/report/figure.h"
#include "phaselaw/reproduce/experiment.h"
#include "phaselaw/reproduce/surface_study.h"

// The statistical lower bound beside the surface's runs: no estimator that does not know the target has a worst-case
// risk below xi^2/(16 n) per sequence (theory/two_point.h, [S], [T]). A simulation cannot refute it, so it is a
// self-check: a risk below it would mean an error in the risk or in the noise. The page says by which factor it is
// loose.
//
// The paper's band between lower and upper bound has two constants, a and c_xi d_eff, that no theory gives. A band with
// two free constants fits every slope near its own over a few powers of ten, so it is not a test; the exponent of the
// envelope is judged by E1.surface.
//
// Unit: excess risk per sequence, L o times that per output coordinate.
namespace phaselaw::reproduce {

inline constexpr double kSurfaceCoordinates = 16;  // L o = 4 tokens times 4 outputs

// ln of the smallest ratio of the best risk to xi^2/(16 n) over the sizes n of a path.
[[nodiscard]] Effect log_looseness(const SurfacePath& path);

// LB.band.two_point
[[nodiscard]] std::vector<report::Claim> claims_of(const SurfacePath& path);
// Best risk and bound against n.
[[nodiscard]] report::Figure figure_of(const SurfacePath& path);

[[nodiscard]] Finding matching_band(const Context& context);

}  // namespace phaselaw::reproduce
