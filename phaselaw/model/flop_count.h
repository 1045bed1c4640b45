// SPDX-License-Identifier: Apache-2.0
#pragma once

// Floating-point operations of one sequence, as the reference implementation performs them (model/flops.h).
namespace phaselaw::model {

struct FlopCount {
  double linear = 0;     // the sums of products with parameter matrices
  double attention = 0;  // the sums over pairs of tokens
  double other = 0;      // everything else, entry by entry

  [[nodiscard]] double total() const { return linear + attention + other; }
  FlopCount& operator+=(const FlopCount& more) {
    linear += more.linear;
    attention += more.attention;
    other += more.other;
    return *this;
  }
};

// Of one part of the model: its forward pass, and the part of the backward pass that a plan asks for.
struct PassFlops {
  FlopCount forward, backward;
  PassFlops& operator+=(const PassFlops& more) {
    forward += more.forward;
    backward += more.backward;
    return *this;
  }
};

}  // namespace phaselaw::model
