// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

// Number types to run model/reference with.
namespace phaselaw::testing {

// value + slope e with e^2 = 0: forward-mode derivatives, exact to rounding.
struct Dual {
  double value = 0, slope = 0;
  Dual() = default;
  explicit Dual(double v, double s = 0) : value(v), slope(s) {}
};
inline Dual operator+(Dual a, Dual b) { return Dual(a.value + b.value, a.slope + b.slope); }
inline Dual operator-(Dual a, Dual b) { return Dual(a.value - b.value, a.slope - b.slope); }
inline Dual operator*(Dual a, Dual b) { return Dual(a.value * b.value, a.slope * b.value + a.value * b.slope); }
inline Dual operator/(Dual a, Dual b) {
  return Dual(a.value / b.value, (a.slope - a.value / b.value * b.slope) / b.value);
}
inline bool operator>(Dual a, Dual b) { return a.value > b.value; }
inline Dual sqrt(Dual a) { return Dual(std::sqrt(a.value), a.slope / (2 * std::sqrt(a.value))); }
inline Dual exp(Dual a) { return Dual(std::exp(a.value), std::exp(a.value) * a.slope); }
inline Dual tanh(Dual a) { return Dual(std::tanh(a.value), (1 - std::tanh(a.value) * std::tanh(a.value)) * a.slope); }

// Counts every operation; comparisons and copies are free.
struct Counted {
  double value = 0;
  Counted() = default;
  explicit Counted(double v) : value(v) {}
  static inline double operations = 0;
};
inline Counted counted(double v) {
  Counted::operations += 1;
  return Counted(v);
}
inline Counted operator+(Counted a, Counted b) { return counted(a.value + b.value); }
inline Counted operator-(Counted a, Counted b) { return counted(a.value - b.value); }
inline Counted operator*(Counted a, Counted b) { return counted(a.value * b.value); }
inline Counted operator/(Counted a, Counted b) { return counted(a.value / b.value); }
inline bool operator>(Counted a, Counted b) { return a.value > b.value; }
inline Counted sqrt(Counted a) { return counted(std::sqrt(a.value)); }
inline Counted exp(Counted a) { return counted(std::exp(a.value)); }
inline Counted tanh(Counted a) { return counted(std::tanh(a.value)); }

}  // namespace phaselaw::testing
