// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/model_config.h"

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"

namespace phaselaw::training {
namespace {

model::ModelOptions read(const std::string& text) { return model_from_config(base::parse_json(text, "config.json")); }

std::string error_of(const std::string& text) {
  try {
    (void)read(text);
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "no error";
}

TEST(ModelConfig, ReadsGpt2WithTheDefaultsOfItsLibrary) {
  const auto o = read(R"({"model_type": "gpt2", "n_layer": 3, "n_head": 4, "n_embd": 32, "n_inner": null,
                          "n_positions": 16, "vocab_size": 50})");
  EXPECT_EQ(o.n_layers, 3);
  EXPECT_EQ(o.d_head, 8);
  EXPECT_EQ(o.d_hidden, 128);
  EXPECT_EQ(o.seq_len, 16);
  EXPECT_EQ(o.vocab, 50);
  EXPECT_EQ(o.rms_eps, 1e-5);
  EXPECT_EQ(o.activation, model::Activation::gelu);
  EXPECT_EQ(o.norm, model::Norm::layernorm);
  EXPECT_TRUE(o.tied_embedding && o.norm_gain && o.norm_bias && o.linear_bias);
  EXPECT_EQ(o.branch_scale, 1);
}

TEST(ModelConfig, ReadsLlama) {
  const auto o = read(R"({"model_type": "llama", "num_hidden_layers": 2, "num_attention_heads": 4,
                          "num_key_value_heads": 2, "hidden_size": 32, "intermediate_size": 48, "head_dim": 16,
                          "max_position_embeddings": 64, "vocab_size": 90, "rms_norm_eps": 1e-5,
                          "rope_theta": 5e5, "rope_scaling": null, "hidden_act": "silu"})");
  EXPECT_EQ(o.n_kv_heads, 2);
  EXPECT_EQ(o.d_head, 16);
  EXPECT_EQ(o.d_hidden, 48);
  EXPECT_EQ(o.rotary_base, 5e5);
  EXPECT_EQ(o.mlp, model::Mlp::gated);
  EXPECT_EQ(o.positions, model::Positions::rotary);
  EXPECT_FALSE(o.tied_embedding || o.linear_bias || o.norm_bias);
}

TEST(ModelConfig, WhatTheModelDoesNotComputeIsRefusedByItsKey) {
  const std::string gpt2 = R"("model_type": "gpt2", "n_layer": 1, "n_head": 1, "n_embd": 4, "n_positions": 4,
                              "vocab_size": 9)";
  const std::string llama = R"("model_type": "llama", "num_hidden_layers": 1, "num_attention_heads": 1,
      "hidden_size": 4, "intermediate_size": 4, "max_position_embeddings": 4, "vocab_size": 9)";
  EXPECT_EQ(error_of("{" + gpt2 + "}"), "no error");
  EXPECT_EQ(error_of("{" + llama + "}"), "no error");
  const std::pair<std::string, const char*> cases[] = {
      {R"({"model_type": "mamba"})", "unknown model_type 'mamba'"},
      {R"({"model_type": "gpt2"})", "n_layer"},
      {"{" + gpt2 + R"(, "activation_function": "gelu"})", "activation_function"},
      {"{" + gpt2 + R"(, "scale_attn_by_inverse_layer_idx": true})", "scale_attn_by_inverse_layer_idx"},
      {"{" + gpt2 + R"(, "scale_attn_weights": false})", "scale_attn_weights"},
      {"{" + llama + R"(, "rope_scaling": {"factor": 2}})", "rope_scaling"},
      {"{" + llama + R"(, "attention_bias": true})", "biases in only one"},
  };
  for (const auto& [text, words] : cases) {
    const std::string message = error_of(text);
    EXPECT_NE(message.find(words), std::string::npos) << message;
    EXPECT_TRUE(message.starts_with("config.json")) << message;
  }
}

}  // namespace
}  // namespace phaselaw::training
