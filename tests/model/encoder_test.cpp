// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/encoder.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "model/passes.h"

// What makes an encoder-decoder: which output depends on which input, and what is left without attention to the source.
// Its passes are compared with the reference, with differences and with each other where all models are
// (transformer_test.cpp, jvp_test.cpp, flops_test.cpp).
namespace phaselaw {
namespace {

using namespace testing;
using model::BlockKind;
using model::ModelOptions;
using model::ParameterTable;
using model::Transformer;
using Doubles = std::vector<double>;

Doubles outputs_of(const Case& c) {
  const Transformer<double> m(c.options);
  Transformer<double>::Workspace workspace(m, c.n);
  return fast_forward(c, workspace, m, c.theta);
}

Doubles reference_outputs(const Case& c) { return reference_passes(c).outputs; }

// The case with another input row `t` (of the source first) of every sequence.
Case with_other_row(Case c, std::int64_t t) {
  const std::int64_t length = c.options.input_len(), d = c.options.d_model;
  for (std::int64_t i = 0; i < c.n; ++i) {
    const auto row = static_cast<std::size_t>(i * length + t);
    c.tokens[row] = (c.tokens[row] + 1) % static_cast<std::int32_t>(c.options.vocab);
    for (std::size_t k = 0; k < static_cast<std::size_t>(d); ++k) {
      double& x = c.vectors[row * static_cast<std::size_t>(d) + k];
      x = 0.5 - x + 0.25 * static_cast<double>(k);  // not only another sign or length, which some models do not see
    }
  }
  return c;
}

// Whether decoder row l of any sequence differs.
bool differs(const Case& c, const Doubles& a, const Doubles& b, std::int64_t l) {
  const std::int64_t width = c.options.outputs();
  for (std::int64_t i = 0; i < c.n; ++i) {
    const auto at = (i * c.options.seq_len + l) * width;
    if (!std::equal(a.begin() + at, a.begin() + at + width, b.begin() + at)) return true;
  }
  return false;
}

// An encoder-decoder with enough numbers per row that every path carries something.
Case causal_case(std::uint64_t index) {
  Case c = random_encoder_case(index);
  auto& o = c.options;
  o.mask = model::Mask::causal;
  o.activation = model::Activation::tanh;
  o.d_model = std::max<std::int64_t>(o.d_model, 5);
  o.seq_len = std::min<std::int64_t>(o.seq_len, 8);
  o.source_len = std::min<std::int64_t>(o.source_rows(), 8);
  o.vocab = 11;
  if (o.readout != model::Readout::linear) o.d_out = 0;
  c.tokens.clear();
  fill(c, index);
  return c;
}

TEST(Encoder, OutputsSeeTheWholeSourceAndTheDecodersPast) {
  for (std::uint64_t i = 0; i < 40; ++i) {
    const Case c = causal_case(i);
    const ModelOptions& o = c.options;
    for (const auto& outputs : {outputs_of, reference_outputs}) {
      const Doubles before = outputs(c);
      for (std::int64_t t = 0; t < o.input_len(); ++t) {
        const Doubles after = outputs(with_other_row(c, t));
        for (std::int64_t l = 0; l < o.seq_len; ++l)
          EXPECT_EQ(differs(c, before, after, l), t < o.source_rows() || l >= t - o.source_rows())
              << "row " << t << " of the input, output " << l << ": " << c.describe();
      }
    }
  }
}

// Without positions nothing tells the source's rows apart, so their order does not matter.
TEST(Encoder, WithoutPositionsTheSourceIsASet) {
  for (std::uint64_t i = 0; i < 40; ++i) {
    Case c = causal_case(i);
    c.options.positions = model::Positions::none;
    c.tokens.clear();
    fill(c, i);
    const Doubles before = outputs_of(c);
    const std::int64_t length = c.options.input_len(), rows = c.options.source_rows(), d = c.options.d_model;
    for (std::int64_t s = 0; s < c.n; ++s) {
      std::rotate(c.tokens.begin() + s * length, c.tokens.begin() + s * length + 1,
                  c.tokens.begin() + s * length + rows);
      std::rotate(c.vectors.begin() + s * length * d, c.vectors.begin() + (s * length + 1) * d,
                  c.vectors.begin() + (s * length + rows) * d);
    }
    EXPECT_LE(distance(outputs_of(c), before), kDoubleTolerance * norm(before)) << c.describe();
  }
}

// A decoder keeps its weights when it gets an encoder, and where W_O of attention to the source is zero, its outputs to
// the last bit.
TEST(Encoder, WithoutAttentionToTheSourceTheDecoderIsLeft) {
  for (std::uint64_t i = 0; i < 40; ++i) {
    Case c = random_encoder_case(i), decoder = c;
    decoder.options.n_encoder_layers = decoder.options.source_len = 0;
    decoder.tokens.clear();
    fill(decoder, i);
    const std::int64_t length = c.options.input_len(), rows = c.options.seq_len, d = c.options.d_model;
    for (std::int64_t s = 0; s < c.n; ++s) {
      const std::int64_t first = (s + 1) * length - rows;  // of the decoder's part
      std::copy_n(c.tokens.begin() + first, rows, decoder.tokens.begin() + s * rows);
      std::copy_n(c.vectors.begin() + first * d, rows * d, decoder.vectors.begin() + s * rows * d);
    }
    c.theta = model::initialise<double>(c.table, i);
    for (const auto& block : c.table.blocks())
      if (block.kind == BlockKind::cross_o || block.kind == BlockKind::cross_o_bias)
        std::fill_n(c.theta.begin() + block.offset, block.size(), 0.0);
    EXPECT_EQ(outputs_of(c), outputs_of(decoder)) << c.describe();
  }
}

TEST(Encoder, LayersAreNumberedAfterTheDecoders) {
  ModelOptions o;
  o.n_layers = 2;
  o.n_encoder_layers = 1;
  o.readout = model::Readout::tokens;
  o.norm_gain = true;
  const ParameterTable table(o);
  EXPECT_EQ(table.at(BlockKind::attn_q, 2).name, "encoder.0.attn.q");
  EXPECT_EQ(model::layer_name(table.at(BlockKind::attn_q, 2)), "encoder.0");
  EXPECT_EQ(model::trainable_name(table.at(BlockKind::attn_q, 2)), "encoder.attn.q");
  EXPECT_EQ(table.at(BlockKind::cross_k, 1).name, "layers.1.cross.k");
  EXPECT_EQ(model::trainable_name(table.at(BlockKind::cross_k, 1)), "cross.k");
  EXPECT_EQ(table.at(BlockKind::source_norm_gain).name, "source.norm_gain");
  EXPECT_EQ(model::trainable_name(table.at(BlockKind::source_position)), "embed");
  EXPECT_EQ(table.find(BlockKind::cross_q, 2), nullptr);
  EXPECT_EQ(table.at(BlockKind::source_position).rows, o.seq_len);  // source_len = 0
  std::int64_t offset = 0;
  for (const auto& block : table.blocks()) {
    EXPECT_EQ(block.offset, offset) << block.name;
    offset += block.size();
  }
  EXPECT_EQ(offset, table.size());
}

// Every name of a block can be trained alone, and nothing else gets a gradient.
TEST(Encoder, EveryBlockCanBeTrainedAlone) {
  Case c = random_encoder_case(0);
  auto& o = c.options;
  o.norm = model::Norm::layernorm;
  o.d_model = 8;
  o.norm_gain = o.norm_bias = o.linear_bias = true;
  o.mlp = model::Mlp::gated;
  o.readout = model::Readout::tokens;
  o.tied_embedding = false;
  o.d_out = 0;
  std::vector<std::string> names;
  const ParameterTable table(o);
  for (const auto& block : table.blocks())
    if (const auto name = model::trainable_name(block); std::find(names.begin(), names.end(), name) == names.end())
      names.push_back(name);
  EXPECT_EQ(names.size(), model::trainable_names().size() - 1);  // all of them but "all"
  o.trainable = {"all"};
  c.tokens.clear();
  fill(c, 7);
  const double size = norm(reference_passes(c).gradient);  // gradients of key biases alone are zero
  for (const auto& name : names) {
    o.trainable = {name};
    c.tokens.clear();
    fill(c, 7);
    const Passes plain = reference_passes(c), fast = fast_passes<double>(c);
    EXPECT_LE(distance(fast.gradient, plain.gradient), 10 * kDoubleTolerance * size) << name;
    for (const auto& block : c.table.blocks())
      if (model::trainable_name(block) != name) {
        EXPECT_TRUE(std::all_of(fast.gradient.begin() + block.offset,
                                fast.gradient.begin() + block.offset + block.size(), [](double g) { return g == 0; }))
            << block.name << " while " << name << " is trained";
      }
  }
}

TEST(Encoder, SourceLengthWithoutAnEncoderIsRefused) {
  ModelOptions o;
  o.source_len = 3;
  EXPECT_THROW(model::validate(o), base::InputError);
  o.n_encoder_layers = 1;
  EXPECT_NO_THROW(model::validate(o));
  o.trainable = {"cross.q", "encoder.mlp.up"};
  EXPECT_NO_THROW(model::validate(o));
  o.n_encoder_layers = o.source_len = 0;
  EXPECT_THROW(model::validate(o), base::InputError);
}

// The keys of an encoder do not stand in the section of a model without one, so that its run keys stay.
TEST(Encoder, KeysOfADecoderDoNotChange) {
  ModelOptions o;
  const std::string decoder = base::to_json(model::to_section(o), -1);
  EXPECT_EQ(decoder.find("encoder"), std::string::npos);
  EXPECT_EQ(decoder.find("source_len"), std::string::npos);
  o.n_encoder_layers = 2;
  EXPECT_NE(base::to_json(model::to_section(o), -1).find("\"n_encoder_layers\":2"), std::string::npos);
}

}  // namespace
}  // namespace phaselaw
