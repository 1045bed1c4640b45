// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/backward_plan.h"

#include <gtest/gtest.h>

#include "model/random_model.h"

namespace phaselaw {
namespace {

using namespace testing;
using model::BackwardPlan;
using model::BlockKind;

// A model with every block that a layer can have.
Case full_case() {
  Case c;
  auto& o = c.options;
  o.n_layers = 3;
  o.seq_len = 3;
  o.d_model = 4;
  o.d_hidden = 5;
  o.n_heads = 2;
  o.d_head = 2;
  o.readout = model::Readout::tokens;
  o.vocab = 7;
  o.activation = model::Activation::tanh;
  o.norm = model::Norm::layernorm;
  o.norm_gain = o.norm_bias = o.linear_bias = true;
  o.mlp = model::Mlp::gated;
  o.positions = model::Positions::rotary;  // without them softmax does not see a bias of k
  fill(c, 1);
  return c;
}

std::vector<bool> only(const model::ParameterTable& table, std::size_t block) {
  std::vector<bool> selected(table.blocks().size(), false);
  selected[block] = true;
  return selected;
}

// For each block alone: the plan wants a cotangent of a place in the network exactly where a change of the block shows
// there. The places of a branch are its input, its normalised input, what W_out reads, its output.
TEST(BackwardPlan, WantsACotangentExactlyWhereAChangeOfTheBlockArrives) {
  const Case c = full_case();
  const auto& blocks = c.table.blocks();
  const auto base = model::reference::forward(c.options, c.table, c.theta, c.sequence<double>(0));
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    const BackwardPlan plan(c.table, only(c.table, b));
    auto theta = c.theta;
    for (std::int64_t i = 0; i < blocks[b].size(); ++i)
      theta[static_cast<std::size_t>(blocks[b].offset + i)] += 0.1 * static_cast<double>(i + 1);
    const auto moved = model::reference::forward(c.options, c.table, theta, c.sequence<double>(0));
    for (std::size_t layer = 0; layer < plan.layers.size(); ++layer) {
      const auto &x = base.attention[layer], &y = moved.attention[layer];
      const auto &u = base.mlp[layer], &v = moved.mlp[layer];
      const auto& want = plan.layers[layer];
      const std::string where = blocks[b].name + " in layer " + std::to_string(layer);
      EXPECT_EQ(want.attention.input, x.input.unit != y.input.unit) << where;
      EXPECT_EQ(want.attention.normal, x.input.h != y.input.h) << where;
      EXPECT_EQ(want.attention.inside, x.z != y.z) << where;
      EXPECT_EQ(want.mlp.input, u.input.unit != v.input.unit) << where;
      EXPECT_EQ(want.mlp.normal, u.input.h != v.input.h) << where;
      EXPECT_EQ(want.mlp.inside, u.act != v.act) << where;
      EXPECT_EQ(want.attention.output, want.mlp.input) << where;
      const bool above = layer + 1 < plan.layers.size() ? plan.layers[layer + 1].attention.input : plan.stream;
      EXPECT_EQ(want.mlp.output, above) << where;
    }
    EXPECT_EQ(plan.stream, base.x != moved.x) << blocks[b].name;
    EXPECT_EQ(plan.normal, base.final.h != moved.final.h) << blocks[b].name;
    EXPECT_EQ(plan.out, blocks[b].kind == BlockKind::out) << blocks[b].name;
  }
}

TEST(BackwardPlan, WantsTheGradientsOfTheSelectedBlocksOnly) {
  const Case c = full_case();
  const auto& blocks = c.table.blocks();
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    const auto selected = only(c.table, b);
    const BackwardPlan plan(c.table, selected);
    for (std::size_t i = 0; i < blocks.size(); ++i) {
      const auto& wanted =
          blocks[i].layer < 0 ? plan.wanted : plan.layers[static_cast<std::size_t>(blocks[i].layer)].wanted;
      EXPECT_EQ(wanted[blocks[i].kind], selected[i]) << blocks[i].name << " with " << blocks[b].name;
    }
  }
}

TEST(BackwardPlan, OfATiedEmbeddingWantsBothOfItsUses) {
  Case c = full_case();
  c.options.tied_embedding = true;
  c.table = model::ParameterTable(c.options);
  const BackwardPlan plan(c.table);
  EXPECT_TRUE(plan.embed);
  EXPECT_TRUE(plan.out);
  EXPECT_FALSE(plan.wanted[BlockKind::out]);
}

TEST(ParameterTable, GivesTheBlocksOfALayerByKind) {
  const Case c = full_case();
  std::size_t found = 0;
  for (std::int64_t layer = -1; layer < c.options.n_layers; ++layer) {
    const auto blocks = c.table.blocks_of(layer);
    for (std::size_t kind = 0; kind < model::kBlockKinds; ++kind) {
      const auto* const block = blocks[static_cast<BlockKind>(kind)];
      EXPECT_EQ(block, c.table.find(static_cast<BlockKind>(kind), layer));
      found += block != nullptr ? 1 : 0;
    }
  }
  EXPECT_EQ(found, c.table.blocks().size());
}

}  // namespace
}  // namespace phaselaw
