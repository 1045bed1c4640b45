// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/base/value.h"
#include "phaselaw/model/options.h"

// The model section of a config.json, as Hugging Face's transformers write it beside model.safetensors, for the two
// conventions of names that state_dict.h reads:
//
//   gpt2    GPT2LMHeadModel: n_layer, n_positions, n_embd, n_inner (4 n_embd), n_head, vocab_size, activation_function,
//           layer_norm_epsilon, tie_word_embeddings (true)
//   llama   LlamaForCausalLM: num_hidden_layers, max_position_embeddings, hidden_size, intermediate_size,
//           num_attention_heads, num_key_value_heads, head_dim, vocab_size, hidden_act, rms_norm_eps, rope_theta,
//           tie_word_embeddings (false), attention_bias with mlp_bias
//
// Values in brackets are those of transformers where the key is missing.
namespace phaselaw::training {

// Whether the document is such a file: it has the key model_type.
[[nodiscard]] bool is_model_config(const base::Value& document);

// InputError at the key for another model_type, a key that is missing, and what the model class does not contain: an
// exact gelu, scaled rotary positions, biases in only one part of the block, attention scaled by the layer.
[[nodiscard]] model::ModelOptions model_from_config(const base::Value& document);

}  // namespace phaselaw::training
