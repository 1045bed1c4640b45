// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "phaselaw/kernel/planner.h"

// The planner's choices and refusals. That its flop equals the counted flop is part of every comparison in
// dense_test.cpp.
namespace phaselaw::kernel {
namespace {

model::ModelOptions model_of(std::int64_t layers, std::int64_t d, std::int64_t hidden, std::int64_t length) {
  model::ModelOptions o;
  o.n_layers = layers;
  o.d_model = d;
  o.d_hidden = hidden;
  o.seq_len = length;
  o.n_heads = 2;
  o.d_head = d / 2;
  return o;
}

TEST(Planner, TakesTheSandwichForFullKernelsAndContractionForReducedOnes) {
  const auto o = model_of(2, 32, 128, 16);
  KernelOptions options;
  EXPECT_EQ(plan_kernel(o, 16, 0, options, 4).cost.algorithm, Algorithm::sandwich);
  for (const Reduce reduce : {Reduce::coordinates, Reduce::sequence}) {
    options.reduce = reduce;
    const auto chosen = plan_kernel(o, 16, 0, options, 4).cost.algorithm;
    EXPECT_TRUE(chosen == Algorithm::jacobian || chosen == Algorithm::token_dual) << base::enum_to_text(chosen);
  }
  // Long sequences: applying the layer Jacobian in structured form beats its products; not where layers are wanted.
  options.reduce = Reduce::none;
  EXPECT_EQ(plan_kernel(model_of(4, 32, 128, 128), 4, 0, options, 4).cost.algorithm, Algorithm::recursion);
  options.detail = Detail::layers;
  EXPECT_EQ(plan_kernel(model_of(4, 32, 128, 128), 4, 0, options, 4).cost.algorithm, Algorithm::sandwich);
}

// The leading terms of docs/kernel.md, Costs, for the top layer alone: per pair and entry of the O x O block 2 flop for
// each of m (mlp.up), d (attn.o), H d_h (attn.v), and H (L+1)/2 for queries and keys together in source form.
TEST(Planner, FlopApproachesTheFormulaOfTheNote) {
  const auto o = model_of(1, 64, 512, 16);
  const Plan plan = plan_kernel(o, 64, 0, {}, 8);
  const double pairs = 64 * 65 / 2.0, entries = 1024.0 * 1024.0;
  const double formula = pairs * 2 * entries * (512 + 64 + 64 + 2 * 8.5);
  EXPECT_EQ(plan.cost.algorithm, Algorithm::sandwich);
  EXPECT_GT(plan.cost.flop, formula);
  EXPECT_LT(plan.cost.flop, 1.03 * formula);  // Grams, factors and the forward pass are O(1/d) and O(1/n) of it
}

TEST(Planner, ExplainsItsChoiceAndCanBeOverruled) {
  KernelOptions options;
  const auto o = model_of(2, 16, 32, 8);
  const Plan automatic = plan_kernel(o, 8, 0, options, 4);
  ASSERT_EQ(automatic.considered.size(), 4U);
  EXPECT_NE(automatic.reason.find("GFLOP"), std::string::npos) << automatic.reason;
  EXPECT_NE(automatic.reason.find(base::enum_to_text(automatic.cost.algorithm)), std::string::npos);
  for (const auto& cost : automatic.considered) {
    EXPECT_GE(cost.relative_time, automatic.cost.relative_time);
    options.algorithm = cost.algorithm;
    const Plan forced = plan_kernel(o, 8, 0, options, 4);
    EXPECT_EQ(forced.cost.algorithm, cost.algorithm);
    EXPECT_EQ(forced.cost.flop, cost.flop);
    EXPECT_NE(forced.reason.find("forced"), std::string::npos);
  }
}

TEST(Planner, BlocksWithoutClosedFormsGetOneAlgorithmAndSayWhy) {
  auto o = model_of(2, 16, 32, 8);
  o.mlp = model::Mlp::gated;
  const Plan plan = plan_kernel(o, 4, 0, {}, 8);
  EXPECT_EQ(plan.cost.algorithm, Algorithm::vjp);
  EXPECT_NE(plan.reason.find("no closed forms"), std::string::npos) << plan.reason;
  KernelOptions options;
  options.algorithm = Algorithm::sandwich;
  try {
    (void)plan_kernel(o, 4, 0, options, 8);
    FAIL() << "no error";
  } catch (const base::InputError& error) {
    EXPECT_NE(std::string(error.what()).find("use auto or vjp"), std::string::npos) << error.what();
  }
}

TEST(Planner, RefusesWhatDoesNotFit) {
  KernelOptions options;
  options.memory_limit = 1 << 20;
  const auto o = model_of(2, 16, 32, 8);
  EXPECT_NO_THROW((void)plan_kernel(o, 1, 0, options, 4));
  try {
    (void)plan_kernel(o, 64, 0, options, 8);
    FAIL() << "no error";
  } catch (const base::InputError& error) {
    EXPECT_NE(std::string(error.what()).find("matrix-free"), std::string::npos) << error.what();
  }
  options = {};
  options.algorithm = Algorithm::recursion;
  options.detail = Detail::blocks;
  EXPECT_THROW((void)plan_kernel(o, 4, 0, options, 8), base::InputError);
}

// Result and scratch together stay within 1.3 times the result at the benchmark's sizes.
TEST(Planner, ScratchIsAtMostThirtyPercentOfLargeResults) {
  KernelOptions options;
  options.threads = 2;
  for (const auto& [layers, d, hidden, n] :
       {std::array{2, 32, 128, 16}, std::array{4, 32, 128, 16}, std::array{2, 32, 128, 32}, std::array{2, 64, 128, 16},
        std::array{4, 64, 512, 16}}) {
    const Plan plan = plan_kernel(model_of(layers, d, hidden, 16), n, 0, options, 4);
    EXPECT_LE(plan.cost.bytes(), 1.3 * plan.cost.result_bytes) << plan.reason;
  }
}

}  // namespace
}  // namespace phaselaw::kernel
