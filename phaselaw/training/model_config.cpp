// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/model_config.h"

#include <string>
#include <string_view>
#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/fields.h"

namespace phaselaw::training {

namespace {

using base::Value;
using model::Activation;
using model::ModelOptions;

const Value* given(const Value& config, std::string_view key) {
  const Value* value = config.find(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::int64_t size(const Value& config, std::string_view key) {
  const Value* value = given(config, key);
  if (value == nullptr || !value->is_whole_number() || value->integer() < 1)
    throw base::InputError(value == nullptr ? config.where() : value->where(),
                           fmt::format("expected a whole number >= 1 for {} of the model, found {}", key,
                                       value == nullptr ? "nothing" : base::to_json(*value)));
  return value->integer();
}

std::int64_t size_or(const Value& config, std::string_view key, std::int64_t otherwise) {
  return given(config, key) == nullptr ? otherwise : size(config, key);
}

double number_or(const Value& config, std::string_view key, double otherwise) {
  const Value* value = given(config, key);
  return value == nullptr ? otherwise : value->number();
}

bool flag_or(const Value& config, std::string_view key, bool otherwise) {
  const Value* value = given(config, key);
  return value == nullptr ? otherwise : value->boolean();
}

Activation activation_of(const Value& config, std::string_view key, std::string_view otherwise) {
  static constexpr std::pair<std::string_view, Activation> kNames[] = {
      {"gelu_new", Activation::gelu}, {"gelu_pytorch_tanh", Activation::gelu},
      {"silu", Activation::silu},     {"swish", Activation::silu},
      {"relu", Activation::relu},     {"tanh", Activation::tanh}};
  const Value* value = given(config, key);
  const std::string name = value == nullptr ? std::string(otherwise) : value->text();
  for (const auto& [known, activation] : kNames)
    if (name == known) return activation;
  throw base::InputError(
      value == nullptr ? config.where() : value->where(),
      fmt::format("expected {} to be gelu_new, gelu_pytorch_tanh, silu, relu or tanh, which the model "
                  "computes, found {}",
                  key, name));
}

void refuse(const Value& config, std::string_view key, bool wrong, const char* why) {
  if (wrong) throw base::InputError(given(config, key)->where(), fmt::format("{}: {}", key, why));
}

// What both conventions have in common: their numbers are the function itself, without multipliers.
ModelOptions trained_block() {
  ModelOptions o;
  o.readout = model::Readout::tokens;
  o.parametrisation = model::Parametrisation::standard;
  o.branch_scale = 1;
  o.norm_gain = true;
  return o;
}

ModelOptions gpt2(const Value& config) {
  refuse(config, "scale_attn_by_inverse_layer_idx", flag_or(config, "scale_attn_by_inverse_layer_idx", false),
         "attention that is scaled by the layer is not a part of the model; only false can be read");
  refuse(config, "scale_attn_weights", !flag_or(config, "scale_attn_weights", true),
         "attention without the factor 1/sqrt(d_head) is not a part of the model; only true can be read");
  ModelOptions o = trained_block();
  o.n_layers = size(config, "n_layer");
  o.seq_len = size(config, given(config, "n_positions") != nullptr ? "n_positions" : "n_ctx");
  o.d_model = size(config, "n_embd");
  o.d_hidden = size_or(config, "n_inner", 4 * o.d_model);
  o.n_heads = size(config, "n_head");
  o.d_head = o.d_model / o.n_heads;
  o.vocab = size(config, "vocab_size");
  o.activation = activation_of(config, "activation_function", "gelu_new");
  o.rms_eps = number_or(config, "layer_norm_epsilon", 1e-5);
  o.norm = model::Norm::layernorm;
  o.norm_bias = o.linear_bias = true;
  o.positions = model::Positions::learned;
  o.tied_embedding = flag_or(config, "tie_word_embeddings", true);
  return o;
}

ModelOptions llama(const Value& config) {
  refuse(config, "rope_scaling", given(config, "rope_scaling") != nullptr,
         "scaled rotary positions are not a part of the model; only null can be read");
  ModelOptions o = trained_block();
  o.n_layers = size(config, "num_hidden_layers");
  o.seq_len = size(config, "max_position_embeddings");
  o.d_model = size(config, "hidden_size");
  o.d_hidden = size(config, "intermediate_size");
  o.n_heads = size(config, "num_attention_heads");
  o.n_kv_heads = size_or(config, "num_key_value_heads", o.n_heads);
  o.d_head = size_or(config, "head_dim", o.d_model / o.n_heads);
  o.vocab = size(config, "vocab_size");
  o.activation = activation_of(config, "hidden_act", "silu");
  o.rms_eps = number_or(config, "rms_norm_eps", 1e-6);
  o.norm = model::Norm::rms;
  o.mlp = model::Mlp::gated;
  o.positions = model::Positions::rotary;
  o.rotary_base = number_or(config, "rope_theta", 10000);
  o.tied_embedding = flag_or(config, "tie_word_embeddings", false);
  o.linear_bias = flag_or(config, "attention_bias", false);
  refuse(config, given(config, "mlp_bias") != nullptr ? "mlp_bias" : "attention_bias",
         flag_or(config, "mlp_bias", false) != o.linear_bias,
         "biases in only one of attention and MLP are not a part of the model; both or none can be read");
  return o;
}

}  // namespace

bool is_model_config(const Value& document) { return document.is_table() && document.find("model_type") != nullptr; }

ModelOptions model_from_config(const Value& document) {
  const Value* type = document.find("model_type");
  if (type == nullptr)
    throw base::InputError(document.where(), "expected the key model_type, gpt2 or llama, found none");
  ModelOptions o;
  if (type->text() == "gpt2")
    o = gpt2(document);
  else if (type->text() == "llama")
    o = llama(document);
  else
    throw base::InputError(type->where(), base::unknown_name("model_type", type->text(), {"gpt2", "llama"}));
  model::validate(o, document.where());
  return o;
}

}  // namespace phaselaw::training
