// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/flops.h"

#include "phaselaw/model/encoder.h"
#include "phaselaw/model/ends.h"
#include "phaselaw/model/parameters.h"
#include "phaselaw/model/stack.h"

namespace phaselaw::model {

namespace {

// Whether the rows that a block acts on are those of the source.
bool acts_on_source(const ParameterBlock& block) {
  using enum BlockKind;
  return block.name.starts_with("encoder.") || block.name.starts_with("source.") || block.kind == cross_k ||
         block.kind == cross_v || block.kind == cross_k_bias || block.kind == cross_v_bias;
}

}  // namespace

SequenceCost sequence_cost(const ModelOptions& o) { return sequence_cost(o, BackwardPlan(ParameterTable(o))); }

SequenceCost sequence_cost(const ModelOptions& o, const BackwardPlan& plan) {
  PassFlops flop = read_in_flops(o, plan);
  flop += stack_flops(o, plan, 0);
  if (o.has_encoder()) flop += encoder_flops(o, plan);
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
  std::int64_t of_source = 0;  // parameters that act on rows of the source
  for (const auto& block : table.blocks())
    if (acts_on_source(block)) of_source += block.size();
  if (!with_embeddings && table.has(BlockKind::source_position))
    of_source -= table.at(BlockKind::source_position).size();
  const std::int64_t params = with_embeddings ? table.size() : table.n_non_embedding();
  return 6.0 * static_cast<double>((params - of_source) * o.seq_len + of_source * o.source_rows());
}

}  // namespace phaselaw::model
