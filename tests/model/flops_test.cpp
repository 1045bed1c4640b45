// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/flops.h"

#include <gtest/gtest.h>

#include "model/passes.h"

namespace phaselaw {
namespace {

using namespace testing;

void expect_exact(Case c, const std::vector<std::string>& trainable) {
  c.options.trainable = trainable;
  c.table = model::ParameterTable(c.options);
  const CountedFlop counted = counted_flop(c);
  const auto cost = model::sequence_cost(c.options);
  EXPECT_EQ(cost.forward_flop, counted.forward) << c.describe();
  EXPECT_EQ(cost.backward_flop, counted.backward) << c.describe();
  EXPECT_LT(cost.products_flop, cost.training_flop());
}

TEST(Flops, EqualTheOperationsOfTheReferenceExactly) {
  const std::vector<std::vector<std::string>> subsets = {
      {"all"}, {"mlp.up"}, {"attn.q"}, {"attn.o", "mlp.down"}, {"all"}};
  for (std::uint64_t i = 0; i < 120; ++i) expect_exact(random_case(i), subsets[i % subsets.size()]);
}

TEST(Flops, OfEveryBlockEqualTheOperationsOfTheReferenceExactly) {
  for (std::uint64_t i = 0; i < 240; ++i) {
    const Case c = random_block_case(i);
    expect_exact(c, {"all"});
    // Each block alone: what the others need is not computed, and not counted.
    const auto& blocks = c.table.blocks();
    expect_exact(c, {model::trainable_name(blocks[i % blocks.size()])});
  }
}

TEST(Flops, OfEncoderDecodersEqualTheOperationsOfTheReferenceExactly) {
  for (std::uint64_t i = 0; i < 160; ++i) {
    const Case c = random_encoder_case(i);
    expect_exact(c, {"all"});
    const auto& blocks = c.table.blocks();
    expect_exact(c, {model::trainable_name(blocks[i % blocks.size()])});
  }
}

// Every parameter acts on the rows of the source or on those of the decoder, here of different numbers.
TEST(Flops, ApproachSixNdForWideEncoderDecoders) {
  model::ModelOptions o;
  o.d_model = 512;
  o.n_heads = 8;
  o.d_head = 64;
  o.d_hidden = 2048;
  o.seq_len = 16;
  o.n_layers = 4;
  o.n_encoder_layers = 2;
  o.source_len = 48;
  const double ratio = model::sequence_cost(o).training_flop() / model::six_nd(o, false);
  EXPECT_GT(ratio, 0.95);
  EXPECT_LT(ratio, 1.05);
}

TEST(Flops, ApproachSixNdForWideModels) {
  model::ModelOptions o;
  o.d_model = 512;
  o.n_heads = 8;
  o.d_head = 64;
  o.d_hidden = 2048;
  o.seq_len = 32;
  const double ratio = model::sequence_cost(o).training_flop() / model::six_nd(o, false);
  EXPECT_GT(ratio, 0.95);  // the first layer needs no input cotangent, so a little below 1 is right
  EXPECT_LT(ratio, 1.05);
}

TEST(Flops, EmbeddingsCountOnlyWhereAsked) {
  model::ModelOptions o;
  o.readout = model::Readout::tokens;
  o.vocab = 100;
  const auto table = model::ParameterTable(o);
  EXPECT_EQ(model::six_nd(o, true) - model::six_nd(o, false),
            6.0 * static_cast<double>(o.seq_len * (o.vocab + o.seq_len) * o.d_model));
  EXPECT_EQ(table.n_non_embedding(), table.size() - (o.vocab + o.seq_len) * o.d_model);
}

}  // namespace
}  // namespace phaselaw
