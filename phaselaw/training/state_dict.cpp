// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/state_dict.h"

#include <algorithm>
#include <array>

#include "phaselaw/base/errors.h"

namespace phaselaw::training {

namespace {

using base::InputError;
using base::Value;
using model::BlockKind;

constexpr std::array kNamings{std::pair{std::string_view("phaselaw"), Naming::phaselaw},
                              std::pair{std::string_view("gpt2"), Naming::gpt2},
                              std::pair{std::string_view("llama"), Naming::llama}};

// One tensor of a file: blocks below each other, stored transposed or not.
struct Entry {
  std::string name;
  std::vector<const model::ParameterBlock*> blocks;
  bool transposed = false;
  bool more_rows = false;  // a file may have more rows: its first ones are read

  [[nodiscard]] std::int64_t rows() const {
    std::int64_t sum = 0;
    for (const auto* block : blocks) sum += block->rows;
    return sum;
  }
  [[nodiscard]] std::vector<std::int64_t> shape() const {
    const std::int64_t cols = blocks.front()->cols;
    if (blocks.front()->is_vector()) return {rows()};
    return transposed ? std::vector{cols, rows()} : std::vector{rows(), cols};
  }
};

// Calls body(number in the file, number in theta).
template <class Body>
void for_each_number(const Entry& entry, Body&& body) {
  const std::int64_t rows = entry.rows(), cols = entry.blocks.front()->cols;
  std::int64_t row = 0;
  for (const auto* block : entry.blocks)
    for (std::int64_t r = 0; r < block->rows; ++r, ++row)
      for (std::int64_t c = 0; c < cols; ++c)
        body(static_cast<std::size_t>(entry.transposed ? c * rows + row : row * cols + c),
             static_cast<std::size_t>(block->offset + r * cols + c));
}

struct Part {
  const char* name;
  std::vector<BlockKind> kinds;
};

struct Convention {
  const char *title, *prefix, *layer, *embed;
  bool transposed;
  std::vector<Part> parts;  // of a layer; absent blocks make no tensor
  Part gain, bias;          // of the last norm
};

const Convention& convention(Naming naming) {
  static const Convention gpt2{
      "GPT-2",
      "transformer.",
      "h.",
      "wte.weight",
      true,
      {{"ln_1.weight", {BlockKind::attn_norm_gain}},
       {"ln_1.bias", {BlockKind::attn_norm_bias}},
       {"attn.c_attn.weight", {BlockKind::attn_q, BlockKind::attn_k, BlockKind::attn_v}},
       {"attn.c_attn.bias", {BlockKind::attn_q_bias, BlockKind::attn_k_bias, BlockKind::attn_v_bias}},
       {"attn.c_proj.weight", {BlockKind::attn_o}},
       {"attn.c_proj.bias", {BlockKind::attn_o_bias}},
       {"ln_2.weight", {BlockKind::mlp_norm_gain}},
       {"ln_2.bias", {BlockKind::mlp_norm_bias}},
       {"mlp.c_fc.weight", {BlockKind::mlp_up}},
       {"mlp.c_fc.bias", {BlockKind::mlp_up_bias}},
       {"mlp.c_proj.weight", {BlockKind::mlp_down}},
       {"mlp.c_proj.bias", {BlockKind::mlp_down_bias}}},
      {"ln_f.weight", {BlockKind::final_norm_gain}},
      {"ln_f.bias", {BlockKind::final_norm_bias}}};
  static const Convention llama{"Llama",
                                "model.",
                                "layers.",
                                "embed_tokens.weight",
                                false,
                                {{"input_layernorm.weight", {BlockKind::attn_norm_gain}},
                                 {"self_attn.q_proj.weight", {BlockKind::attn_q}},
                                 {"self_attn.k_proj.weight", {BlockKind::attn_k}},
                                 {"self_attn.v_proj.weight", {BlockKind::attn_v}},
                                 {"self_attn.q_proj.bias", {BlockKind::attn_q_bias}},
                                 {"self_attn.k_proj.bias", {BlockKind::attn_k_bias}},
                                 {"self_attn.v_proj.bias", {BlockKind::attn_v_bias}},
                                 {"self_attn.o_proj.weight", {BlockKind::attn_o}},
                                 {"self_attn.o_proj.bias", {BlockKind::attn_o_bias}},
                                 {"post_attention_layernorm.weight", {BlockKind::mlp_norm_gain}},
                                 {"mlp.up_proj.weight", {BlockKind::mlp_up}},
                                 {"mlp.up_proj.bias", {BlockKind::mlp_up_bias}},
                                 {"mlp.gate_proj.weight", {BlockKind::mlp_gate}},
                                 {"mlp.gate_proj.bias", {BlockKind::mlp_gate_bias}},
                                 {"mlp.down_proj.weight", {BlockKind::mlp_down}},
                                 {"mlp.down_proj.bias", {BlockKind::mlp_down_bias}}},
                                {"norm.weight", {BlockKind::final_norm_gain}},
                                {"", {BlockKind::final_norm_bias}}};
  return naming == Naming::gpt2 ? gpt2 : llama;
}

std::vector<Entry> entries_of(Naming naming, const std::string& prefix, const model::ParameterTable& table) {
  std::vector<Entry> entries;
  if (naming == Naming::phaselaw) {
    for (const auto& block : table.blocks()) entries.push_back({block.name, {&block}});
    return entries;
  }
  const Convention& c = convention(naming);
  const auto add = [&](const std::string& before, const Part& part, std::int64_t layer) {
    Entry entry{before + part.name, {}};
    for (const BlockKind kind : part.kinds)
      if (const auto* block = table.find(kind, layer)) entry.blocks.push_back(block);
    if (entry.blocks.empty()) return;
    entry.transposed = c.transposed && layer >= 0 && !entry.blocks.front()->is_vector();
    entries.push_back(std::move(entry));
  };
  add(prefix, {c.embed, {BlockKind::embed}}, -1);
  if (naming == Naming::gpt2) {
    add(prefix, {"wpe.weight", {BlockKind::position}}, -1);
    entries.back().more_rows = true;
  }
  for (std::int64_t layer = 0; table.find(BlockKind::attn_q, layer) != nullptr; ++layer)
    for (const Part& part : c.parts) add(fmt::format("{}{}{}.", prefix, c.layer, layer), part, layer);
  add(prefix, c.gain, -1);
  add(prefix, c.bias, -1);
  add("", {"lm_head.weight", {BlockKind::out}}, -1);
  return entries;
}

// Every key that must have another value for the convention to describe the same function.
void require_convention(Naming naming, const model::ModelOptions& o, const std::string& source) {
  if (naming == Naming::phaselaw) return;
  std::vector<std::string> wrong;
  const auto need = [&](bool holds, const std::string& what) {
    if (!holds) wrong.push_back(what);
  };
  need(o.readout == model::Readout::tokens, "readout = \"tokens\"");
  need(o.parametrisation == model::Parametrisation::standard, "parametrisation = \"standard\"");
  need(o.branch_scale == 1, "branch_scale = 1");
  need(o.output_scale == 1, "output_scale = 1");
  need(o.norm_gain, "norm_gain = true");
  need(!o.has_encoder(), "n_encoder_layers = 0");
  if (naming == Naming::gpt2) {
    need(o.norm == model::Norm::layernorm, "norm = \"layernorm\"");
    need(o.norm_bias, "norm_bias = true");
    need(o.linear_bias, "linear_bias = true");
    need(o.mlp == model::Mlp::plain, "mlp = \"plain\"");
    need(o.positions == model::Positions::learned, "positions = \"learned\"");
    need(o.kv_heads() == o.n_heads, "n_kv_heads = 0");
  } else {
    need(o.norm == model::Norm::rms, "norm = \"rms\"");
    need(o.mlp == model::Mlp::gated, "mlp = \"gated\"");
    need(o.positions == model::Positions::rotary, "positions = \"rotary\"");
  }
  if (!wrong.empty())
    throw InputError({source}, fmt::format("weights with the names of {} need these keys in [model]: {}",
                                           convention(naming).title, fmt::join(wrong, ", ")));
}

bool ends_with_any(const std::string& name, std::initializer_list<std::string_view> endings) {
  return std::any_of(endings.begin(), endings.end(), [&](auto ending) { return name.ends_with(ending); });
}

// Buffers that older files contain in addition to the parameters.
bool is_buffer(Naming naming, const std::string& name) {
  if (naming == Naming::gpt2) return ends_with_any(name, {".attn.bias", ".attn.masked_bias"});
  return naming == Naming::llama && ends_with_any(name, {".rotary_emb.inv_freq"});
}

std::string prefix_of(const base::Safetensors& file, Naming naming) {
  if (naming == Naming::phaselaw) return {};
  const Convention& c = convention(naming);
  return file.find(std::string(c.prefix) + c.embed) != nullptr ? c.prefix : "";
}

template <class T>
void read_entry(const base::Safetensors& file, const Entry& entry, std::vector<T>& theta) {
  const auto fail = [&](const std::string& what) { throw InputError({file.source()}, what); };
  const base::Tensor* const tensor = file.find(entry.name);
  if (tensor == nullptr)
    fail(fmt::format("tensor {} is missing, so the model has other layers or another readout", entry.name));
  auto shape = tensor->shape;
  if (entry.more_rows && shape.size() == 2 && shape[0] > entry.rows()) shape[0] = entry.rows();
  if (shape != entry.shape())
    fail(fmt::format("tensor {}: expected shape ({}), found ({}); the model has other sizes", entry.name,
                     fmt::join(entry.shape(), ", "), fmt::join(tensor->shape, ", ")));
  const std::vector<T> numbers = base::numbers_of<T>(*tensor, file.source());
  for_each_number(entry, [&](std::size_t from, std::size_t to) { theta[to] = numbers[from]; });
}

}  // namespace

base::EnumNames<Naming> enum_names(Naming) { return kNamings; }

Naming naming_of(const base::Safetensors& file) {
  for (const Naming naming : {Naming::gpt2, Naming::llama}) {
    const Convention& c = convention(naming);
    if (file.find(c.embed) != nullptr || file.find(std::string(c.prefix) + c.embed) != nullptr) return naming;
  }
  return Naming::phaselaw;
}

template <class T>
std::vector<T> read_state_dict(const base::Safetensors& file, const model::ModelOptions& options) {
  const Naming naming = naming_of(file);
  require_convention(naming, options, file.source());
  const model::ParameterTable table(options);
  std::vector<T> theta(static_cast<std::size_t>(table.size()));
  std::vector<std::string> known;
  for (const Entry& entry : entries_of(naming, prefix_of(file, naming), table)) {
    read_entry(file, entry, theta);
    known.push_back(entry.name);
  }
  for (const auto& tensor : file.tensors()) {
    if (std::find(known.begin(), known.end(), tensor.name) != known.end() || is_buffer(naming, tensor.name)) continue;
    if (naming != Naming::phaselaw && options.tied_embedding && tensor.name == "lm_head.weight") {
      const auto& embed = table.at(BlockKind::embed);
      const auto head = base::numbers_of<T>(tensor, file.source());
      if (head.size() == static_cast<std::size_t>(embed.size()) &&
          std::equal(head.begin(), head.end(), theta.begin() + embed.offset))
        continue;
      throw InputError({file.source()},
                       "tensor lm_head.weight differs from the embedding; set tied_embedding = false in [model]");
    }
    throw InputError({file.source()}, base::unknown_name("tensor", tensor.name, known));
  }
  return theta;
}

template <class T>
std::string state_dict_bytes(Naming naming, const model::ModelOptions& options, std::span<const T> theta) {
  require_convention(naming, options, "--to");
  const model::ParameterTable table(options);
  PHASELAW_CHECK_EQ(theta.size(), static_cast<std::size_t>(table.size()));
  const std::string prefix = naming == Naming::phaselaw ? "" : convention(naming).prefix;
  const auto entries = entries_of(naming, prefix, table);
  std::vector<std::vector<T>> numbers;
  std::vector<base::Tensor> tensors;
  for (const Entry& entry : entries) {
    auto& values = numbers.emplace_back(static_cast<std::size_t>(entry.rows() * entry.blocks.front()->cols));
    for_each_number(entry, [&](std::size_t to, std::size_t from) { values[to] = theta[from]; });
    tensors.push_back({entry.name,
                       sizeof(T) == 8 ? "F64" : "F32",
                       entry.shape(),
                       {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)}});
  }
  const Value metadata = Value::table({{"format", naming == Naming::phaselaw ? "phaselaw" : "pt"},
                                       {"model", base::to_json(model::to_section(options), -1)}});
  return base::safetensors_bytes(metadata, tensors);
}

template std::vector<float> read_state_dict<float>(const base::Safetensors&, const model::ModelOptions&);
template std::vector<double> read_state_dict<double>(const base::Safetensors&, const model::ModelOptions&);
template std::string state_dict_bytes<float>(Naming, const model::ModelOptions&, std::span<const float>);
template std::string state_dict_bytes<double>(Naming, const model::ModelOptions&, std::span<const double>);

}  // namespace phaselaw::training
