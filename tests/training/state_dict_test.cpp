// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/state_dict.h"

#include <cstring>

#include <gtest/gtest.h>

#include "base/message_of.h"
#include "phaselaw/base/errors.h"

namespace phaselaw::training {
namespace {

using base::Safetensors;
using base::Tensor;
using base::testing::contains;
using base::testing::message_of;
using model::BlockKind;
using model::ModelOptions;
using Doubles = std::vector<double>;

ModelOptions gpt2(bool tied = true) {
  ModelOptions o;
  o.readout = model::Readout::tokens;
  o.vocab = 7;
  o.seq_len = 3;
  o.d_model = 6;
  o.d_hidden = 5;
  o.n_heads = 2;
  o.d_head = 4;
  o.parametrisation = model::Parametrisation::standard;
  o.branch_scale = 1;
  o.activation = model::Activation::gelu;
  o.norm = model::Norm::layernorm;
  o.norm_gain = o.norm_bias = o.linear_bias = true;
  o.tied_embedding = tied;
  return o;
}

ModelOptions llama() {
  ModelOptions o = gpt2(false);
  o.activation = model::Activation::silu;
  o.norm = model::Norm::rms;
  o.norm_bias = o.linear_bias = false;
  o.mlp = model::Mlp::gated;
  o.positions = model::Positions::rotary;
  o.n_kv_heads = 1;
  return o;
}

// theta_i = i: every number tells where it came from.
Doubles numbered(const ModelOptions& o) {
  Doubles theta(static_cast<std::size_t>(model::ParameterTable(o).size()));
  for (std::size_t i = 0; i < theta.size(); ++i) theta[i] = static_cast<double>(i);
  return theta;
}

Safetensors written(Naming naming, const ModelOptions& o) {
  return Safetensors::parse(state_dict_bytes<double>(naming, o, numbered(o)), "w.safetensors");
}

// A file with its tensors changed by `change`, a function of std::vector<Tensor>&.
template <class Change>
Safetensors changed(const Safetensors& file, Change&& change) {
  std::vector<Tensor> tensors = file.tensors();
  change(tensors);
  return Safetensors::parse(base::safetensors_bytes(file.metadata(), tensors), "w.safetensors");
}

double at(const Safetensors& file, const char* name, std::int64_t row, std::int64_t col) {
  const Tensor* tensor = file.find(name);
  EXPECT_NE(tensor, nullptr) << name;
  return base::numbers_of<double>(*tensor, "")[static_cast<std::size_t>(row * tensor->shape.back() + col)];
}

double in_theta(const ModelOptions& o, BlockKind kind, std::int64_t layer, std::int64_t row, std::int64_t col) {
  const model::ParameterTable table(o);
  const auto& block = table.at(kind, layer);
  return static_cast<double>(block.offset + row * block.cols + col);
}

TEST(StateDict, RoundTripsUnderEveryName) {
  auto llama_with_biases = llama();
  llama_with_biases.linear_bias = true;
  for (const auto& [naming, o] : {std::pair{Naming::gpt2, gpt2()},
                                  {Naming::gpt2, gpt2(false)},
                                  {Naming::llama, llama()},
                                  {Naming::llama, llama_with_biases},
                                  {Naming::phaselaw, gpt2()},
                                  {Naming::phaselaw, llama()},
                                  {Naming::phaselaw, ModelOptions()}}) {
    const auto file = written(naming, o);
    EXPECT_EQ(naming_of(file), naming);
    EXPECT_EQ(read_state_dict<double>(file, o), numbered(o));
    const Doubles theta = numbered(o);
    const std::vector<float> narrow(theta.begin(), theta.end());
    const auto single = Safetensors::parse(state_dict_bytes<float>(naming, o, narrow), "f32");
    EXPECT_EQ(single.tensors().front().dtype, "F32");
    EXPECT_EQ(read_state_dict<float>(single, o), narrow);
  }
}

TEST(StateDict, Gpt2IsTransposedAndPacked) {
  const auto o = gpt2();
  const auto file = written(Naming::gpt2, o);
  std::vector<std::string> names;
  for (const auto& tensor : file.tensors()) names.push_back(tensor.name);
  EXPECT_EQ(names.size(), 2U + 2 * 12 + 2);
  EXPECT_EQ(names.front(), "transformer.wte.weight");
  EXPECT_EQ(file.find("lm_head.weight"), nullptr);
  EXPECT_NE(written(Naming::gpt2, gpt2(false)).find("lm_head.weight"), nullptr);
  EXPECT_EQ(file.find("transformer.h.1.attn.c_attn.weight")->shape, (std::vector<std::int64_t>{6, 24}));
  EXPECT_EQ(file.find("transformer.h.1.attn.c_attn.bias")->shape, (std::vector<std::int64_t>{24}));
  EXPECT_EQ(file.find("transformer.h.0.mlp.c_proj.weight")->shape, (std::vector<std::int64_t>{5, 6}));
  EXPECT_EQ(file.find("transformer.wpe.weight")->shape, (std::vector<std::int64_t>{3, 6}));
  const char* const packed = "transformer.h.1.attn.c_attn.weight";
  EXPECT_EQ(at(file, packed, 4, 3), in_theta(o, BlockKind::attn_q, 1, 3, 4));
  EXPECT_EQ(at(file, packed, 4, 8 + 3), in_theta(o, BlockKind::attn_k, 1, 3, 4));
  EXPECT_EQ(at(file, packed, 5, 16 + 7), in_theta(o, BlockKind::attn_v, 1, 7, 5));
  EXPECT_EQ(at(file, "transformer.h.0.attn.c_proj.weight", 7, 2), in_theta(o, BlockKind::attn_o, 0, 2, 7));
  EXPECT_EQ(at(file, "transformer.h.0.attn.c_attn.bias", 0, 17), in_theta(o, BlockKind::attn_v_bias, 0, 1, 0));
}

TEST(StateDict, LlamaIsAsTheTable) {
  const auto o = llama();
  const auto file = written(Naming::llama, o);
  EXPECT_EQ(file.find("model.layers.1.self_attn.k_proj.weight")->shape, (std::vector<std::int64_t>{4, 6}));
  EXPECT_EQ(at(file, "model.layers.1.mlp.gate_proj.weight", 4, 5), in_theta(o, BlockKind::mlp_gate, 1, 4, 5));
  EXPECT_EQ(at(file, "model.layers.0.mlp.down_proj.weight", 5, 4), in_theta(o, BlockKind::mlp_down, 0, 5, 4));
  EXPECT_EQ(at(file, "model.norm.weight", 0, 5), in_theta(o, BlockKind::final_norm_gain, -1, 5, 0));
  EXPECT_EQ(file.find("model.norm.bias"), nullptr);
  EXPECT_EQ(at(file, "lm_head.weight", 6, 5), in_theta(o, BlockKind::out, -1, 6, 5));
}

TEST(StateDict, WhatPublishedFilesHaveBesideIsUnderstood) {
  const auto o = gpt2();
  const Doubles theta = numbered(o);
  const auto file = written(Naming::gpt2, o);
  const std::string mask(9, '\1');
  const Doubles positions(5 * 6, 4.0);
  // Bare names, a mask, more positions, the embedding a second time.
  const auto bare = changed(file, [&](auto& tensors) {
    Tensor head = tensors.front();
    head.name = "lm_head.weight";
    for (auto& tensor : tensors) {
      tensor.name.erase(0, std::string("transformer.").size());
      if (tensor.name == "wpe.weight")
        tensor = {"wpe.weight", "F64", {5, 6}, {reinterpret_cast<const char*>(positions.data()), 240}};
    }
    tensors.push_back(head);
    tensors.push_back({"h.0.attn.bias", "BOOL", {1, 1, 3, 3}, mask});
  });
  Doubles expected = theta;
  const model::ParameterTable table(o);
  const auto& position = table.at(BlockKind::position);
  std::fill_n(expected.begin() + position.offset, position.size(), 4.0);
  EXPECT_EQ(read_state_dict<double>(bare, o), expected);
}

TEST(StateDict, AnotherArchitectureIsOneErrorThatNamesTheTensor) {
  const auto error = [](const Safetensors& file, const ModelOptions& o) {
    return message_of<base::InputError>([&] { (void)read_state_dict<double>(file, o); });
  };
  const auto expect = [&](const Safetensors& file, const ModelOptions& o, const std::string& part) {
    const std::string found = error(file, o);
    EXPECT_TRUE(contains(found, part)) << "expected " << part << ", found " << found;
    EXPECT_EQ(found.find("w.safetensors"), 0U) << found;
  };
  const auto file = written(Naming::gpt2, gpt2());
  expect(changed(file, [](auto& t) { t.erase(t.begin() + 4); }), gpt2(),
         "tensor transformer.h.0.attn.c_attn.weight is missing");
  expect(changed(file, [](auto& t) { t[4].name = "transformer.h.0.attn.c_atn.weight"; }), gpt2(),
         "tensor transformer.h.0.attn.c_attn.weight is missing");
  expect(changed(file,
                 [](auto& t) {
                   Tensor extra = t.back();
                   extra.name = "transformer.h.9.ln_1.weight";
                   t.push_back(extra);
                 }),
         gpt2(), "unknown tensor 'transformer.h.9.ln_1.weight'");
  expect(file, gpt2(false), "tensor lm_head.weight is missing");
  auto wide = gpt2();
  wide.d_hidden = 8;
  expect(file, wide, "tensor transformer.h.0.mlp.c_fc.weight: expected shape (6, 8), found (6, 5)");
  auto longer = gpt2();
  longer.seq_len = 4;
  expect(file, longer, "tensor transformer.wpe.weight: expected shape (4, 6), found (3, 6)");
  auto deeper = gpt2();
  deeper.n_layers = 3;
  expect(file, deeper, "tensor transformer.h.2.ln_1.weight is missing");
  ModelOptions plain;
  expect(
      file, plain,
      "weights with the names of GPT-2 need these keys in [model]: "
      "readout = \"tokens\", parametrisation = \"standard\", branch_scale = 1, norm_gain = true, norm = \"layernorm\"");
  expect(written(Naming::llama, llama()), gpt2(),
         "weights with the names of Llama need these keys in [model]: norm = \"rms\"");
  expect(changed(written(Naming::gpt2, gpt2(false)), [](auto&) {}), gpt2(), "tensor lm_head.weight differs");
  expect(written(Naming::phaselaw, llama()), gpt2(), "tensor position is missing");
  EXPECT_TRUE(contains(
      message_of<base::InputError>([] { (void)state_dict_bytes<double>(Naming::llama, gpt2(), numbered(gpt2())); }),
      "positions = \"rotary\""));
}

}  // namespace
}  // namespace phaselaw::training
