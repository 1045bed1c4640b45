// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/model/backward_plan.h"
#include "phaselaw/model/options.h"

// Exact arithmetic of one sequence through the model, as the reference implementation performs it: every floating-point
// addition, multiplication, division, square root, exponential and tanh counts 1, a multiply-add 2. Each part of the
// model counts its own operations beside its passes (attention_branch.h, cross_branch.h, mlp_branch.h, ends.h,
// encoder.h); here they are summed.
// The test counts them by running the reference on a counting number type.
namespace phaselaw::model {

struct SequenceCost {
  double forward_flop = 0;   // loss not included
  double backward_flop = 0;  // the vector-Jacobian product for the trainable blocks
  double products_flop = 0;  // of forward + backward: the part in matrix products and attention sums
  double forward_linear_flop = 0, backward_linear_flop = 0;  // the parts in products with parameter matrices
  [[nodiscard]] double training_flop() const { return forward_flop + backward_flop; }
};

[[nodiscard]] SequenceCost sequence_cost(const ModelOptions& options);
// With the backward pass of this plan.
[[nodiscard]] SequenceCost sequence_cost(const ModelOptions& options, const BackwardPlan& plan);

// The field's convention 6 N D for one sequence: 6 n_params seq_len, with or without embedding parameters. With an
// encoder, parameters that act on the source (the encoder's, source.*, cross.k and cross.v) count source_len tokens and
// all others seq_len.
[[nodiscard]] double six_nd(const ModelOptions& options, bool with_embeddings);

}  // namespace phaselaw::model
