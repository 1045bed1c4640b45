// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "phaselaw/base/errors.h"
#include "phaselaw/model/parameters.h"

// What a backward pass must compute so that every trainable block gets its gradient, and nothing more. The fast model,
// the reference and the FLOP count read the same plan.
namespace phaselaw::model {

struct LayerPlan {
  bool q = false, k = false, v = false, o = false, up = false, down = false, gate = false;  // gradients wanted
  bool q_bias = false, k_bias = false, v_bias = false, o_bias = false;
  bool up_bias = false, gate_bias = false, down_bias = false;
  bool attention_gain = false, attention_bias = false, mlp_gain = false, mlp_bias = false;  // of the norms
  bool attention_core = false;                                                              // cotangents of q, k, v
  bool attention_normal = false;  // cotangent of the normalised input
  bool attention_input = false;   // cotangent of the layer's input: something trainable lies below
  bool mlp_core = false;          // cotangent of the hidden units
  bool mlp_normal = false;        // cotangent of the normalised stream between attention and MLP
  bool mlp_input = false;         // cotangent of that stream
};

struct BackwardPlan {
  std::vector<LayerPlan> layers;
  bool embed = false, out = false;  // out: the read-out matrix, also where it is the embedding
  bool final_gain = false, final_bias = false;
  bool normal = false;  // cotangent of what the read-out matrix reads
  bool stream = false;  // cotangent of the last residual stream

  explicit BackwardPlan(const ParameterTable& table)
      : BackwardPlan(table, std::vector<bool>(table.blocks().size(), true)) {}

  // For the trainable blocks among `selected` (one flag per table.blocks(); embed and position go together).
  BackwardPlan(const ParameterTable& table, const std::vector<bool>& selected) {
    PHASELAW_CHECK_EQ(selected.size(), table.blocks().size());
    for (std::size_t i = 0; i < selected.size(); ++i) {
      const auto& block = table.blocks()[i];
      const bool wants = block.trainable && selected[i];
      if (block.kind == BlockKind::position) PHASELAW_CHECK_EQ(wants, embed);
      if (block.layer >= static_cast<std::int64_t>(layers.size())) layers.emplace_back();
      if (block.layer >= 0)
        flag(layers[static_cast<std::size_t>(block.layer)], block.kind) = wants;
      else if (block.kind != BlockKind::position)
        flag(block.kind) = wants;
      if (&block == table.readout()) out = wants;
    }
    bool below = embed;
    for (auto& layer : layers) {
      layer.attention_input = below;
      layer.attention_normal = below || layer.attention_gain || layer.attention_bias;
      layer.attention_core =
          layer.q || layer.k || layer.v || layer.q_bias || layer.k_bias || layer.v_bias || layer.attention_normal;
      layer.mlp_input = layer.attention_core || layer.o || layer.o_bias;
      layer.mlp_normal = layer.mlp_input || layer.mlp_gain || layer.mlp_bias;
      layer.mlp_core = layer.mlp_normal || layer.up || layer.gate || layer.up_bias || layer.gate_bias;
      below = layer.mlp_core || layer.down || layer.down_bias;
    }
    stream = below;
    normal = stream || final_gain || final_bias;
  }

 private:
  bool& flag(BlockKind kind) {
    switch (kind) {
      case BlockKind::embed:
        return embed;
      case BlockKind::final_norm_gain:
        return final_gain;
      case BlockKind::final_norm_bias:
        return final_bias;
      default:
        return out;
    }
  }
  static bool& flag(LayerPlan& layer, BlockKind kind) {
    switch (kind) {
      case BlockKind::attn_q:
        return layer.q;
      case BlockKind::attn_k:
        return layer.k;
      case BlockKind::attn_v:
        return layer.v;
      case BlockKind::attn_o:
        return layer.o;
      case BlockKind::mlp_up:
        return layer.up;
      case BlockKind::mlp_gate:
        return layer.gate;
      case BlockKind::attn_norm_gain:
        return layer.attention_gain;
      case BlockKind::attn_norm_bias:
        return layer.attention_bias;
      case BlockKind::attn_q_bias:
        return layer.q_bias;
      case BlockKind::attn_k_bias:
        return layer.k_bias;
      case BlockKind::attn_v_bias:
        return layer.v_bias;
      case BlockKind::attn_o_bias:
        return layer.o_bias;
      case BlockKind::mlp_norm_gain:
        return layer.mlp_gain;
      case BlockKind::mlp_norm_bias:
        return layer.mlp_bias;
      case BlockKind::mlp_up_bias:
        return layer.up_bias;
      case BlockKind::mlp_gate_bias:
        return layer.gate_bias;
      case BlockKind::mlp_down_bias:
        return layer.down_bias;
      default:
        PHASELAW_CHECK(kind == BlockKind::mlp_down);
        return layer.down;
    }
  }
};

}  // namespace phaselaw::model
