// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/flops.h"

#include "phaselaw/model/attention_branch.h"
#include "phaselaw/model/ends.h"
#include "phaselaw/model/mlp_branch.h"
#include "phaselaw/model/parameters.h"

namespace phaselaw::model {

SequenceCost sequence_cost(const ModelOptions& o) { return sequence_cost(o, BackwardPlan(ParameterTable(o))); }

SequenceCost sequence_cost(const ModelOptions& o, const BackwardPlan& plan) {
  PassFlops flop = read_in_flops(o, plan);
  for (const LayerPlan& layer : plan.layers) {
    flop += attention_branch_flops(o, layer);
    flop += mlp_branch_flops(o, layer);
  }
  flop += read_out_flops(o, plan);
  return {
      .forward_flop = flop.forward.total(),
      .backward_flop = flop.backward.total(),
      .products_flop = flop.forward.linear + flop.forward.attention + flop.backward.linear + flop.backward.attention,
      .forward_linear_flop = flop.forward.linear,
      .backward_linear_flop = flop.backward.linear};
}

double six_nd(const ModelOptions& o, bool with_embeddings) {
  const ParameterTable table(o);
  return 6.0 * static_cast<double>(with_embeddings ? table.size() : table.n_non_embedding()) *
         static_cast<double>(o.seq_len);
}

}  // namespace phaselaw::model
