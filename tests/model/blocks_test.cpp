// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <complex>

#include "model/passes.h"
#include "phaselaw/model/heads.h"

// What holds of the blocks that people train besides agreement with the reference (transformer_test, jvp_test): the
// defaults are the class without them, neutral values change nothing, and each part has a property of its own.
namespace phaselaw {
namespace {

using namespace testing;
using model::BlockKind;
using model::ModelOptions;
using model::Transformer;
using Doubles = std::vector<double>;

// Rounding of two ways through the same sums.
constexpr double kTolerance = 2 * kDoubleTolerance;

Doubles outputs_of(const Case& c, const Doubles& theta) {
  const Transformer<double> m(c.options);
  Transformer<double>::Workspace workspace(m, c.n);
  return fast_forward(c, workspace, m, theta);
}

Doubles gradient_of(const Case& c, const Doubles& theta) {
  const Transformer<double> m(c.options);
  Transformer<double>::Workspace workspace(m, c.n);
  (void)fast_forward(c, workspace, m, theta);
  Doubles gradient(theta.size(), 0.0);
  m.backward(theta, c.inputs(), workspace, c.cotangent.data(), gradient);
  return gradient;
}

std::span<double> block(const model::ParameterTable& table, Doubles& theta, BlockKind kind, std::int64_t layer) {
  const auto& b = table.at(kind, layer);
  return {theta.data() + b.offset, static_cast<std::size_t>(b.size())};
}

// The parameters of `from` by name, in the order of another table that has at least these.
Doubles carried(const model::ParameterTable& from, const Doubles& theta, const model::ParameterTable& to,
                Doubles start) {
  for (const auto& b : from.blocks()) {
    const auto* const target = to.find(b.kind, b.layer);
    EXPECT_NE(target, nullptr) << b.name;
    std::copy_n(theta.begin() + b.offset, b.size(), start.begin() + target->offset);
  }
  return start;
}

struct Golden {
  model::Readout readout;
  double first, last, output, outputs, gradient;
  std::size_t n_params;
};

TEST(Blocks, TheDefaultsAreTheClassWithoutThem) {
  // Made by the program as it was before it had these options; sums of absolute values.
  constexpr std::array kGolden{Golden{model::Readout::identity, 0.22656117374890017, 1.1440710365183597,
                                      2.5158967385815307, 123.61801218625541, 819.31934619861988, 6144},
                               Golden{model::Readout::linear, 0.22656117374890017, -0.20223484905147249,
                                      -0.36331047909601905, 140.3550292823453, 1139.1366347275007, 6400},
                               Golden{model::Readout::tokens, 0.72796125669197209, 1.5455818007140496,
                                      -0.22665037442410041, 75.20692336128991, 409.03368182897685, 6624}};
  const auto total = [](const Doubles& x) {
    double sum = 0;
    for (const double v : x) sum += std::abs(v);
    return sum;
  };
  for (const Golden& golden : kGolden) {
    Case c;
    c.options.readout = golden.readout;
    c.options.vocab = 11;
    ASSERT_TRUE(c.options.is_plain_block());
    fill(c, 7);
    for (std::size_t i = 0; i < c.vectors.size(); ++i) c.vectors[i] = std::cos(0.7 * static_cast<double>(i));
    for (std::size_t i = 0; i < c.tokens.size(); ++i) c.tokens[i] = static_cast<std::int32_t>(i * i % 11);
    for (std::size_t i = 0; i < c.cotangent.size(); ++i) c.cotangent[i] = std::sin(0.3 * static_cast<double>(i));
    ASSERT_EQ(c.theta.size(), golden.n_params);
    EXPECT_DOUBLE_EQ(c.theta.front(), golden.first);
    EXPECT_DOUBLE_EQ(c.theta.back(), golden.last);
    const Doubles outputs = outputs_of(c, c.theta);
    EXPECT_NEAR(outputs[0], golden.output, kTolerance * golden.outputs);
    EXPECT_NEAR(total(outputs), golden.outputs, kTolerance * golden.outputs);
    EXPECT_NEAR(total(gradient_of(c, c.theta)), golden.gradient, 10 * kTolerance * golden.gradient);
  }
  ModelOptions o;
  o.readout = model::Readout::tokens;
  o.n_layers = 1;
  std::vector<std::string> names;
  const model::ParameterTable table(o);
  for (const auto& b : table.blocks()) names.push_back(b.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"embed", "position", "layers.0.attn.q", "layers.0.attn.k", "layers.0.attn.v",
                                      "layers.0.attn.o", "layers.0.mlp.up", "layers.0.mlp.down", "out"}));
}

TEST(ModelOptions, TheSectionOfThePlainBlockIsTheBytesOfBefore) {
  ModelOptions o;
  const char* const before =
      R"({"n_layers":2,"seq_len":8,"d_model":16,"d_hidden":64,"n_heads":2,"d_head":8,"d_out":0,"vocab":256,)"
      R"("activation":"relu","parametrisation":"ntk","readout":"identity","mask":"causal","mlp_down_init":"normal",)"
      R"("branch_scale":0.7,"output_scale":1.0,"init_scale":1.0,"rms_eps":1e-06,"trainable":["all"]})";
  EXPECT_EQ(base::to_json(model::to_section(o), -1), before);
  o.mlp = model::Mlp::gated;
  o.n_kv_heads = 1;
  const base::Value section = model::to_section(o);
  EXPECT_EQ(section.at("mlp").text(), "gated");
  EXPECT_EQ(section.at("n_kv_heads").integer(), 1);
  EXPECT_EQ(section.find("norm"), nullptr);
  ModelOptions again;
  base::read_fields(section, again, "model");
  EXPECT_EQ(base::to_json(base::write_fields(again)), base::to_json(base::write_fields(o)));
}

TEST(Blocks, GainsOfOneAndBiasesOfZeroChangeNothing) {
  for (std::uint64_t i = 0; i < 60; ++i) {
    const Case plain = random_case(i);
    Case c = plain;
    c.options.norm_gain = c.options.linear_bias = true;
    c.options.n_kv_heads = c.options.n_heads;
    c.table = model::ParameterTable(c.options);
    const Doubles theta =
        carried(plain.table, plain.theta, c.table, model::initialise<double>(c.table, 1));  // gains 1, biases 0
    EXPECT_EQ(outputs_of(c, theta), outputs_of(plain, plain.theta)) << c.describe();
    Doubles shared = gradient_of(c, theta), back(plain.theta.size());
    for (const auto& b : plain.table.blocks())
      std::copy_n(shared.begin() + c.table.at(b.kind, b.layer).offset, b.size(), back.begin() + b.offset);
    EXPECT_EQ(back, gradient_of(plain, plain.theta)) << c.describe();
  }
}

TEST(Blocks, SharedHeadsAreRepeatedOnes) {
  for (std::uint64_t i = 0; i < 60; ++i) {
    Case c = random_block_case(i);
    c.options.n_heads = 6;
    c.options.n_kv_heads = std::array{1, 2, 3}[i % 3];
    c.tokens.clear();
    fill(c, i);
    Case whole = c;
    whole.options.n_kv_heads = 6;
    whole.table = model::ParameterTable(whole.options);
    Doubles theta(static_cast<std::size_t>(whole.table.size()));
    for (const auto& b : whole.table.blocks()) {
      const auto& from = c.table.at(b.kind, b.layer);
      const std::int64_t head = c.options.d_head * b.cols, group = 6 / c.options.n_kv_heads;
      for (std::int64_t k = 0; k < b.size(); ++k) {
        const std::int64_t source = from.size() == b.size() ? k : k / head / group * head + k % head;
        theta[static_cast<std::size_t>(b.offset + k)] = c.theta[static_cast<std::size_t>(from.offset + source)];
      }
    }
    const Doubles expected = outputs_of(whole, theta);
    EXPECT_LE(distance(outputs_of(c, c.theta), expected), kTolerance * norm(expected)) << c.describe();
  }
}

TEST(Blocks, LayernormSeesNoCommonShift) {
  for (std::uint64_t i = 0; i < 40; ++i) {
    Case c = random_block_case(i);
    if (c.options.reads_tokens()) continue;
    c.options.norm = model::Norm::layernorm;
    c.options.readout = model::Readout::identity;
    c.options.d_out = 0;
    c.tokens.clear();
    fill(c, i);
    const Doubles before = outputs_of(c, c.theta);
    Case moved = c;
    for (auto& x : moved.vectors) x += 3;
    Doubles after = outputs_of(moved, c.theta);
    for (auto& y : after) y -= 3 * c.options.output_scale;  // the stream carries the shift, the branches do not see it
    // Rounding is relative to the shifted stream, and the normalisation of a short row magnifies it.
    EXPECT_LE(distance(after, before), 100 * kTolerance * (norm(before) + 3 * std::sqrt(before.size())))
        << c.describe();
  }
}

TEST(Rotary, TurnsPairsByTheirFrequency) {
  ModelOptions o;
  o.positions = model::Positions::rotary;
  o.seq_len = 5;
  o.d_head = 6;
  o.rotary_base = 100;
  const model::Rotation<double> rotation(o);
  const std::int64_t heads = 2, stride = 17, rows = 10;
  numerics::RandomStream stream(3, "test/rotary");
  Doubles x(static_cast<std::size_t>(rows * stride));
  for (auto& v : x) v = stream.normal();
  Doubles turned = x;
  model::rotate_heads(o, rotation, rows, heads, 1, turned.data(), stride);
  for (std::int64_t t = 0; t < rows; ++t)
    for (std::int64_t k = 0; k < stride; ++k) {
      const auto at = static_cast<std::size_t>(t * stride + k);
      const std::int64_t head = k / 6, pair = k % 3;
      if (k >= 12) {
        EXPECT_EQ(turned[at], x[at]);
      } else if (k % 6 < 3) {
        const auto first = static_cast<std::size_t>(t * stride + head * 6 + pair);
        const std::complex<double> z(x[first], x[first + 3]);
        const double angle = static_cast<double>(t % 5) / std::cbrt(std::pow(100.0, static_cast<double>(pair)));
        const std::complex<double> w = z * std::polar(1.0, angle);
        EXPECT_NEAR(turned[first], w.real(), 1e-14);
        EXPECT_NEAR(turned[first + 3], w.imag(), 1e-14);
      }
    }
  model::rotate_heads(o, rotation, rows, heads, -1, turned.data(), stride);
  EXPECT_LE(distance(turned, x), 1e-14 * norm(x));
}

TEST(Rotary, ScoresDependOnTheDistanceOfTokensOnly) {
  ModelOptions o;
  o.positions = model::Positions::rotary;
  o.seq_len = 9;
  o.d_head = 8;
  const model::Rotation<double> rotation(o);
  numerics::RandomStream stream(4, "test/rotary");
  Doubles q(8), k(8);
  for (auto& v : q) v = stream.normal();
  for (auto& v : k) v = stream.normal();
  Doubles queries, keys;
  for (int t = 0; t < 9; ++t) {
    queries.insert(queries.end(), q.begin(), q.end());
    keys.insert(keys.end(), k.begin(), k.end());
  }
  model::rotate_heads(o, rotation, 9, 1, 1, queries.data(), 8);
  model::rotate_heads(o, rotation, 9, 1, 1, keys.data(), 8);
  const auto score = [&](std::size_t t, std::size_t s) {
    double sum = 0;
    for (std::size_t i = 0; i < 8; ++i) sum += queries[t * 8 + i] * keys[s * 8 + i];
    return sum;
  };
  for (std::size_t t = 1; t < 9; ++t)
    for (std::size_t s = 1; s <= t; ++s) EXPECT_NEAR(score(t, s), score(t - 1, s - 1), 1e-14 * norm(q) * norm(k));
  EXPECT_GT(std::abs(score(8, 0) - score(4, 0)), 1e-3 * norm(q) * norm(k));
}

TEST(Blocks, TheGradientOfATiedEmbeddingIsTheSumOfBoth) {
  for (std::uint64_t i = 0; i < 40; ++i) {
    Case tied = random_block_case(i);
    tied.options.readout = model::Readout::tokens;
    tied.options.d_out = 0;
    tied.options.tied_embedding = true;
    tied.options.parametrisation = model::Parametrisation::standard;  // equal multipliers of both uses
    tied.tokens.clear();
    fill(tied, i);
    Case untied = tied;
    untied.options.tied_embedding = false;
    untied.table = model::ParameterTable(untied.options);
    Doubles theta =
        carried(tied.table, tied.theta, untied.table, Doubles(static_cast<std::size_t>(untied.table.size())));
    const auto& embed = tied.table.at(BlockKind::embed);
    std::copy_n(tied.theta.begin() + embed.offset, embed.size(),
                theta.begin() + untied.table.at(BlockKind::out).offset);
    const Doubles expected = outputs_of(untied, theta);
    EXPECT_LE(distance(outputs_of(tied, tied.theta), expected), kTolerance * norm(expected));
    Doubles separate = gradient_of(untied, theta), joined = gradient_of(tied, tied.theta), sum;
    const auto a = block(untied.table, separate, BlockKind::embed, -1),
               b = block(untied.table, separate, BlockKind::out, -1);
    for (std::size_t k = 0; k < a.size(); ++k) sum.push_back(a[k] + b[k]);
    const auto found = block(tied.table, joined, BlockKind::embed, -1);
    EXPECT_LE(distance({found.begin(), found.end()}, sum), 10 * kTolerance * norm(separate)) << tied.describe();
  }
}

TEST(Parameters, ScalesOfGainsBiasesAndTiedEmbeddings) {
  for (const auto parametrisation :
       {model::Parametrisation::ntk, model::Parametrisation::standard, model::Parametrisation::mup}) {
    ModelOptions o;
    o.readout = model::Readout::tokens;
    o.d_model = 32;
    o.d_hidden = 96;
    o.n_heads = 4;
    o.n_kv_heads = 2;
    o.parametrisation = parametrisation;
    o.norm = model::Norm::layernorm;
    o.norm_gain = o.norm_bias = o.linear_bias = o.tied_embedding = true;
    o.mlp = model::Mlp::gated;
    const model::ParameterTable table(o);
    const auto theta = model::initialise<double>(table, 3);
    const bool mup = parametrisation == model::Parametrisation::mup;
    std::size_t vectors = 0;
    for (const auto& b : table.blocks()) {
      if (!b.is_vector()) continue;
      ++vectors;
      EXPECT_EQ(b.cols, 1) << b.name;
      EXPECT_EQ(b.multiplier, 1) << b.name;
      EXPECT_EQ(b.adam_factor, 1) << b.name;
      EXPECT_EQ(b.sgd_factor, mup ? static_cast<double>(b.rows) / 64 : 1) << b.name;
      const double value = b.name.ends_with("_gain") ? 1 : 0;
      for (std::int64_t k = 0; k < b.size(); ++k)
        ASSERT_EQ(theta[static_cast<std::size_t>(b.offset + k)], value) << b.name;
    }
    EXPECT_EQ(vectors, 2U * (2 * 2 + 4 + 3) + 2U);
    EXPECT_EQ(table.at(BlockKind::attn_k_bias, 1).rows, 16);
    EXPECT_EQ(table.at(BlockKind::mlp_gate, 1).init_std, table.at(BlockKind::mlp_up, 1).init_std);
    EXPECT_EQ(table.at(BlockKind::mlp_gate, 1).adam_factor, table.at(BlockKind::mlp_up, 1).adam_factor);
    const auto& embed = table.at(BlockKind::embed);
    EXPECT_EQ(table.readout(), &embed);
    EXPECT_EQ(embed.multiplier, 1);
    // Logits of unit size at the start (mup: smaller by the root of the width, on purpose).
    EXPECT_NEAR(table.readout_multiplier() * embed.init_std * std::sqrt(32.0), mup ? 1 / std::sqrt(32.0) : 1, 1e-15);
  }
}

TEST(ModelOptions, RejectPartsThatDoNotFit) {
  const auto message = [](auto&& change) {
    ModelOptions o;
    change(o);
    try {
      model::validate(o);
    } catch (const base::InputError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  const auto expect = [&](auto&& change, const std::string& part) {
    const std::string found = message(change);
    EXPECT_NE(found.find(part), std::string::npos) << found;
  };
  expect([](auto& o) { o.norm_bias = true; }, "norm_bias needs norm = \"layernorm\"");
  expect([](auto& o) { o.positions = model::Positions::rotary, o.d_head = 3; }, "even d_head, found 3");
  expect([](auto& o) { o.tied_embedding = true; }, "tied_embedding needs readout \"tokens\"");
  expect([](auto& o) { o.n_heads = 4, o.n_kv_heads = 3; }, "n_kv_heads must divide n_heads = 4, found 3");
  expect([](auto& o) { o.n_kv_heads = -1; }, "n_kv_heads");
  expect([](auto& o) { o.rotary_base = 1; }, "rotary_base");
  expect([](auto& o) { o.trainable = {"mlp.gate"}; }, "no such block");
  expect([](auto& o) { o.trainable = {"attn.norm_gan"}; }, "did you mean 'attn.norm_gain'");
  expect([](auto& o) { o.readout = model::Readout::tokens, o.tied_embedding = true, o.trainable = {"out"}; },
         "name embed");
  EXPECT_EQ(message([](auto& o) { o.mlp = model::Mlp::gated, o.trainable = {"mlp.gate"}; }), "accepted");
}

}  // namespace
}  // namespace phaselaw
