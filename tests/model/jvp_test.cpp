// SPDX-License-Identifier: Apache-2.0

#include <gtest/gtest.h>

#include "count_allocations.h"
#include "model/passes.h"

namespace phaselaw {
namespace {

using namespace testing;
using model::Transformer;
using Doubles = std::vector<double>;

constexpr std::uint64_t kCases = 480;

// A sum of two chains of products.
constexpr double kTolerance = 2 * kDoubleTolerance;

Doubles random_tangent(const Case& c, std::uint64_t seed) {
  numerics::RandomStream stream(seed, "test/tangent");
  Doubles tangent(c.theta.size());
  for (auto& v : tangent) v = stream.normal();
  return tangent;
}

// The model of a case after one forward pass, ready for products.
struct Ready {
  const Case& c;
  Transformer<double> m{c.options};
  Transformer<double>::Workspace workspace{m, c.n + 1};  // larger than the batch, as the last batch of a set meets it
  Transformer<double>::TangentWorkspace tangents{m, c.n + 1};

  explicit Ready(const Case& of) : c(of) { (void)fast_forward(c, workspace, m, c.theta); }

  Doubles jvp(const Doubles& tangent) {
    Doubles out(static_cast<std::size_t>(c.n * m.outputs_per_sequence()), std::nan(""));
    m.jvp(c.theta, c.inputs(), workspace, tangents, tangent, out.data());
    return out;
  }
  Doubles vjp(const Doubles& cotangent) {
    Doubles gradient(c.theta.size(), 0.0);
    m.backward(c.theta, c.inputs(), workspace, cotangent.data(), gradient);
    return gradient;
  }
};

Doubles only(const Case& c, const std::vector<bool>& blocks, Doubles x) {
  for (std::size_t b = 0; b < blocks.size(); ++b) {
    const auto& block = c.table.blocks()[b];
    if (!blocks[b]) std::fill_n(x.begin() + block.offset, block.size(), 0.0);
  }
  return x;
}

// Random subsets of the blocks, among them single ones; embed and positions together.
std::vector<bool> random_selection(const Case& c, std::uint64_t seed) {
  numerics::RandomStream stream(seed, "test/selection");
  std::vector<bool> blocks(c.table.blocks().size());
  const bool one = stream.below(2) == 0;
  const std::size_t chosen = stream.below(blocks.size());
  for (std::size_t b = 0; b < blocks.size(); ++b) blocks[b] = one ? b == chosen : stream.below(2) == 0;
  for (std::size_t b = 0; b < blocks.size(); ++b)
    if (model::is_position(c.table.blocks()[b].kind)) blocks[b] = blocks[0];
  return blocks;
}

TEST(Jvp, IsTheAdjointOfBackward) {
  for (std::uint64_t i = 0; i < kCases; ++i) {
    const Case c = any_case(i);
    Ready ready(c);
    const Doubles v = random_tangent(c, i);
    const Doubles jv = ready.jvp(v), gradient = ready.vjp(c.cotangent);
    EXPECT_LE(std::abs(dot(jv, c.cotangent) - dot(v, gradient)),
              1e-12 * std::max(norm(jv) * norm(c.cotangent), norm(v) * norm(gradient)))
        << c.describe();
  }
}

TEST(Jvp, IsTheAdjointOfBackwardOnEverySelection) {
  for (std::uint64_t i = 0; i < kCases; ++i) {
    const Case c = any_case(i);
    Ready ready(c);
    const Doubles v = random_tangent(c, i), all = ready.vjp(c.cotangent);
    const auto blocks = random_selection(c, i);
    const Doubles masked = ready.jvp(only(c, blocks, v));
    ready.workspace.select(ready.m, blocks);
    const Doubles jv = ready.jvp(v), gradient = ready.vjp(c.cotangent);
    // Selecting is the same as masking: the products that are skipped are those with zero.
    EXPECT_LE(distance(jv, masked), kTolerance * norm(masked)) << c.describe();
    EXPECT_EQ(gradient, only(c, blocks, gradient)) << "touched a block that is not selected: " << c.describe();
    EXPECT_LE(distance(gradient, only(c, blocks, all)), kTolerance * norm(all)) << c.describe();
    EXPECT_LE(std::abs(dot(jv, c.cotangent) - dot(v, gradient)),
              1e-12 * std::max(norm(jv) * norm(c.cotangent), norm(v) * norm(all)))
        << c.describe();
  }
}

TEST(Jvp, MatchesDualNumbersThroughTheReference) {
  for (std::uint64_t i = 0; i < kCases; ++i) {
    const Case c = any_case(i);
    Ready ready(c);
    const Doubles v = random_tangent(c, i);
    const Doubles exact = reference_tangent(c, v);
    EXPECT_LE(distance(ready.jvp(v), exact), kTolerance * norm(exact)) << c.describe();
  }
}

TEST(Jvp, MatchesCentralDifferences) {
  for (std::uint64_t i = 0; i < kCases; ++i) {
    const Case c = any_case(i);
    Ready ready(c);
    Doubles v = random_tangent(c, i);
    for (const auto& block : c.table.blocks())
      for (std::int64_t k = block.offset; k < block.offset + block.size(); ++k)
        v[static_cast<std::size_t>(k)] *= entry_scale(block);
    const Doubles jv = ready.jvp(v);
    // Fourth-order differences: error h^4 + eps |f| / h; at h = 3e-5 (of a unit direction) both stay below 1e-8.
    const double h = 3e-5 / norm(v);
    const auto at = [&](double step) {
      Doubles theta = c.theta;
      for (std::size_t p = 0; p < theta.size(); ++p) theta[p] += step * v[p];
      return fast_forward(c, ready.workspace, ready.m, theta);
    };
    const Doubles p1 = at(h), m1 = at(-h), p2 = at(2 * h), m2 = at(-2 * h);
    Doubles slope(jv.size());
    for (std::size_t k = 0; k < jv.size(); ++k) slope[k] = (8 * (p1[k] - m1[k]) - (p2[k] - m2[k])) / (12 * h);
    // relu has kinks: where one lies inside the step, the difference quotient is only first-order.
    const double tolerance = c.options.activation == model::Activation::relu ? 1e-3 : 1e-7;
    EXPECT_LE(distance(slope, jv), tolerance * std::max(norm(jv), 1e-3 * norm(v) * norm(p1))) << c.describe();
  }
}

TEST(Jvp, ReadsTrainableBlocksOnly) {
  Case c;
  c.options.trainable = {"attn.k", "mlp.up"};
  c.options.readout = model::Readout::tokens;
  c.options.vocab = 11;
  c.n = 2;
  fill(c, 4);
  Ready ready(c);
  Doubles v = random_tangent(c, 4);
  const Doubles jv = ready.jvp(v);
  for (const auto& block : c.table.blocks())
    if (!block.trainable) std::fill_n(v.begin() + block.offset, block.size(), std::nan(""));
  EXPECT_EQ(ready.jvp(v), jv);
  EXPECT_GT(norm(jv), 0.0);
}

TEST(Jvp, NothingSelectedIsZero) {
  for (std::uint64_t i = 0; i < 20; ++i) {
    const Case c = any_case(i);
    Ready ready(c);
    ready.workspace.select(ready.m, std::vector<bool>(c.table.blocks().size(), false));
    EXPECT_EQ(norm(ready.jvp(random_tangent(c, i))), 0.0) << c.describe();
  }
}

TEST(Jvp, AllocatesNothing) {
  for (std::uint64_t i = 0; i < 80; ++i) {
    const Case c = any_case(i);
    Ready ready(c);
    const Doubles v = random_tangent(c, i);
    Doubles out(static_cast<std::size_t>(c.n * ready.m.outputs_per_sequence()));
    const auto inputs = c.inputs();
    const long before = allocations.load();
    ASSERT_GT(before, 0) << "the counter does not count";
    ready.m.jvp(c.theta, inputs, ready.workspace, ready.tangents, v, out.data());
    EXPECT_EQ(allocations.load(), before) << c.describe();
  }
}

TEST(Transformer, ForwardAndBackwardAllocateNothing) {
  for (std::uint64_t i = 0; i < 80; ++i) {
    const Case c = any_case(i);
    const Transformer<double> m(c.options);
    Transformer<double>::Workspace workspace(m, c.n);
    std::vector<double> out(static_cast<std::size_t>(c.n * m.outputs_per_sequence())), gradient(c.theta.size());
    const auto inputs = c.inputs();
    const long before = allocations.load();
    ASSERT_GT(before, 0) << "the counter does not count";
    m.forward(c.theta, inputs, workspace, out.data());
    m.backward(c.theta, inputs, workspace, c.cotangent.data(), gradient);
    EXPECT_EQ(allocations.load(), before) << c.describe();
  }
}

TEST(Jvp, FloatMatchesDouble) {
  for (std::uint64_t i = 0; i < kCases; ++i) {
    const Case c = any_case(i);
    Ready ready(c);
    const Doubles tangent = random_tangent(c, i), exact = ready.jvp(tangent);
    const Transformer<float> m(c.options);
    Transformer<float>::Workspace workspace(m, c.n);
    Transformer<float>::TangentWorkspace tangents(m, c.n);
    const std::vector<float> theta(c.theta.begin(), c.theta.end()), vectors(c.vectors.begin(), c.vectors.end()),
        v(tangent.begin(), tangent.end());
    model::Inputs<float> in;
    in.n = c.n;
    if (c.options.reads_tokens())
      in.tokens = c.tokens.data();
    else
      in.vectors = vectors.data();
    std::vector<float> out(exact.size());
    m.forward(theta, in, workspace, out.data());
    m.jvp(theta, in, workspace, tangents, v, out.data());
    // If the input of a relu unit rounds across 0, its whole column changes; the tolerance of relu allows for this.
    const double tolerance = c.options.activation == model::Activation::relu ? 1e-2 : 1e-4;
    EXPECT_LE(distance(Doubles(out.begin(), out.end()), exact), tolerance * norm(exact)) << c.describe();
  }
}

}  // namespace
}  // namespace phaselaw
