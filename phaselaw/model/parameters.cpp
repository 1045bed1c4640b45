// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/parameters.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/numerics/random.h"

namespace phaselaw::model {

namespace {

constexpr double kMupBaseWidth = 64;

bool is_lookup(BlockKind kind) { return kind == BlockKind::embed || is_position(kind); }

bool is_gain(BlockKind kind) {
  using enum BlockKind;
  return kind == attn_norm_gain || kind == mlp_norm_gain || kind == final_norm_gain || kind == cross_norm_gain ||
         kind == source_norm_gain;
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

bool ParameterBlock::is_vector() const {
  using enum BlockKind;
  const bool is_cross_matrix = kind == cross_q || kind == cross_k || kind == cross_v || kind == cross_o;
  return kind > out && kind != mlp_gate && !is_cross_matrix && kind != source_position;
}

std::string layer_name(const ParameterBlock& block) {
  PHASELAW_CHECK(block.layer >= 0);
  return block.name.substr(0, block.name.find('.', block.name.find('.') + 1));
}

std::string trainable_name(const ParameterBlock& block) {
  if (is_lookup(block.kind)) return "embed";
  if (block.layer < 0) return block.name;
  const std::string layer = layer_name(block), name = block.name.substr(layer.size() + 1);
  return layer.starts_with("encoder.") ? "encoder." + name : name;
}

const std::vector<std::string>& trainable_names() {
  static const std::vector<std::string> of_decoder = {
      "all",           "attn.q",        "attn.k",        "attn.v",          "attn.o",         "mlp.up",
      "mlp.down",      "embed",         "out",           "mlp.gate",        "attn.norm_gain", "attn.norm_bias",
      "mlp.norm_gain", "mlp.norm_bias", "attn.q_bias",   "attn.k_bias",     "attn.v_bias",    "attn.o_bias",
      "mlp.up_bias",   "mlp.gate_bias", "mlp.down_bias", "final.norm_gain", "final.norm_bias"};
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all = of_decoder;
    for (const auto* name : {"q", "k", "v", "o", "norm_gain", "norm_bias", "q_bias", "k_bias", "v_bias", "o_bias"})
      all.push_back(std::string("cross.") + name);
    for (const auto& name : of_decoder)
      if (name.starts_with("attn.") || name.starts_with("mlp.")) all.push_back("encoder." + name);
    all.insert(all.end(), {"source.norm_gain", "source.norm_bias"});
    return all;
  }();
  return names;
}

namespace {

// Adds the blocks of a model to a table, one after the other.
class TableBuilder {
 public:
  TableBuilder(const ModelOptions& o, bool tied, std::vector<ParameterBlock>& blocks, std::int64_t& size)
      : o_(o),
        tied_(tied),
        all_(std::find(o.trainable.begin(), o.trainable.end(), "all") != o.trainable.end()),
        width_(o.n_heads * o.d_head),
        kv_width_(o.kv_heads() * o.d_head),
        blocks_(blocks),
        size_(size) {}

  void add(std::string name, BlockKind kind, std::int64_t layer, std::int64_t rows, std::int64_t cols) {
    ParameterBlock block;
    block.name = std::move(name);
    block.kind = kind;
    block.layer = layer;
    block.rows = rows;
    block.cols = cols;
    block.offset = size_;
    block.sign_init = kind == BlockKind::mlp_down && o_.mlp_down_init == DownInit::sign;
    set_scales(block, o_.parametrisation, tied_);
    const auto& names = o_.trainable;
    block.trainable = all_ || std::find(names.begin(), names.end(), trainable_name(block)) != names.end();
    size_ += block.size();
    blocks_.push_back(std::move(block));
  }
  void add_norm(const std::string& prefix, BlockKind gain, BlockKind bias, std::int64_t layer) {
    if (o_.norm_gain) add(prefix + "norm_gain", gain, layer, o_.d_model, 1);
    if (o_.norm_bias) add(prefix + "norm_bias", bias, layer, o_.d_model, 1);
  }
  void add_attention(const std::string& prefix, std::int64_t layer) {
    using enum BlockKind;
    const std::string attn = prefix + "attn.";
    add_norm(attn, attn_norm_gain, attn_norm_bias, layer);
    add(attn + "q", attn_q, layer, width_, o_.d_model);  // q, k, v follow each other: one product
    add(attn + "k", attn_k, layer, kv_width_, o_.d_model);
    add(attn + "v", attn_v, layer, kv_width_, o_.d_model);
    add_bias(attn + "q_bias", attn_q_bias, layer, width_);  // and their biases: one row
    add_bias(attn + "k_bias", attn_k_bias, layer, kv_width_);
    add_bias(attn + "v_bias", attn_v_bias, layer, kv_width_);
    add(attn + "o", attn_o, layer, o_.d_model, width_);
    add_bias(attn + "o_bias", attn_o_bias, layer, o_.d_model);
  }
  void add_cross(const std::string& prefix, std::int64_t layer) {
    using enum BlockKind;
    const std::string cross = prefix + "cross.";
    add_norm(cross, cross_norm_gain, cross_norm_bias, layer);
    add(cross + "q", cross_q, layer, width_, o_.d_model);
    add_bias(cross + "q_bias", cross_q_bias, layer, width_);
    add(cross + "k", cross_k, layer, kv_width_, o_.d_model);
    add(cross + "v", cross_v, layer, kv_width_, o_.d_model);
    add_bias(cross + "k_bias", cross_k_bias, layer, kv_width_);
    add_bias(cross + "v_bias", cross_v_bias, layer, kv_width_);
    add(cross + "o", cross_o, layer, o_.d_model, width_);
    add_bias(cross + "o_bias", cross_o_bias, layer, o_.d_model);
  }
  void add_mlp(const std::string& prefix, std::int64_t layer) {
    using enum BlockKind;
    const std::string mlp = prefix + "mlp.";
    add_norm(mlp, mlp_norm_gain, mlp_norm_bias, layer);
    add(mlp + "up", mlp_up, layer, o_.d_hidden, o_.d_model);
    add_bias(mlp + "up_bias", mlp_up_bias, layer, o_.d_hidden);
    if (o_.mlp == Mlp::gated) {
      add(mlp + "gate", mlp_gate, layer, o_.d_hidden, o_.d_model);
      add_bias(mlp + "gate_bias", mlp_gate_bias, layer, o_.d_hidden);
    }
    add(mlp + "down", mlp_down, layer, o_.d_model, o_.d_hidden);
    add_bias(mlp + "down_bias", mlp_down_bias, layer, o_.d_model);
  }

 private:
  void add_bias(std::string name, BlockKind kind, std::int64_t layer, std::int64_t rows) {
    if (o_.linear_bias) add(std::move(name), kind, layer, rows, 1);
  }

  const ModelOptions& o_;
  bool tied_, all_;
  std::int64_t width_, kv_width_;
  std::vector<ParameterBlock>& blocks_;
  std::int64_t& size_;
};

}  // namespace

ParameterTable::ParameterTable(const ModelOptions& o)
    : n_layers_(o.n_layers), tied_(o.reads_tokens() && o.tied_embedding) {
  TableBuilder table(o, tied_, blocks_, size_);
  if (o.reads_tokens()) table.add("embed", BlockKind::embed, -1, o.vocab, o.d_model);
  if (o.learns_positions()) table.add("position", BlockKind::position, -1, o.seq_len, o.d_model);
  if (o.learns_positions() && o.has_encoder())
    table.add("source.position", BlockKind::source_position, -1, o.source_rows(), o.d_model);
  for (std::int64_t layer = 0; layer < o.n_layers; ++layer) {
    const std::string prefix = fmt::format("layers.{}.", layer);
    table.add_attention(prefix, layer);
    if (o.has_encoder()) table.add_cross(prefix, layer);
    table.add_mlp(prefix, layer);
  }
  for (std::int64_t layer = 0; layer < o.n_encoder_layers; ++layer) {
    const std::string prefix = fmt::format("encoder.{}.", layer);
    table.add_attention(prefix, o.n_layers + layer);
    table.add_mlp(prefix, o.n_layers + layer);
  }
  if (o.has_encoder()) table.add_norm("source.", BlockKind::source_norm_gain, BlockKind::source_norm_bias, -1);
  if (o.reads_tokens()) table.add_norm("final.", BlockKind::final_norm_gain, BlockKind::final_norm_bias, -1);
  if (o.readout != Readout::identity) {
    if (!tied_) table.add("out", BlockKind::out, -1, o.outputs(), o.d_model);
    readout_multiplier_ = multiplier_of_out(o.parametrisation, o.d_model);
  }
}

// All layers of a stream have the same blocks.
double parameter_count(const ModelOptions& options) {
  const auto size = [&](std::int64_t layers, std::int64_t encoder_layers) {
    ModelOptions few = options;
    few.n_layers = layers;
    few.n_encoder_layers = encoder_layers;
    return static_cast<double>(ParameterTable(few).size());
  };
  const std::int64_t encoder = std::min<std::int64_t>(options.n_encoder_layers, 1);
  const double one = size(1, encoder), layer = size(2, encoder) - one;
  const double encoder_layer = encoder == 0 ? 0 : size(1, 2) - one;
  return one + static_cast<double>(options.n_layers - 1) * layer +
         static_cast<double>(options.n_encoder_layers - encoder) * encoder_layer;
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
