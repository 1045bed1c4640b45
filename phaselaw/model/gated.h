// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "phaselaw/model/elementwise.h"

// The gated MLP's units: act = phi(g) u with g = W_gate h, u = W_up h. Their differential and its transpose need the
// two factors only:  d act = phi(g) du + u phi'(g) dg.
namespace phaselaw::model {

// In place: gate (g) becomes act, up (u) becomes phi(g); slope = u phi'(g).
template <class T>
void gate_units(Activation activation, std::int64_t count, T* gate, T* up, T* slope) {
  activate(activation, count, gate, slope);
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    const T u = up[i], open = gate[i];
    gate[i] = open * u;
    slope[i] *= u;
    up[i] = open;
  }
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
