// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/transformer.h"

#include <gtest/gtest.h>

#include "model/random_model.h"
#include "model/scalars.h"

namespace phaselaw {
namespace {

using namespace testing;
using model::Transformer;

constexpr std::uint64_t kCases = 480;
constexpr double kEps = 2.3e-16;

// Rounding of a chain of `depth` products of inner size <= k grows like depth * sqrt(k) * eps; 200 covers the constants
// of softmax and normalisation at the sizes of random_case (k <= 65, 3 layers).
constexpr double kDoubleTolerance = 200 * 9 * kEps;

struct Both {
  std::vector<double> outputs, gradient;
};

Both reference_of(const Case& c) {
  Both both;
  both.gradient.assign(static_cast<std::size_t>(c.table.size()), 0.0);
  const auto out = static_cast<std::size_t>(c.options.outputs());
  for (std::int64_t s = 0; s < c.n; ++s) {
    const auto sequence = c.sequence<double>(s);
    const auto trace = model::reference::forward(c.options, c.table, c.theta, sequence);
    model::reference::Rows<double> cotangent;
    for (std::size_t t = 0; t < trace.outputs.size(); ++t) {
      const auto start = c.cotangent.begin() +
                         static_cast<std::ptrdiff_t>((static_cast<std::size_t>(s) * trace.outputs.size() + t) * out);
      cotangent.emplace_back(start, start + static_cast<std::ptrdiff_t>(out));
      both.outputs.insert(both.outputs.end(), trace.outputs[t].begin(), trace.outputs[t].end());
    }
    model::reference::backward(c.options, c.table, c.theta, sequence, trace, cotangent, both.gradient);
  }
  return both;
}

Both fast_of(const Case& c) {
  const Transformer<double> m(c.options);
  Transformer<double>::Workspace workspace(m, c.n);
  Both both;
  both.outputs = fast_forward(c, workspace, m, c.theta);
  both.gradient.assign(static_cast<std::size_t>(c.table.size()), 0.0);
  m.backward(c.theta, c.inputs(), workspace, c.cotangent.data(), both.gradient);
  return both;
}

TEST(Transformer, ForwardAndGradientMatchTheReference) {
  for (std::uint64_t i = 0; i < kCases; ++i) {
    const Case c = any_case(i);
    const Both plain = reference_of(c), fast = fast_of(c);
    EXPECT_LE(distance(fast.outputs, plain.outputs), kDoubleTolerance * norm(plain.outputs)) << c.describe();
    EXPECT_LE(distance(fast.gradient, plain.gradient), 10 * kDoubleTolerance * norm(plain.gradient)) << c.describe();
  }
}

TEST(Transformer, EveryBlockMatchesCentralDifferences) {
  for (std::uint64_t i = 0; i < kCases; ++i) {
    const Case c = any_case(i);
    const Transformer<double> m(c.options);
    Transformer<double>::Workspace workspace(m, c.n);
    const Both fast = fast_of(c);
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
    std::vector<Dual> theta;
    std::vector<double> tangent;
    for (const double value : c.theta) {
      tangent.push_back(stream.normal());
      theta.emplace_back(value, tangent.back());
    }
    const auto trace = model::reference::forward(c.options, c.table, theta, c.sequence<Dual>(0));
    c.cotangent.resize(static_cast<std::size_t>(c.options.seq_len * c.options.outputs()));
    double left = 0, right = 0, jv = 0;
    std::size_t k = 0;
    for (const auto& row : trace.outputs)
      for (const auto& output : row) {
        jv += output.slope * output.slope;
        left += c.cotangent[k++] * output.slope;
      }
    const auto gradient = fast_of(c).gradient;
    for (std::size_t p = 0; p < gradient.size(); ++p) right += gradient[p] * tangent[p];
    EXPECT_LE(std::abs(left - right),
              1e-12 * std::max(norm(c.cotangent) * std::sqrt(jv), norm(gradient) * norm(tangent)))
        << c.describe();
  }
}

TEST(Transformer, FloatMatchesDouble) {
  for (std::uint64_t i = 0; i < kCases; ++i) {
    const Case c = any_case(i);
    const Both exact = fast_of(c);
    const Transformer<float> m(c.options);
    Transformer<float>::Workspace workspace(m, c.n);
    const std::vector<float> theta(c.theta.begin(), c.theta.end()), vectors(c.vectors.begin(), c.vectors.end()),
        cotangent(c.cotangent.begin(), c.cotangent.end());
    model::Inputs<float> in;
    in.n = c.n;
    if (c.options.reads_tokens())
      in.tokens = c.tokens.data();
    else
      in.vectors = vectors.data();
    std::vector<float> out(exact.outputs.size()), gradient(theta.size(), 0.0F);
    m.forward(theta, in, workspace, out.data());
    m.backward(theta, in, workspace, cotangent.data(), gradient);
    EXPECT_LE(distance({out.begin(), out.end()}, exact.outputs), 1e-4 * norm(exact.outputs)) << c.describe();
    // A relu unit whose input rounds across 0 switches its whole column: allowed for in the gradient of that
    // activation.
    const double tolerance = c.options.activation == model::Activation::relu ? 1e-2 : 1e-4;
    EXPECT_LE(distance({gradient.begin(), gradient.end()}, exact.gradient), tolerance * norm(exact.gradient))
        << c.describe();
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
      const std::int64_t j = c.options.seq_len / 2;  // perturb token j of the first sequence
      moved.tokens[static_cast<std::size_t>(j)] =
          static_cast<std::int32_t>((moved.tokens[static_cast<std::size_t>(j)] + 1) % c.options.vocab);
      for (std::int64_t d = 0; d < c.options.d_model; ++d)
        moved.vectors[static_cast<std::size_t>(j * c.options.d_model + d)] += 0.5 * (d % 2 == 0 ? 1 : -1);
      const auto after = fast_forward(moved, workspace, m, c.theta);
      const auto cut = static_cast<std::ptrdiff_t>(j * c.options.outputs());
      const bool past_same = std::equal(before.begin(), before.begin() + cut, after.begin());
      if (mask == model::Mask::causal) {
        EXPECT_TRUE(past_same) << c.describe();
      }
      // With one output direction the bidirectional past could stay put by accident only where attention sees d_model =
      // 1 rows (normalised to +-1), so the control is asked of wider models.
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
    const Both full = fast_of(c);
    auto wanted = subsets[i % subsets.size()];
    if (c.options.reads_tokens() && i % 2 == 0) wanted.emplace_back("embed");
    if (c.table.has(model::BlockKind::out) && i % 3 == 0) wanted = {"out"};
    const auto& blocks = c.table.blocks();
    if (i % 4 == 1) wanted = {model::trainable_name(blocks[i / 4 % blocks.size()])};
    c.options.trainable = wanted;
    c.table = model::ParameterTable(c.options);
    const Both part = fast_of(c), plain = reference_of(c);
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
  const auto together = fast_of(c).outputs;
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
