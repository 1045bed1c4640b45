// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/transformer.h"

#include <gtest/gtest.h>

#include "model/passes.h"

namespace phaselaw {
namespace {

using namespace testing;
using model::Transformer;

constexpr std::uint64_t kCases = 480;

TEST(Transformer, ForwardAndGradientMatchTheReference) {
  for (std::uint64_t i = 0; i < kCases; ++i) {
    const Case c = any_case(i);
    const Passes plain = reference_passes(c), fast = fast_passes<double>(c);
    EXPECT_LE(distance(fast.outputs, plain.outputs), kDoubleTolerance * norm(plain.outputs)) << c.describe();
    EXPECT_LE(distance(fast.gradient, plain.gradient), 10 * kDoubleTolerance * norm(plain.gradient)) << c.describe();
  }
}

TEST(Transformer, EveryBlockMatchesCentralDifferences) {
  for (std::uint64_t i = 0; i < kCases; ++i) {
    const Case c = any_case(i);
    const Transformer<double> m(c.options);
    Transformer<double>::Workspace workspace(m, c.n);
    const Passes fast = fast_passes<double>(c);
    const std::vector<double>& gradient = fast.gradient;
    // What rounding of the values is relative to: |f| <= |cotangent| |outputs|.
    const double size = norm(c.cotangent) * std::max(1.0, norm(fast.outputs));
    const auto value = [&](const std::vector<double>& theta) {
      const auto out = fast_forward(c, workspace, m, theta);
      double sum = 0;
      for (std::size_t k = 0; k < out.size(); ++k) sum += c.cotangent[k] * out[k];
      return sum;
    };
    for (const auto& block : c.table.blocks()) {
      numerics::RandomStream stream(i, "direction/" + block.name);
      std::vector<double> direction(c.theta.size(), 0.0);
      double along = 0, block_norm = 0, length = 0;
      for (std::int64_t k = block.offset; k < block.offset + block.size(); ++k) {
        const auto at = static_cast<std::size_t>(k);
        direction[at] = entry_scale(block) * stream.normal();
        along += direction[at] * gradient[at];
        block_norm += gradient[at] * gradient[at];
        length += direction[at] * direction[at];
      }
      // Fourth-order differences: error h^4 + eps |f| / h; at h = 3e-5 (of a unit direction) both stay below 1e-8.
      const double h = 3e-5 / std::sqrt(length);
      const auto shifted = [&](double step) {
        std::vector<double> theta = c.theta;
        for (std::size_t k = 0; k < theta.size(); ++k) theta[k] += step * direction[k];
        return value(theta);
      };
      const double slope = (8 * (shifted(h) - shifted(-h)) - (shifted(2 * h) - shifted(-2 * h))) / (12 * h);
      const double scale = std::max(std::sqrt(block_norm * length), 1e-3 * size * std::sqrt(length));
      // relu has kinks: where one lies inside the step, the difference quotient is only first-order.
      const double tolerance = c.options.activation == model::Activation::relu ? 1e-3 : 1e-7;
      EXPECT_LE(std::abs(slope - along), tolerance * scale) << block.name << " " << c.describe();
    }
  }
}

TEST(Transformer, JacobianOfTheReferenceIsTheAdjointOfBackward) {
  for (std::uint64_t i = 0; i < 120; ++i) {
    Case c = any_case(i);
    c.n = 1;
    numerics::RandomStream stream(i, "tangent");
    std::vector<double> tangent(c.theta.size());
    for (double& v : tangent) v = stream.normal();
    c.cotangent.resize(static_cast<std::size_t>(c.options.seq_len * c.options.outputs()));
    const std::vector<double> jv = reference_tangent(c, tangent), gradient = fast_passes<double>(c).gradient;
    EXPECT_LE(std::abs(dot(jv, c.cotangent) - dot(gradient, tangent)),
              1e-12 * std::max(norm(c.cotangent) * norm(jv), norm(gradient) * norm(tangent)))
        << c.describe();
  }
}

TEST(Transformer, FloatMatchesDouble) {
  for (std::uint64_t i = 0; i < kCases; ++i) {
    const Case c = any_case(i);
    const Passes exact = fast_passes<double>(c), narrow = fast_passes<float>(c);
    EXPECT_LE(distance(narrow.outputs, exact.outputs), 1e-4 * norm(exact.outputs)) << c.describe();
    // If the input of a relu unit rounds across 0, its whole column changes; the tolerance of relu's gradient allows
    // for this.
    const double tolerance = c.options.activation == model::Activation::relu ? 1e-2 : 1e-4;
    EXPECT_LE(distance(narrow.gradient, exact.gradient), tolerance * norm(exact.gradient)) << c.describe();
  }
}

TEST(Transformer, CausalMaskIsExactlyCausal) {
  for (std::uint64_t i = 0; i < 120; ++i) {
    Case c = any_case(i);
    if (c.options.seq_len < 2) continue;
    for (const auto mask : {model::Mask::causal, model::Mask::bidirectional}) {
      c.options.mask = mask;
      const Transformer<double> m(c.options);
      Transformer<double>::Workspace workspace(m, c.n);
      const auto before = fast_forward(c, workspace, m, c.theta);
      Case moved = c;
      const std::int64_t j = c.options.seq_len / 2;  // perturb token j of the first sequence, after those of a source
      const auto row = static_cast<std::size_t>(c.options.source_rows() + j);
      moved.tokens[row] = static_cast<std::int32_t>((moved.tokens[row] + 1) % c.options.vocab);
      for (std::size_t d = 0; d < static_cast<std::size_t>(c.options.d_model); ++d)
        moved.vectors[row * static_cast<std::size_t>(c.options.d_model) + d] += 0.5 * (d % 2 == 0 ? 1 : -1);
      const auto after = fast_forward(moved, workspace, m, c.theta);
      const auto cut = static_cast<std::ptrdiff_t>(j * c.options.outputs());
      const bool past_same = std::equal(before.begin(), before.begin() + cut, after.begin());
      if (mask == model::Mask::causal) {
        EXPECT_TRUE(past_same) << c.describe();
      }
      // The bidirectional past can stay the same by accident only where attention sees rows with d_model = 1 (normalised
      // to +-1), so the control is required of wider models.
      if (mask == model::Mask::bidirectional && c.options.d_model > 2) {
        EXPECT_FALSE(past_same) << c.describe();
      }
    }
  }
}

TEST(Transformer, FrozenBlocksGetNoGradientAndTrainableOnesTheSame) {
  const std::vector<std::vector<std::string>> subsets = {
      {"mlp.up"}, {"mlp.down"}, {"attn.q"}, {"attn.k", "attn.v"}, {"attn.o"}, {"attn.q", "attn.k", "attn.v", "mlp.up"}};
  for (std::uint64_t i = 0; i < 120; ++i) {
    Case c = any_case(i);
    const Passes full = fast_passes<double>(c);
    auto wanted = subsets[i % subsets.size()];
    if (c.options.reads_tokens() && i % 2 == 0) wanted.emplace_back("embed");
    if (c.table.has(model::BlockKind::out) && i % 3 == 0) wanted = {"out"};
    const auto& blocks = c.table.blocks();
    if (i % 4 == 1) wanted = {model::trainable_name(blocks[i / 4 % blocks.size()])};
    c.options.trainable = wanted;
    c.table = model::ParameterTable(c.options);
    const Passes part = fast_passes<double>(c), plain = reference_passes(c);
    for (const auto& block : c.table.blocks())
      for (std::int64_t k = block.offset; k < block.offset + block.size(); ++k) {
        const auto at = static_cast<std::size_t>(k);
        if (block.trainable) {
          ASSERT_NEAR(part.gradient[at], full.gradient[at], 1e-12 * (1 + norm(full.gradient))) << block.name;
        } else {
          ASSERT_EQ(part.gradient[at], 0.0) << block.name << c.describe();
          ASSERT_EQ(plain.gradient[at], 0.0) << block.name << c.describe();
        }
      }
  }
}

TEST(Transformer, BatchIsItsSequences) {
  Case c = random_case(3);
  c.n = 3;
  c.tokens.clear();
  fill(c, 3);
  const auto together = fast_passes<double>(c).outputs;
  const Transformer<double> m(c.options);
  Transformer<double>::Workspace workspace(m, 1);
  for (std::int64_t s = 0; s < c.n; ++s) {
    model::Inputs<double> one = c.inputs();
    one.n = 1;
    if (one.vectors != nullptr) one.vectors += s * c.options.seq_len * c.options.d_model;
    if (one.tokens != nullptr) one.tokens += s * c.options.seq_len;
    std::vector<double> out(static_cast<std::size_t>(m.outputs_per_sequence()));
    m.forward(c.theta, one, workspace, out.data());
    const auto from = together.begin() + s * m.outputs_per_sequence();
    EXPECT_LE(distance(out, {from, from + m.outputs_per_sequence()}), kDoubleTolerance * norm(out));
  }
}

TEST(Transformer, OutputOffsetMakesTheInitialOutputKappaEpsilonG) {
  for (std::uint64_t i = 0; i < 20; ++i) {
    Case c = any_case(i);
    c.options.init_scale = i % 2 == 0 ? 0.0 : 0.25;
    const Transformer<double> m(c.options);
    Transformer<double>::Workspace workspace(m, 2);  // smaller than n = 3: the offset is made in parts
    std::vector<double> offset(static_cast<std::size_t>(c.n * m.outputs_per_sequence()));
    m.output_offset(c.theta, c.inputs(), workspace, offset.data());
    Transformer<double>::Workspace all(m, c.n);
    const auto outputs = fast_forward(c, all, m, c.theta);
    for (std::size_t k = 0; k < outputs.size(); ++k)
      EXPECT_NEAR(outputs[k] + offset[k], c.options.init_scale * outputs[k], 1e-12 * (1 + std::abs(outputs[k])));
  }
}

}  // namespace
}  // namespace phaselaw
