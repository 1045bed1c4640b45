// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "phaselaw/model/activation.h"
#include "phaselaw/model/options.h"

// The hidden units of the MLP. Plain: act = phi(u) with u = W_up h. Gated: act = phi(g) u with g = W_gate h; its
// differential and the transpose of that need the two factors only:  d act = phi(g) du + u phi'(g) dg.
namespace phaselaw::model {

template <class T>
struct HiddenUnits {
  T* act = nullptr;
  T* slope = nullptr;  // plain: phi'(u), null where act shows it; gated: u phi'(g)
  T* open = nullptr;   // gated: phi(g)

  template <class Take>
  void place(const ModelOptions& o, std::int64_t rows, Take&& take) {
    const bool gated = o.mlp == Mlp::gated;
    act = take(rows * o.d_hidden);
    slope = gated || !slope_shows_in_value(o.activation) ? take(rows * o.d_hidden) : nullptr;
    open = take(gated ? rows * o.d_hidden : 0);
  }
};

// After gate (g) became phi(g) and slope phi'(g): gate becomes act, up (u) becomes phi(g); slope = u phi'(g).
template <class T>
void open_gate(std::int64_t count, T* gate, T* up, T* slope) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    const T u = up[i], open = gate[i];
    gate[i] = open * u;
    slope[i] *= u;
    up[i] = open;
  }
}

// In place: gate (g) becomes act, up (u) becomes phi(g); slope = u phi'(g).
template <class T>
void gate_units(Activation activation, std::int64_t count, T* gate, T* up, T* slope) {
  activate(activation, count, gate, slope);
  base::Versions<open_gate<T>>::call(count, gate, up, slope);
}

// In place: dact becomes du; dgate = dg.
template <class T>
void gate_units_backward(std::int64_t count, const T* open, const T* slope, T* dact, T* dgate) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    dgate[i] = dact[i] * slope[i];
    dact[i] *= open[i];
  }
}

// In place: du becomes d act.
template <class T>
void gate_units_tangent(std::int64_t count, const T* open, const T* slope, const T* dgate, T* du) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) du[i] = open[i] * du[i] + slope[i] * dgate[i];
}

}  // namespace phaselaw::model
