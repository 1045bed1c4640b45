// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/loss.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/model/reference/loss.h"
#include "phaselaw/numerics/random.h"

namespace phaselaw::model {
namespace {

struct Case {
  std::int64_t rows, vocab;
  std::vector<double> logits, p;
  std::vector<std::int32_t> targets;
  std::vector<double> entropies;
};

// Random logits and distributions; every third row has no target, and one probability of each row is 0.
Case random_case(std::int64_t rows, std::int64_t vocab, double scale) {
  Case c{rows, vocab, {}, {}, {}, {}};
  numerics::RandomStream stream(1, "loss", static_cast<std::uint64_t>(vocab));
  for (std::int64_t row = 0; row < rows; ++row) {
    c.targets.push_back(row % 3 == 1 ? -1 : static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(vocab))));
    double total = 0, entropy = 0;
    std::vector<double> p;
    for (std::int64_t v = 0; v < vocab; ++v) {
      c.logits.push_back(scale * stream.normal());
      p.push_back(v == 0 ? 0 : stream.uniform());
      total += p.back();
    }
    for (double& x : p) {
      x /= total;
      if (x > 0) entropy -= x * std::log(x);
      c.p.push_back(x);
    }
    c.entropies.push_back(entropy);
  }
  return c;
}

TEST(TokenLoss, IsThatOfThePlainTwin) {
  for (const std::int64_t vocab : {2, 7, 33})
    for (const double scale : {0.1, 5.0}) {
      const auto c = random_case(10, vocab, scale);
      const auto scored = static_cast<double>(reference::scored(c.targets));
      EXPECT_EQ(scored, 7);
      std::vector<double> cotangent(c.logits.size(), 1e9);  // rows without target must be written as well
      const double loss =
          cross_entropy<double>(c.rows, vocab, c.logits.data(), c.targets.data(), 1 / scored, cotangent.data());
      const double tolerance = 100 * std::numeric_limits<double>::epsilon() * (10 + scale);
      EXPECT_NEAR(loss / scored, reference::cross_entropy(c.logits, c.targets), tolerance);
      EXPECT_EQ(cross_entropy<double>(c.rows, vocab, c.logits.data(), c.targets.data(), 0, nullptr), loss);
      const auto plain = reference::cross_entropy_cotangent(c.logits, c.targets);
      for (std::size_t i = 0; i < plain.size(); ++i) EXPECT_NEAR(cotangent[i], plain[i], tolerance);
      const double risk =
          relative_entropy<double>(c.rows, vocab, c.logits.data(), c.targets.data(), c.p.data(), c.entropies.data());
      EXPECT_NEAR(risk / scored, reference::relative_entropy(c.logits, c.targets, c.p), tolerance);
    }
}

TEST(TokenLoss, FloatsGiveTheLossOfTheRoundedLogits) {
  auto c = random_case(10, 33, 3);
  const std::vector<float> rounded(c.logits.begin(), c.logits.end());
  c.logits.assign(rounded.begin(), rounded.end());
  const double scored = 7, tolerance = 100 * std::numeric_limits<double>::epsilon() * 13;
  const double risk =
      relative_entropy<float>(c.rows, c.vocab, rounded.data(), c.targets.data(), c.p.data(), c.entropies.data());
  EXPECT_NEAR(risk / scored, reference::relative_entropy(c.logits, c.targets, c.p), tolerance);
}

// The derivative of the loss by its definition: central differences of the plain twin.
TEST(TokenLoss, CotangentIsTheDerivative) {
  auto c = random_case(6, 5, 1);
  const auto scored = static_cast<double>(reference::scored(c.targets));
  std::vector<double> cotangent(c.logits.size());
  static_cast<void>(
      cross_entropy<double>(c.rows, c.vocab, c.logits.data(), c.targets.data(), 1 / scored, cotangent.data()));
  constexpr double kStep = 1e-5;
  for (std::size_t i = 0; i < c.logits.size(); ++i) {
    const double at = c.logits[i];
    c.logits[i] = at + kStep;
    const double above = reference::cross_entropy(c.logits, c.targets);
    c.logits[i] = at - kStep;
    const double below = reference::cross_entropy(c.logits, c.targets);
    c.logits[i] = at;
    // The third derivative of a log-sum-exp is below 1; rounding of the loss is 1e-15.
    EXPECT_NEAR(cotangent[i], (above - below) / (2 * kStep), kStep * kStep + 1e-15 / kStep);
  }
}

TEST(TokenLoss, RiskIsZeroAtTheDistributionItself) {
  auto c = random_case(10, 33, 1);
  for (std::size_t i = 0; i < c.p.size(); ++i) c.logits[i] = 3 + (c.p[i] > 0 ? std::log(c.p[i]) : -700);
  const double risk =
      relative_entropy<double>(c.rows, c.vocab, c.logits.data(), c.targets.data(), c.p.data(), c.entropies.data());
  EXPECT_LT(std::abs(risk / 7), 1e-13);
  // A certain distribution is allowed too: H = 0.
  const double logits[] = {40, 0, 0}, p[] = {1, 0, 0}, entropy = 0;
  const std::int32_t target = 0;
  EXPECT_NEAR(relative_entropy<double>(1, 3, logits, &target, p, &entropy), 2 * std::exp(-40.0), 1e-17);
}

}  // namespace
}  // namespace phaselaw::model
