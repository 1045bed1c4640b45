// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <complex>
#include <vector>

// exp(-x) on x >= 0 as a sum of simple fractions, so that a gradient flow becomes a sum of ridge regressions:
//
//   exp(-x) = 2 Re sum_{j=1}^{count/2} A_j / (x + D_j)
//
// The midpoint rule with `count` nodes for exp(-x) = (1 / 2 pi i) integral of e^z / (z + x) dz over the cotangent
// contour z(theta) = count [-0.6122 + 0.5017 theta cot(0.6407 theta) + 0.2645 i theta], -pi < theta < pi: D_j = z_j,
// A_j = e^{z_j} z'(theta_j) / (i count). Nodes come in conjugate pairs; those with Im D > 0 are returned.
// Accuracy: about 3.9^-count uniformly in x >= 0, down to 1e-14 (rounding: the weights reach e^{0.17 count}): 4e-12
// with 20 nodes, 3e-14 with 24. For (1 - exp(-x))/x 4e-10 and 3e-12, reached at x = 0. std::domain_error unless count
// is even and in 2 .. 32. Source: Weideman 2006; Trefethen, Weideman, Schmelzer, BIT 46 (2006), section 3 [T].
namespace phaselaw::dynamics {

inline constexpr int kFlowPoles = 24;

struct ExponentialPole {
  std::complex<double> weight, pole;  // A_j, D_j
};

[[nodiscard]] std::vector<ExponentialPole> exponential_poles(int count = 20);

// (1 - exp(-2 t h / n)) / h in the same form, including the sum over conjugate pairs: 2 Re sum_j b_j / (h + delta_j),
// with weight b_j = A_j / D_j and pole delta_j = D_j / rate, rate = 2 t / n > 0; relative error 3e-12.
// std::domain_error unless the rate is finite and > 0.
[[nodiscard]] std::vector<ExponentialPole> flow_as_ridges(double rate, int count = kFlowPoles);

}  // namespace phaselaw::dynamics
