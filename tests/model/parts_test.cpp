// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "phaselaw/model/elementwise.h"
#include "phaselaw/model/loss.h"
#include "phaselaw/model/parameters.h"
#include "phaselaw/numerics/random.h"

namespace phaselaw {
namespace {

TEST(Exponential, IsAccurateOverItsRange) {
  double worst_float = 0, worst_double = 0;
  for (double x = -86.9; x < 87.9; x += 0.00937)
    worst_float = std::max(worst_float, std::abs(static_cast<double>(model::exponential(static_cast<float>(x))) /
                                                     std::exp(static_cast<double>(static_cast<float>(x))) -
                                                 1));
  for (double x = -707.9; x < 708.9; x += 0.0937)
    worst_double = std::max(worst_double, std::abs(model::exponential(x) / std::exp(x) - 1));
  EXPECT_LT(worst_float, 2.7e-7);
  EXPECT_LT(worst_double, 4e-16 + 2.3e-16);  // ours and the library's rounding
  EXPECT_EQ(model::exponential(0.0), 1.0);
  EXPECT_EQ(model::exponential(0.0F), 1.0F);
  EXPECT_TRUE(std::isnan(model::exponential(std::nan(""))));
  EXPECT_TRUE(std::isnan(model::exponential(std::nanf(""))));
  EXPECT_GT(model::exponential(-1e30), 0.0);
  EXPECT_TRUE(std::isfinite(model::exponential(1e30)));
}

TEST(HyperbolicTangent, IsAccurateAndOdd) {
  for (double x = -20; x <= 20; x += 0.0137) {
    EXPECT_NEAR(model::hyperbolic_tangent(x), std::tanh(x), 4.5e-16);
    EXPECT_EQ(model::hyperbolic_tangent(-x), -model::hyperbolic_tangent(x));
  }
}

TEST(CrossEntropy, MatchesItsDefinitionAndItsDifferences) {
  const std::int64_t rows = 5, vocab = 13;
  numerics::RandomStream stream(1, "logits");
  std::vector<double> logits(static_cast<std::size_t>(rows * vocab)), cotangent(logits.size());
  std::vector<std::int32_t> targets;
  for (auto& x : logits) x = 3 * stream.normal();
  for (std::int64_t r = 0; r < rows; ++r) targets.push_back(static_cast<std::int32_t>(stream.below(13)));
  double expected = 0;
  for (std::int64_t r = 0; r < rows; ++r) {
    double sum = 0;
    for (std::int64_t i = 0; i < vocab; ++i) sum += std::exp(logits[static_cast<std::size_t>(r * vocab + i)]);
    expected += std::log(sum) - logits[static_cast<std::size_t>(r * vocab + targets[static_cast<std::size_t>(r)])];
  }
  const double scale = 0.25;
  const double nats = model::cross_entropy(rows, vocab, logits.data(), targets.data(), scale, cotangent.data());
  EXPECT_NEAR(nats, expected, 1e-13 * expected);
  EXPECT_NEAR(model::cross_entropy<double>(rows, vocab, logits.data(), targets.data(), scale, nullptr), nats,
              1e-13 * nats);
  const double h = 1e-5;
  for (std::size_t k = 0; k < logits.size(); ++k) {
    auto up = logits, down = logits;
    up[k] += h;
    down[k] -= h;
    const double slope = (model::cross_entropy<double>(rows, vocab, up.data(), targets.data(), scale, nullptr) -
                          model::cross_entropy<double>(rows, vocab, down.data(), targets.data(), scale, nullptr)) /
                         (2 * h);
    EXPECT_NEAR(cotangent[k], scale * slope, 1e-9);
  }
}

TEST(SquaredError, AddsUpAndHasItsGradient) {
  for (const std::int64_t count : {1, 7, 4096, 4097, 10000}) {
    numerics::RandomStream stream(2, "residual", static_cast<std::uint64_t>(count));
    std::vector<double> f, y, g(static_cast<std::size_t>(count));
    double expected = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      f.push_back(stream.normal());
      y.push_back(stream.normal());
      expected += (f.back() - y.back()) * (f.back() - y.back());
    }
    EXPECT_NEAR(model::squared_error(count, f.data(), y.data(), 0.5, g.data()), expected, 1e-13 * expected);
    for (std::size_t i = 0; i < g.size(); ++i) EXPECT_EQ(g[i], f[i] - y[i]);
  }
}

TEST(Parameters, TableIsContiguousAndNamed) {
  model::ModelOptions o;
  o.readout = model::Readout::tokens;
  o.n_layers = 2;
  const model::ParameterTable table(o);
  std::int64_t offset = 0;
  for (const auto& block : table.blocks()) {
    EXPECT_EQ(block.offset, offset) << block.name;
    offset += block.size();
  }
  EXPECT_EQ(table.size(), offset);
  EXPECT_EQ(table.at(model::BlockKind::attn_o, 1).name, "layers.1.attn.o");
  EXPECT_EQ(table.at(model::BlockKind::attn_o, 1).rows, o.d_model);
  EXPECT_EQ(table.at(model::BlockKind::mlp_down, 0).cols, o.d_hidden);
  EXPECT_EQ(table.at(model::BlockKind::out).rows, o.vocab);
  EXPECT_EQ(table.n_trainable(), table.size());
}

TEST(Parameters, InitialisationHasTheStatedVarianceInEveryParametrisation) {
  for (const auto parametrisation :
       {model::Parametrisation::ntk, model::Parametrisation::standard, model::Parametrisation::mup}) {
    model::ModelOptions o;
    o.d_model = 64;
    o.d_hidden = 128;
    o.n_heads = 4;
    o.d_head = 16;
    o.readout = model::Readout::linear;
    o.parametrisation = parametrisation;
    const model::ParameterTable table(o);
    const auto theta = model::initialise<double>(table, 5);
    for (const auto& block : table.blocks()) {
      double sum = 0;
      for (std::int64_t k = 0; k < block.size(); ++k)
        sum += theta[static_cast<std::size_t>(block.offset + k)] * theta[static_cast<std::size_t>(block.offset + k)];
      const double ratio = sum / (static_cast<double>(block.size()) * block.init_std * block.init_std);
      EXPECT_NEAR(ratio, 1, 5 * std::sqrt(2 / static_cast<double>(block.size()))) << block.name;  // 5 sigma
      // At the input of every product with unit-size rows: outputs of unit size (mup shrinks its readout on purpose).
      const double product = block.multiplier * block.init_std * std::sqrt(static_cast<double>(block.cols));
      if (parametrisation != model::Parametrisation::mup || block.layer >= 0) {
        EXPECT_NEAR(product, 1, 1e-15) << block.name;
      }
    }
  }
}

TEST(Parameters, BlocksDoNotDependOnOtherShapes) {
  model::ModelOptions narrow, deep;
  deep.n_layers = 3;
  const model::ParameterTable a(narrow), b(deep);
  const auto x = model::initialise<double>(a, 9), y = model::initialise<double>(b, 9);
  const auto &p = a.at(model::BlockKind::mlp_up, 1), &q = b.at(model::BlockKind::mlp_up, 1);
  for (std::int64_t k = 0; k < p.size(); ++k)
    EXPECT_EQ(x[static_cast<std::size_t>(p.offset + k)], y[static_cast<std::size_t>(q.offset + k)]);
}

TEST(Parameters, SignInitialisationIsPlusMinusOneAndFixedDownIsThePapersClass) {
  model::ModelOptions o;
  o.mlp_down_init = model::DownInit::sign;
  o.trainable = {"mlp.up"};
  const model::ParameterTable table(o);
  const auto theta = model::initialise<double>(table, 1);
  const auto& down = table.at(model::BlockKind::mlp_down, 0);
  for (std::int64_t k = 0; k < down.size(); ++k)
    EXPECT_EQ(std::abs(theta[static_cast<std::size_t>(down.offset + k)]), 1.0);
  EXPECT_EQ(table.n_trainable(), o.n_layers * o.d_hidden * o.d_model);
}

TEST(ModelOptions, RejectWhatDoesNotFit) {
  model::ModelOptions o;
  o.d_out = 3;
  EXPECT_THROW(model::validate(o), base::InputError);  // identity readout of another width
  o = {};
  o.trainable = {"mlp.upp"};
  try {
    model::validate(o);
    FAIL();
  } catch (const base::InputError& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean 'mlp.up'"), std::string::npos) << error.what();
  }
  o = {};
  o.trainable = {"embed"};
  EXPECT_THROW(model::validate(o), base::InputError);
  o = {};
  o.n_layers = 0;
  EXPECT_THROW(model::validate(o), base::InputError);
  o = {};
  o.d_hidden = std::int64_t{1} << 40;
  EXPECT_THROW(model::validate(o), base::InputError);
}

}  // namespace
}  // namespace phaselaw
