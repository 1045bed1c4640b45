// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/parameters.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/numerics/random.h"

namespace phaselaw::model {

namespace {

constexpr double kMupBaseWidth = 64;

bool is_lookup(BlockKind kind) { return kind == BlockKind::embed || kind == BlockKind::position; }

// The scales of one block: the table in the header, row by row.
void set_scales(ParameterBlock& block, Parametrisation parametrisation) {
  const auto fan_in = static_cast<double>(block.cols);
  const bool lookup = is_lookup(block.kind);
  switch (parametrisation) {
    case Parametrisation::ntk:
      block.multiplier = lookup ? 1 : 1 / std::sqrt(fan_in);
      break;
    case Parametrisation::standard:
      block.init_std = lookup ? 1 : 1 / std::sqrt(fan_in);
      break;
    case Parametrisation::mup:
      if (lookup) {
        block.sgd_factor = fan_in / kMupBaseWidth;
      } else if (block.kind == BlockKind::out) {
        block.multiplier = 1 / fan_in;
        block.sgd_factor = fan_in / kMupBaseWidth;
      } else {
        block.init_std = 1 / std::sqrt(fan_in);
        block.adam_factor = kMupBaseWidth / fan_in;
      }
      break;
  }
}

// The name under which `trainable` knows a block: its own without the layer; positions follow the embedding.
std::string trainable_name(const ParameterBlock& block) {
  if (is_lookup(block.kind)) return "embed";
  if (block.layer < 0) return block.name;
  return block.name.substr(block.name.find('.', block.name.find('.') + 1) + 1);
}

}  // namespace

ParameterTable::ParameterTable(const ModelOptions& o) {
  const bool all = std::find(o.trainable.begin(), o.trainable.end(), "all") != o.trainable.end();
  const auto add = [&](std::string name, BlockKind kind, std::int64_t layer, std::int64_t rows, std::int64_t cols) {
    ParameterBlock block;
    block.name = std::move(name);
    block.kind = kind;
    block.layer = layer;
    block.rows = rows;
    block.cols = cols;
    block.offset = size_;
    block.sign_init = kind == BlockKind::mlp_down && o.mlp_down_init == DownInit::sign;
    set_scales(block, o.parametrisation);
    const std::string short_name = trainable_name(block);
    block.trainable = all || std::find(o.trainable.begin(), o.trainable.end(), short_name) != o.trainable.end();
    size_ += block.size();
    blocks_.push_back(std::move(block));
  };
  if (o.reads_tokens()) {
    add("embed", BlockKind::embed, -1, o.vocab, o.d_model);
    add("position", BlockKind::position, -1, o.seq_len, o.d_model);
  }
  const std::int64_t width = o.n_heads * o.d_head;
  for (std::int64_t layer = 0; layer < o.n_layers; ++layer) {
    const std::string prefix = fmt::format("layers.{}.", layer);
    add(prefix + "attn.q", BlockKind::attn_q, layer, width, o.d_model);  // q, k, v follow each other: one product
    add(prefix + "attn.k", BlockKind::attn_k, layer, width, o.d_model);
    add(prefix + "attn.v", BlockKind::attn_v, layer, width, o.d_model);
    add(prefix + "attn.o", BlockKind::attn_o, layer, o.d_model, width);
    add(prefix + "mlp.up", BlockKind::mlp_up, layer, o.d_hidden, o.d_model);
    add(prefix + "mlp.down", BlockKind::mlp_down, layer, o.d_model, o.d_hidden);
  }
  if (o.readout != Readout::identity) add("out", BlockKind::out, -1, o.outputs(), o.d_model);
}

std::int64_t ParameterTable::n_trainable() const {
  std::int64_t count = 0;
  for (const auto& block : blocks_) count += block.trainable ? block.size() : 0;
  return count;
}

std::int64_t ParameterTable::n_non_embedding() const {
  std::int64_t count = 0;
  for (const auto& block : blocks_) count += is_lookup(block.kind) ? 0 : block.size();
  return count;
}

const ParameterBlock& ParameterTable::at(BlockKind kind, std::int64_t layer) const {
  const auto found = std::find_if(blocks_.begin(), blocks_.end(),
                                  [&](const auto& block) { return block.kind == kind && block.layer == layer; });
  PHASELAW_CHECK(found != blocks_.end());
  return *found;
}

bool ParameterTable::has(BlockKind kind) const {
  return std::any_of(blocks_.begin(), blocks_.end(), [&](const auto& block) { return block.kind == kind; });
}

template <class T>
std::vector<T> initialise(const ParameterTable& table, std::uint64_t seed) {
  std::vector<T> theta(static_cast<std::size_t>(table.size()));
  for (const auto& block : table.blocks()) {
    numerics::RandomStream stream(seed, "init/" + block.name);
    T* values = theta.data() + block.offset;
    for (std::int64_t i = 0; i < block.size(); ++i)
      values[i] = static_cast<T>(block.init_std * (block.sign_init ? stream.sign() : stream.normal()));
  }
  return theta;
}

template std::vector<float> initialise<float>(const ParameterTable&, std::uint64_t);
template std::vector<double> initialise<double>(const ParameterTable&, std::uint64_t);

}  // namespace phaselaw::model
