// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "phaselaw/kernel/setting.h"
#include "phaselaw/model/transformer.h"

// The forward pass of one sequence with all intermediates that the derivatives need; equations in model/options.h.
namespace phaselaw::kernel {

template <class T>
struct LayerTrace {
  AlignedVector<T> x;  // L x d, normalised input
  AlignedVector<T> inv_rms;
  AlignedVector<T> qkv;        // L x 3w
  AlignedVector<T> attention;  // H x L x L
  AlignedVector<T> z;          // L x w
  AlignedVector<T> x_mid;      // L x d, normalised stream between attention and MLP
  AlignedVector<T> inv_rms_mid;
  AlignedVector<T> act, slope;  // L x m: phi and phi'
};

template <class T>
struct SequenceTrace {
  std::vector<LayerTrace<T>> layers;
  AlignedVector<T> last;     // L x d: the input of the read-out (normalised for tokens)
  AlignedVector<T> inv_rms;  // of the last stream (tokens)
  const std::int32_t* tokens = nullptr;
};

// Products: L (2 d 3w + 2 d w + 4 d m) flop per layer, added to *flop; scores and values are not counted.
template <class T>
[[nodiscard]] SequenceTrace<T> trace_sequence(const Setting& s, std::span<const T> theta,
                                              const model::Inputs<T>& inputs, Index which, double& flop);

// Readout Jacobian of token t, outputs x d: kappa I, kappa c W_out, or kappa c W_out R_t.
template <class T>
void readout_jacobian(const Setting& s, std::span<const T> theta, const SequenceTrace<T>& trace, Index t, T* jacobian);

}  // namespace phaselaw::kernel
