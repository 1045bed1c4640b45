// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

// The minimiser of a function that falls and then rises on [lo, hi], by golden section: compares values only, so it
// owes nothing to the formulas it is to confirm. The interval shrinks to 1e-14 (hi - lo); a smooth minimum is found to
// about sqrt(eps), one with a corner to eps.
namespace phaselaw::theory {

template <class Function>
[[nodiscard]] double golden_section(const Function& f, double lo, double hi) {
  const double ratio = (std::sqrt(5.0) - 1) / 2, end = 1e-14 * (hi - lo);
  double a = hi - ratio * (hi - lo), b = lo + ratio * (hi - lo), fa = f(a), fb = f(b);
  for (int i = 0; i < 200 && hi - lo > end; ++i) {
    if (fa < fb) {
      hi = b, b = a, fb = fa;
      a = hi - ratio * (hi - lo), fa = f(a);
    } else {
      lo = a, a = b, fa = fb;
      b = lo + ratio * (hi - lo), fb = f(b);
    }
  }
  return (lo + hi) / 2;
}

}  // namespace phaselaw::theory
