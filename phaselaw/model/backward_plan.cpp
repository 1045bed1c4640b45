// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/backward_plan.h"

#include "phaselaw/base/errors.h"
#include "phaselaw/model/attention_branch.h"
#include "phaselaw/model/cross_branch.h"
#include "phaselaw/model/mlp_branch.h"

namespace phaselaw::model {

BackwardPlan::BackwardPlan(const ParameterTable& table, const std::vector<bool>& selected) {
  PHASELAW_CHECK_EQ(selected.size(), table.blocks().size());
  for (std::size_t i = 0; i < selected.size(); ++i) {
    const auto& block = table.blocks()[i];
    const bool wants = block.trainable && selected[i];
    if (block.layer >= static_cast<std::int64_t>(layers.size())) layers.emplace_back();
    (block.layer < 0 ? wanted : layers[static_cast<std::size_t>(block.layer)].wanted)[block.kind] = wants;
    if (&block == table.readout()) out = wants;
  }
  embed = wanted[BlockKind::embed];
  for (const BlockKind position : {BlockKind::position, BlockKind::source_position})
    if (table.has(position)) PHASELAW_CHECK_EQ(wanted[position], embed);
  const auto first_of_encoder = layers.begin() + table.n_layers();
  bool below = embed;
  for (auto layer = first_of_encoder; layer != layers.end(); ++layer) {
    layer->attention = attention_plan(layer->wanted, below);
    layer->mlp = mlp_plan(layer->wanted, layer->attention.output);
    below = layer->mlp.output;
  }
  if (table.has(BlockKind::cross_q)) {
    source_stream = below;
    source_normal = below || has_any(wanted, {BlockKind::source_norm_gain, BlockKind::source_norm_bias});
  }
  below = embed;
  for (auto layer = layers.begin(); layer != first_of_encoder; ++layer) {
    layer->attention = attention_plan(layer->wanted, below);
    layer->cross = cross_plan(layer->wanted, layer->attention.output, source_normal);
    layer->mlp = mlp_plan(layer->wanted, layer->cross.output);
    below = layer->mlp.output;
  }
  stream = below;
  normal = stream || has_any(wanted, {BlockKind::final_norm_gain, BlockKind::final_norm_bias});
}

}  // namespace phaselaw::model
