// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/analysis/flow_views.h"

// The curve `kernel` without a kernel matrix: products with J(theta_0) alone. Memory: activations of both sets.
namespace phaselaw::analysis {

// Squared loss: f(t) and the coefficients a(t) from one Lanczos run, f(x, t) = f0(x) - J_x (J^T a(t)).
[[nodiscard]] ViewCurve krylov_view(const Setting& setting, const std::vector<double>& times, int threads);

// Cross-entropy: d delta/dt = -J^T residual(f), f = f0 + J delta on both sets, integrated with flow.rtol and flow.atol.
[[nodiscard]] ViewCurve linearised_cross_entropy(const Setting& setting, const std::vector<double>& times, int threads);

}  // namespace phaselaw::analysis
