// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "phaselaw/model/parameters.h"

// What a backward pass must compute so that every trainable block gets its gradient, and nothing more. The fast model,
// the reference and the FLOP count read the same plan. A tangent pass reads it too: a cotangent is wanted exactly where
// the tangent is not known to be zero.
namespace phaselaw::model {

// Cotangents of a residual branch  x' = x + omega W_out inside(W_in norm(x)). The rules stand with each branch:
// attention_plan(), cross_plan() and mlp_plan().
struct BranchPlan {
  bool input = false;   // of x, through the branch: something trainable lies below
  bool source = false;  // of the encoder's outputs, through the branch (attention to the source)
  bool normal = false;  // of norm(x)
  bool inside = false;  // of what W_out reads
  bool output = false;  // of x': something trainable lies in the branch or below
};

struct LayerPlan {
  KindSet wanted;  // blocks that get a gradient
  BranchPlan attention, cross, mlp;
};

struct BackwardPlan {
  std::vector<LayerPlan> layers;    // by ParameterBlock::layer: the decoder's, then the encoder's
  KindSet wanted;                   // blocks outside the layers that get a gradient
  bool embed = false, out = false;  // of these; out: the read-out matrix, also where it is the embedding
  bool normal = false;              // cotangent of what the read-out matrix reads
  bool stream = false;              // cotangent of the last residual stream
  bool source_normal = false;       // cotangent of the encoder's normalised outputs
  bool source_stream = false;       // cotangent of the encoder's last residual stream

  explicit BackwardPlan(const ParameterTable& table)
      : BackwardPlan(table, std::vector<bool>(table.blocks().size(), true)) {}

  // For the trainable blocks among `selected` (one flag per table.blocks(); embed and positions go together).
  BackwardPlan(const ParameterTable& table, const std::vector<bool>& selected);
};

}  // namespace phaselaw::model
