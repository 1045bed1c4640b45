// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "phaselaw/base/errors.h"
#include "phaselaw/model/parameters.h"

// What a backward pass must compute so that every trainable block gets its gradient, and nothing more. The fast model,
// the reference and the FLOP count read the same plan.
namespace phaselaw::model {

struct LayerPlan {
  bool q = false, k = false, v = false, o = false, up = false, down = false;  // gradients wanted
  bool attention_core = false;                                                // cotangents of q, k, v
  bool attention_input = false;  // cotangent of the layer's input: something trainable lies below
  bool mlp_core = false;         // cotangent of the hidden units
  bool mlp_input = false;        // cotangent of the stream between attention and MLP
};

struct BackwardPlan {
  std::vector<LayerPlan> layers;
  bool embed = false, out = false;
  bool stream = false;  // cotangent of the last residual stream

  explicit BackwardPlan(const ParameterTable& table)
      : BackwardPlan(table, std::vector<bool>(table.blocks().size(), true)) {}

  // For the trainable blocks among `selected` (one flag per table.blocks(); embed and position go together).
  BackwardPlan(const ParameterTable& table, const std::vector<bool>& selected) {
    PHASELAW_CHECK_EQ(selected.size(), table.blocks().size());
    bool below = false;
    for (std::size_t i = 0; i < selected.size(); ++i) {
      const auto& block = table.blocks()[i];
      const bool wants = block.trainable && selected[i];
      if (block.kind == BlockKind::embed) embed = wants;
      if (block.kind == BlockKind::position) PHASELAW_CHECK_EQ(wants, embed);
      if (block.kind == BlockKind::out) out = wants;
      if (block.layer >= static_cast<std::int64_t>(layers.size())) layers.emplace_back();
      if (block.layer < 0) continue;
      auto& layer = layers[static_cast<std::size_t>(block.layer)];
      bool* wanted[] = {nullptr, nullptr, &layer.q, &layer.k, &layer.v, &layer.o, &layer.up, &layer.down, nullptr};
      *wanted[static_cast<std::size_t>(block.kind)] = wants;
    }
    below = embed;
    for (auto& layer : layers) {
      layer.attention_input = below;
      layer.attention_core = layer.q || layer.k || layer.v || below;
      layer.mlp_input = layer.attention_core || layer.o;
      layer.mlp_core = layer.mlp_input || layer.up;
      below = layer.mlp_core || layer.down;
    }
    stream = below;
  }
};

}  // namespace phaselaw::model
