// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/backward_plan.h"

#include "phaselaw/base/errors.h"
#include "phaselaw/model/attention_branch.h"
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
  if (table.has(BlockKind::position)) PHASELAW_CHECK_EQ(wanted[BlockKind::position], embed);
  bool below = embed;
  for (auto& layer : layers) {
    layer.attention = attention_plan(layer.wanted, below);
    layer.mlp = mlp_plan(layer.wanted, layer.attention.output);
    below = layer.mlp.output;
  }
  stream = below;
  normal = stream || has_any(wanted, {BlockKind::final_norm_gain, BlockKind::final_norm_bias});
}

}  // namespace phaselaw::model
