// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
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
//   out                    d_out x d_model              (linear and token readout)
//
// Parametrisations (fan_in = columns of W):   init std        multiplier c   step factor SGD / AdamW
//   ntk        (lookups: std 1, c 1)          1               1/sqrt(fan_in)       1 / 1
//   standard   (lookups: std 1, c 1)          1/sqrt(fan_in)  1                    1 / 1
//   mup        hidden                         1/sqrt(fan_in)  1                    1 / 64/fan_in
//              lookups                        1               1                    d_model/64 / 1
//              out                            1               1/fan_in             fan_in/64 / 1
// mup [T: Yang et al., Tensor Programs V, Table 8, with base width 64] also scales attention by 1/d_head, not 1/sqrt.
namespace phaselaw::model {

enum class BlockKind { embed, position, attn_q, attn_k, attn_v, attn_o, mlp_up, mlp_down, out };

struct ParameterBlock {
  std::string name;
  BlockKind kind{};
  std::int64_t layer = -1;  // -1: belongs to no layer
  std::int64_t rows = 0, cols = 0, offset = 0;
  double init_std = 1;
  bool sign_init = false;  // entries +-init_std instead of normal
  double multiplier = 1;
  bool trainable = true;
  double sgd_factor = 1, adam_factor = 1;
  [[nodiscard]] std::int64_t size() const { return rows * cols; }
};

class ParameterTable {
 public:
  explicit ParameterTable(const ModelOptions& options);

  [[nodiscard]] const std::vector<ParameterBlock>& blocks() const { return blocks_; }
  [[nodiscard]] std::int64_t size() const { return size_; }  // all parameters, the buffer's length
  [[nodiscard]] std::int64_t n_trainable() const;            // M of the theory
  [[nodiscard]] std::int64_t n_non_embedding() const;        // all but embed and position
  [[nodiscard]] const ParameterBlock& at(BlockKind kind, std::int64_t layer = -1) const;
  [[nodiscard]] bool has(BlockKind kind) const;

 private:
  std::vector<ParameterBlock> blocks_;
  std::int64_t size_ = 0;
};

// theta_0: each block from its own stream (seed, "init/<name>"), so a block's values do not depend on other shapes.
template <class T>
[[nodiscard]] std::vector<T> initialise(const ParameterTable& table, std::uint64_t seed);

}  // namespace phaselaw::model
