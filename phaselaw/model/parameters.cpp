// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/parameters.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/numerics/random.h"

namespace phaselaw::model {

namespace {

constexpr double kMupBaseWidth = 64;

bool is_lookup(BlockKind kind) { return kind == BlockKind::embed || kind == BlockKind::position; }

bool is_gain(BlockKind kind) {
  return kind == BlockKind::attn_norm_gain || kind == BlockKind::mlp_norm_gain || kind == BlockKind::final_norm_gain;
}

// The scales of one block: the table in the header, row by row.
void set_scales(ParameterBlock& block, Parametrisation parametrisation, bool tied) {
  if (block.is_vector()) {
    block.init_mean = is_gain(block.kind) ? 1 : 0;
    block.init_std = 0;
    if (parametrisation == Parametrisation::mup) block.sgd_factor = static_cast<double>(block.size()) / kMupBaseWidth;
    return;
  }
  const auto fan_in = static_cast<double>(block.cols);
  const bool lookup = is_lookup(block.kind);
  switch (parametrisation) {
    case Parametrisation::ntk:
      block.multiplier = lookup ? 1 : 1 / std::sqrt(fan_in);
      break;
    case Parametrisation::standard:
      block.init_std = lookup && !(tied && block.kind == BlockKind::embed) ? 1 : 1 / std::sqrt(fan_in);
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

// The multiplier of a matrix that is read out.
double multiplier_of_out(Parametrisation parametrisation, std::int64_t d_model) {
  ParameterBlock out;
  out.kind = BlockKind::out;
  out.cols = d_model;
  set_scales(out, parametrisation, false);
  return out.multiplier;
}

}  // namespace

bool ParameterBlock::is_vector() const { return kind > BlockKind::out && kind != BlockKind::mlp_gate; }

std::string trainable_name(const ParameterBlock& block) {
  if (is_lookup(block.kind)) return "embed";
  if (block.layer < 0) return block.name;
  return block.name.substr(block.name.find('.', block.name.find('.') + 1) + 1);
}

const std::vector<std::string>& trainable_names() {
  static const std::vector<std::string> names = {
      "all",           "attn.q",        "attn.k",        "attn.v",          "attn.o",         "mlp.up",
      "mlp.down",      "embed",         "out",           "mlp.gate",        "attn.norm_gain", "attn.norm_bias",
      "mlp.norm_gain", "mlp.norm_bias", "attn.q_bias",   "attn.k_bias",     "attn.v_bias",    "attn.o_bias",
      "mlp.up_bias",   "mlp.gate_bias", "mlp.down_bias", "final.norm_gain", "final.norm_bias"};
  return names;
}

ParameterTable::ParameterTable(const ModelOptions& o) : tied_(o.reads_tokens() && o.tied_embedding) {
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
    set_scales(block, o.parametrisation, tied_);
    const std::string short_name = trainable_name(block);
    block.trainable = all || std::find(o.trainable.begin(), o.trainable.end(), short_name) != o.trainable.end();
    size_ += block.size();
    blocks_.push_back(std::move(block));
  };
  const auto add_norm = [&](const std::string& prefix, BlockKind gain, BlockKind bias, std::int64_t layer) {
    if (o.norm_gain) add(prefix + "norm_gain", gain, layer, o.d_model, 1);
    if (o.norm_bias) add(prefix + "norm_bias", bias, layer, o.d_model, 1);
  };
  const auto add_bias = [&](std::string name, BlockKind kind, std::int64_t layer, std::int64_t rows) {
    if (o.linear_bias) add(std::move(name), kind, layer, rows, 1);
  };
  if (o.reads_tokens()) add("embed", BlockKind::embed, -1, o.vocab, o.d_model);
  if (o.learns_positions()) add("position", BlockKind::position, -1, o.seq_len, o.d_model);
  const std::int64_t width = o.n_heads * o.d_head, kv_width = o.kv_heads() * o.d_head;
  for (std::int64_t layer = 0; layer < o.n_layers; ++layer) {
    const std::string attn = fmt::format("layers.{}.attn.", layer), mlp = fmt::format("layers.{}.mlp.", layer);
    add_norm(attn, BlockKind::attn_norm_gain, BlockKind::attn_norm_bias, layer);
    add(attn + "q", BlockKind::attn_q, layer, width, o.d_model);  // q, k, v follow each other: one product
    add(attn + "k", BlockKind::attn_k, layer, kv_width, o.d_model);
    add(attn + "v", BlockKind::attn_v, layer, kv_width, o.d_model);
    add_bias(attn + "q_bias", BlockKind::attn_q_bias, layer, width);  // and their biases: one row
    add_bias(attn + "k_bias", BlockKind::attn_k_bias, layer, kv_width);
    add_bias(attn + "v_bias", BlockKind::attn_v_bias, layer, kv_width);
    add(attn + "o", BlockKind::attn_o, layer, o.d_model, width);
    add_bias(attn + "o_bias", BlockKind::attn_o_bias, layer, o.d_model);
    add_norm(mlp, BlockKind::mlp_norm_gain, BlockKind::mlp_norm_bias, layer);
    add(mlp + "up", BlockKind::mlp_up, layer, o.d_hidden, o.d_model);
    add_bias(mlp + "up_bias", BlockKind::mlp_up_bias, layer, o.d_hidden);
    if (o.mlp == Mlp::gated) {
      add(mlp + "gate", BlockKind::mlp_gate, layer, o.d_hidden, o.d_model);
      add_bias(mlp + "gate_bias", BlockKind::mlp_gate_bias, layer, o.d_hidden);
    }
    add(mlp + "down", BlockKind::mlp_down, layer, o.d_model, o.d_hidden);
    add_bias(mlp + "down_bias", BlockKind::mlp_down_bias, layer, o.d_model);
  }
  if (o.reads_tokens()) add_norm("final.", BlockKind::final_norm_gain, BlockKind::final_norm_bias, -1);
  if (o.readout != Readout::identity) {
    if (!tied_) add("out", BlockKind::out, -1, o.outputs(), o.d_model);
    readout_multiplier_ = multiplier_of_out(o.parametrisation, o.d_model);
  }
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

const ParameterBlock* ParameterTable::find(BlockKind kind, std::int64_t layer) const {
  const auto found = std::find_if(blocks_.begin(), blocks_.end(),
                                  [&](const auto& block) { return block.kind == kind && block.layer == layer; });
  return found == blocks_.end() ? nullptr : &*found;
}

const ParameterBlock& ParameterTable::at(BlockKind kind, std::int64_t layer) const {
  const ParameterBlock* const found = find(kind, layer);
  PHASELAW_CHECK(found != nullptr);
  return *found;
}

bool ParameterTable::has(BlockKind kind) const {
  return std::any_of(blocks_.begin(), blocks_.end(), [&](const auto& block) { return block.kind == kind; });
}

ByKind<const ParameterBlock*> ParameterTable::blocks_of(std::int64_t layer) const {
  ByKind<const ParameterBlock*> found;
  for (const auto& block : blocks_)
    if (block.layer == layer) found[block.kind] = &block;
  return found;
}

const ParameterBlock* ParameterTable::readout() const { return find(tied_ ? BlockKind::embed : BlockKind::out); }

template <class T>
std::vector<T> initialise(const ParameterTable& table, std::uint64_t seed) {
  std::vector<T> theta(static_cast<std::size_t>(table.size()));
  for (const auto& block : table.blocks()) {
    numerics::RandomStream stream(seed, "init/" + block.name);
    T* values = theta.data() + block.offset;
    for (std::int64_t i = 0; i < block.size(); ++i)
      values[i] = block.is_vector()
                      ? static_cast<T>(block.init_mean)
                      : static_cast<T>(block.init_std * (block.sign_init ? stream.sign() : stream.normal()));
  }
  return theta;
}

template std::vector<float> initialise<float>(const ParameterTable&, std::uint64_t);
template std::vector<double> initialise<double>(const ParameterTable&, std::uint64_t);

}  // namespace phaselaw::model
