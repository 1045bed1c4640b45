// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "phaselaw/model/options.h"

// All parameters live in one flat buffer, described by one table: initialisation, training, checkpoints, gradients,
// kernels and the documentation derive from it.
//
//   name                   shape                        used as (c = multiplier)
//   embed                  vocab x d_model              x_l  = c embed[token_l] + c position[l]      (token readout)
//   position               seq_len x d_model
//   layers.<nu>.attn.q     n_heads d_head x d_model     q    = c W_Q h        rows head by head
//   layers.<nu>.attn.k     n_heads d_head x d_model
//   layers.<nu>.attn.v     n_heads d_head x d_model
//   layers.<nu>.attn.o     d_model x n_heads d_head     columns head by head
//   layers.<nu>.mlp.up     d_hidden x d_model
//   layers.<nu>.mlp.down   d_model x d_hidden
//   out                    d_out x d_model              (linear and token readout; not with tied_embedding)
//
// with an encoder (an encoder-decoder shares embed):
//
//   layers.<nu>.cross.q    n_heads d_head x d_model     of the decoder's stream
//   layers.<nu>.cross.k    n_kv_heads d_head x d_model  of the encoder's outputs, and .cross.v
//   layers.<nu>.cross.o    d_model x n_heads d_head
//   encoder.<nu>.attn.q    ...                          the blocks of an encoder layer, as those of layers.<nu>
//   source.position        source_len x d_model         (token readout, learned positions)
//
// and, where the options ask for them (vectors have one column):
//
//   layers.<nu>.attn.norm_gain, .attn.norm_bias         d_model     before attention; .mlp.norm_gain, .mlp.norm_bias
//   layers.<nu>.attn.q_bias                             n_heads d_head
//   layers.<nu>.attn.k_bias, .attn.v_bias               n_kv_heads d_head, the rows of attn.k and attn.v too
//   layers.<nu>.attn.o_bias, .mlp.down_bias             d_model     inside the branch: omega (c W z + b)
//   layers.<nu>.mlp.gate, .mlp.up_bias, .mlp.gate_bias  as mlp.up, d_hidden, d_hidden
//   layers.<nu>.cross.norm_gain, .cross.norm_bias       d_model     before attention to the source, of its queries
//   layers.<nu>.cross.q_bias, .k_bias, .v_bias, .o_bias             as those of attn
//   source.norm_gain, source.norm_bias                  d_model     after the last encoder layer, for all keys and values
//   final.norm_gain, final.norm_bias                    d_model     before the token readout
//
// Layers are numbered in the table, and so in kernel[nu], with the decoder's first: layer nu < n_layers is layers.<nu>,
// layer n_layers + nu is encoder.<nu>. So a decoder keeps its numbers when it gets an encoder.
//
// Parametrisations (fan_in = columns of W):   init std        multiplier c   step factor SGD / AdamW
//   ntk        (lookups: std 1, c 1)          1               1/sqrt(fan_in)       1 / 1
//   standard   (lookups: std 1, c 1)          1/sqrt(fan_in)  1                    1 / 1
//   both       gains and biases               value 1 and 0   1                    1 / 1
//   mup        hidden                         1/sqrt(fan_in)  1                    1 / 64/fan_in
//              lookups                        1               1                    d_model/64 / 1
//              out                            1               1/fan_in             fan_in/64 / 1
//              gains and biases               value 1 and 0   1                    entries/64 / 1
// A tied embedding is initialised and updated as a lookup; as the output matrix it has the multiplier of `out`
// (readout_multiplier). In `standard` its std is 1/sqrt(d_model), so that the logits start with unit size.
// mup [T: Yang et al., Tensor Programs V, Table 8, with base width 64; gains and biases are its "input weights and all
// biases": fan_in 1, fan_out = entries] also scales attention by 1/d_head, not 1/sqrt.
namespace phaselaw::model {

enum class BlockKind {
  embed,
  position,
  attn_q,
  attn_k,
  attn_v,
  attn_o,
  mlp_up,
  mlp_down,
  out,
  attn_norm_gain,
  attn_norm_bias,
  attn_q_bias,
  attn_k_bias,
  attn_v_bias,
  attn_o_bias,
  mlp_norm_gain,
  mlp_norm_bias,
  mlp_gate,
  mlp_up_bias,
  mlp_gate_bias,
  mlp_down_bias,
  final_norm_gain,
  final_norm_bias,
  cross_q,
  cross_k,
  cross_v,
  cross_o,
  source_position,
  cross_norm_gain,
  cross_norm_bias,
  cross_q_bias,
  cross_k_bias,
  cross_v_bias,
  cross_o_bias,
  source_norm_gain,
  source_norm_bias
};
inline constexpr std::size_t kBlockKinds = static_cast<std::size_t>(BlockKind::source_norm_bias) + 1;

// Learned positions. They belong to the embedding: selected, trained and measured with it.
[[nodiscard]] inline bool is_position(BlockKind kind) {
  return kind == BlockKind::position || kind == BlockKind::source_position;
}

// One value for each kind of block.
template <class Value>
class ByKind {
 public:
  Value& operator[](BlockKind kind) { return values_[static_cast<std::size_t>(kind)]; }
  const Value& operator[](BlockKind kind) const { return values_[static_cast<std::size_t>(kind)]; }

 private:
  std::array<Value, kBlockKinds> values_{};
};

// A set of kinds.
using KindSet = ByKind<bool>;
[[nodiscard]] inline bool has_any(const KindSet& set, std::initializer_list<BlockKind> kinds) {
  for (const BlockKind kind : kinds)
    if (set[kind]) return true;
  return false;
}

struct ParameterBlock {
  std::string name;
  BlockKind kind{};
  std::int64_t layer = -1;  // -1: belongs to no layer
  std::int64_t rows = 0, cols = 0, offset = 0;
  double init_mean = 0, init_std = 1;
  bool sign_init = false;  // entries +-init_std instead of normal
  double multiplier = 1;
  bool trainable = true;
  double sgd_factor = 1, adam_factor = 1;
  [[nodiscard]] std::int64_t size() const { return rows * cols; }
  [[nodiscard]] bool is_vector() const;  // a gain or a bias
};

class ParameterTable {
 public:
  explicit ParameterTable(const ModelOptions& options);

  [[nodiscard]] const std::vector<ParameterBlock>& blocks() const { return blocks_; }
  [[nodiscard]] std::int64_t size() const { return size_; }          // all parameters, the buffer's length
  [[nodiscard]] std::int64_t n_layers() const { return n_layers_; }  // of the decoder: the first ones
  [[nodiscard]] std::int64_t n_trainable() const;                    // M of the theory
  [[nodiscard]] std::int64_t n_non_embedding() const;                // all but embed (also when tied) and positions
  [[nodiscard]] const ParameterBlock& at(BlockKind kind, std::int64_t layer = -1) const;
  [[nodiscard]] const ParameterBlock* find(BlockKind kind, std::int64_t layer = -1) const;  // null: none
  [[nodiscard]] bool has(BlockKind kind) const;
  // The blocks of one layer by kind, or those outside the layers; null where the model has none.
  [[nodiscard]] ByKind<const ParameterBlock*> blocks_of(std::int64_t layer = -1) const;
  // The matrix of the linear or token readout, `out` or the tied `embed`, and its multiplier; null and 1 for identity.
  [[nodiscard]] const ParameterBlock* readout() const;
  [[nodiscard]] double readout_multiplier() const { return readout_multiplier_; }

 private:
  std::vector<ParameterBlock> blocks_;
  std::int64_t size_ = 0, n_layers_ = 0;
  bool tied_ = false;
  double readout_multiplier_ = 1;
};

// The number of all parameters, without a table of every layer: exact below 2^53, for any sizes of ModelOptions.
[[nodiscard]] double parameter_count(const ModelOptions& options);

// The name of a block in ModelOptions::trainable: its own name without the number of its layer, attn.q or
// encoder.attn.q; positions belong to the embedding. And all such names, with "all".
[[nodiscard]] std::string trainable_name(const ParameterBlock& block);
[[nodiscard]] const std::vector<std::string>& trainable_names();
// The layer of a block as text: "layers.0" or "encoder.0". Only for blocks with a layer.
[[nodiscard]] std::string layer_name(const ParameterBlock& block);

// theta_0. Each block is drawn from its own stream (seed, "init/<name>"), so its values do not depend on other shapes.
template <class T>
[[nodiscard]] std::vector<T> initialise(const ParameterTable& table, std::uint64_t seed);

}  // namespace phaselaw::model
