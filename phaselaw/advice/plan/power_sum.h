// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "phaselaw/laws/law.h"

// The law E + A N^-alpha + B D^-beta, recognised by its expression under any names, and its best sizes in closed form.
//
// Under k N D = C the loss is lowest at
//   N* = G (C/k)^a,   D* = (C/k)^(1-a)/G,   a = beta/(alpha + beta),   G = (alpha A/(beta B))^(1/(alpha + beta))
//   L* = E + K (C/k)^-g,   g = alpha beta/(alpha + beta),   K = A G^-alpha + B G^beta
// [S: Hoffmann et al. 2022, eq. 4; L* follows by insertion]. Cost: 0.2 us. Its plain twin is Allocator::search().
namespace phaselaw::advice {

// The places of the parameters in the law's order. The exponents may be one parameter, and the floor may be absent.
struct PowerSum {
  std::optional<std::size_t> floor;
  std::size_t a = 0, alpha = 0, b = 0, beta = 0;

  struct Values {
    double floor = 0, a = 0, alpha = 0, b = 0, beta = 0;
    // All amplitudes and exponents are finite and > 0, so that there is one interior minimum.
    [[nodiscard]] bool has_minimum() const;
    [[nodiscard]] double n_params(double nd) const;   // N* at N D = nd
    [[nodiscard]] double excess(double nd) const;     // L* - E at N D = nd
    [[nodiscard]] double product(double loss) const;  // N D with L* = loss; infinity if loss <= floor
  };
  [[nodiscard]] Values at(std::span<const double> parameters) const;
};

// Terms in any order, each as A*N^-alpha or A/N^alpha; unset for every other law.
[[nodiscard]] std::optional<PowerSum> power_sum_of(const laws::Law& law);

}  // namespace phaselaw::advice
