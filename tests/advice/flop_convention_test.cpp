// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/plan/flop_convention.h"

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"

namespace phaselaw::advice {
namespace {

// GPT-2 small counted by hand: 12 layers of 768, 50257 tokens, sequences of 1024, 124,439,808 parameters with
// positions.
const ModelShape kSmall{124439808, 12, 768, 1024, 50257, 7.5};

TEST(FlopConvention, CountedByHand) {
  EXPECT_DOUBLE_EQ(flop_per_token(FlopConvention::six_nd, kSmall), 6.0 * 124439808);
  EXPECT_DOUBLE_EQ(flop_per_token(FlopConvention::without_embeddings, kSmall), 6.0 * (124439808 - 50257.0 * 768));
  EXPECT_DOUBLE_EQ(flop_per_token(FlopConvention::with_attention, kSmall), 6.0 * 124439808 + 12.0 * 12 * 768 * 1024);
  EXPECT_DOUBLE_EQ(flop_per_token(FlopConvention::exact, kSmall), 7.5 * 124439808);
  EXPECT_NEAR(attention_multiple(kSmall), 1.1517, 5e-5);
}

TEST(FlopConvention, ThereAndBack) {
  const auto all = {FlopConvention::six_nd, FlopConvention::without_embeddings, FlopConvention::with_attention,
                    FlopConvention::exact};
  for (const FlopConvention from : all)
    for (const FlopConvention to : all) {
      EXPECT_DOUBLE_EQ(convert_flop(convert_flop(1e20, from, to, kSmall), to, from, kSmall), 1e20);
      EXPECT_EQ(base::enum_from_text<FlopConvention>(base::enum_to_text(to), {}, "convention"), to);
    }
}

TEST(FlopConvention, ShapesOfASizeCountItsParameters) {
  for (const double ratio : {16.0, 64.0, 128.0})
    for (const double vocab : {0.0, 50257.0})
      for (const double n : {1e5, 1e8, 1e12}) {
        const ModelShape shape = shape_of({ratio, vocab, 1024, 0}, n);
        EXPECT_NEAR((12 * shape.n_layers * shape.d_model * shape.d_model + vocab * shape.d_model) / n, 1, 1e-12);
        EXPECT_NEAR(shape.d_model / shape.n_layers, ratio, 1e-9 * ratio);
      }
}

// Embeddings and attention weigh less as the model grows: every convention tends to 6 N.
TEST(FlopConvention, LargeModelsCostSixN) {
  for (const FlopConvention convention : {FlopConvention::without_embeddings, FlopConvention::with_attention}) {
    const FlopCost cost{convention, {128, 50257, 2048, 0}};
    double before = 1;
    for (const double n : {1e8, 1e10, 1e12, 1e16}) {
      const double away = std::abs(cost.per_token(n) / (6 * n) - 1);
      EXPECT_LT(away, before);
      before = away;
    }
    EXPECT_LT(before, 0.01);
  }
}

TEST(FlopConvention, WhatIsMissingIsNamed) {
  const auto message = [](FlopConvention convention, const ModelShape& shape) {
    try {
      (void)flop_per_token(convention, shape);
    } catch (const base::InputError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  EXPECT_EQ(message(FlopConvention::without_embeddings, {1e9, 12, 768}).rfind("--vocab: ", 0), 0U);
  EXPECT_EQ(message(FlopConvention::with_attention, {1e9, 12, 768}).rfind("--seq-len: ", 0), 0U);
  EXPECT_EQ(message(FlopConvention::exact, {1e9}).rfind("--flop-per-param: ", 0), 0U);
  EXPECT_NE(message(FlopConvention::without_embeddings, {1e6, 12, 768, 0, 50257}).find("leaves none of"),
            std::string::npos);
  EXPECT_THROW((void)base::enum_from_text<FlopConvention>("6n", {"--flop-convention"}, "word"), base::InputError);
  EXPECT_THROW((void)shape_of({.aspect_ratio = -1, .vocab = {}, .seq_len = {}, .flop_per_param = {}}, 1e9),
               base::InputError);
}

}  // namespace
}  // namespace phaselaw::advice
