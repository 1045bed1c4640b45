// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "phaselaw/laws/fit.h"
#include "phaselaw/theory/two_stage.h"

// The two-stage law fitted to measured (compute, loss).
//
//   L(C) = E + A exp(-q W0(z)) = E + A (W0(z)/z)^q,    z = C/C0
//
// Derivation: the data-limited law of theory.md section 6, Delta R = exp(-(r/p) W0(p C/(a xi^(2(p-1))))), with its
// constants free: q = r/p, C0 = a xi^(2(p-1))/p, an amplitude A (the risk at C = 0) and a floor E (entropy of the data;
// 0 where the loss is an excess risk) [R]. What follows from the formula [T]:
//   z << 1   L - E = A exp(-q z): exponential;    z >> 1   A (z/ln z)^-q: a power law with a slowly varying logarithm
//   local elasticity of L - E:  d ln(L-E)/d ln C = -q W0/(1 + W0)
//   the bend, where it reaches half its limit:  W0 = 1, z = e:  bend_compute = e C0.
//
// Parameters: A, C0, q, E. Derived: bend_compute, initial_loss (E + A), slope (of L - E at the largest compute),
// slope_total (of L there: never compare it with 1/6 or 1/7). Units: C0 and bend_compute those of compute; A, E of
// loss. A parameter is identified only where the data say so: see Estimate, and `warnings` for the reason (a bend
// outside the measured compute leaves the exponent or the time scale undetermined).
namespace phaselaw::laws {

struct TwoStageOptions {
  Known known;  // exponent: unset, or theory::edition_v1().exponent(); floor: 0 for an excess risk, unset for a loss
  FitOptions fit;
  std::vector<double> band_compute;  // > 0: where Fit::band gives the law with the interval of its value
};

[[nodiscard]] Fit fit_two_stage(std::span<const double> compute, std::span<const double> loss,
                                const TwoStageOptions& options = {});

// The fitted law at a compute >= 0 in natural units; E + A at 0.
[[nodiscard]] double two_stage_value(double compute, double amplitude, double scale, double exponent, double floor);

// The fitted law at each compute (>= 0).
[[nodiscard]] std::vector<double> predict(const Fit& fit, std::span<const double> compute);

}  // namespace phaselaw::laws
