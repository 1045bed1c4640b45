// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "phaselaw/model/reference/transformer.h"
#include "phaselaw/model/transformer.h"
#include "phaselaw/numerics/random.h"

// Random models of every kind, with parameters, a batch and a cotangent, for property tests.
namespace phaselaw::testing {

struct Case {
  model::ModelOptions options;
  model::ParameterTable table{options};
  std::int64_t n = 1;
  std::vector<double> theta, vectors, cotangent;
  std::vector<std::int32_t> tokens;

  [[nodiscard]] std::string describe() const { return base::to_json(base::write_fields(options), -1); }

  [[nodiscard]] model::Inputs<double> inputs() const {
    model::Inputs<double> in;
    in.n = n;
    (options.reads_tokens() ? (void)(in.tokens = tokens.data()) : (void)(in.vectors = vectors.data()));
    return in;
  }

  template <class S>
  [[nodiscard]] model::reference::Sequence<S> sequence(std::int64_t which) const {
    model::reference::Sequence<S> s;
    const auto length = static_cast<std::size_t>(options.input_len()), d = static_cast<std::size_t>(options.d_model);
    if (options.reads_tokens()) {
      s.tokens.assign(tokens.begin() + which * options.input_len(), tokens.begin() + (which + 1) * options.input_len());
      return s;
    }
    for (std::size_t t = 0; t < length; ++t) {
      std::vector<S> row;
      for (std::size_t i = 0; i < d; ++i)
        row.push_back(S(vectors[(static_cast<std::size_t>(which) * length + t) * d + i]));
      s.vectors.push_back(row);
    }
    return s;
  }
};

inline void fill(Case& c, std::uint64_t seed) {
  c.table = model::ParameterTable(c.options);
  c.theta = model::initialise<double>(c.table, seed);
  numerics::RandomStream stream(seed, "test/batch");
  const auto rows = static_cast<std::size_t>(c.n * c.options.input_len()),
             d = static_cast<std::size_t>(c.options.d_model);
  c.vectors.assign(rows * d, 0);
  for (std::size_t r = 0; r < rows; ++r) {
    double sum = 0;
    for (std::size_t i = 0; i < d; ++i) sum += std::pow(c.vectors[r * d + i] = stream.normal(), 2);
    for (std::size_t i = 0; i < d; ++i) c.vectors[r * d + i] *= std::sqrt(static_cast<double>(d) / sum);
  }
  for (std::size_t r = 0; r < rows; ++r)
    c.tokens.push_back(static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(c.options.vocab))));
  c.cotangent.resize(static_cast<std::size_t>(c.n * c.options.seq_len * c.options.outputs()));
  for (auto& u : c.cotangent) u = stream.normal();
}

// Case `index`: sizes from 1 through primes to block edges, every activation, readout, mask and parametrisation.
inline Case random_case(std::uint64_t index) {
  numerics::RandomStream stream(20260101, "test/case", index);
  const auto pick = [&](const auto& values) { return values[stream.below(values.size())]; };
  Case c;
  auto& o = c.options;
  o.n_layers = pick(std::array{1, 2, 3});
  o.seq_len = pick(std::array{1, 2, 3, 7, 8, 31, 32, 33, 65});
  o.d_model = pick(std::array{1, 2, 5, 8, 16, 17});
  o.d_hidden = pick(std::array{1, 3, 8, 31, 64});
  o.n_heads = pick(std::array{1, 2, 3});
  o.d_head = pick(std::array{1, 2, 5, 8});
  o.readout = pick(std::array{model::Readout::identity, model::Readout::linear, model::Readout::tokens});
  if (o.readout == model::Readout::linear) o.d_out = pick(std::array{1, 3, 16});
  o.vocab = pick(std::array{2, 11, 64});
  o.activation = pick(model::activation_names()).second;
  o.parametrisation =
      pick(std::array{model::Parametrisation::ntk, model::Parametrisation::standard, model::Parametrisation::mup});
  o.mask = pick(std::array{model::Mask::causal, model::Mask::bidirectional});
  o.mlp_down_init = pick(std::array{model::DownInit::normal, model::DownInit::sign});
  o.branch_scale = pick(std::array{0.3, 0.7, 1.0});
  o.output_scale = pick(std::array{1.0, 2.5});
  o.rms_eps = o.d_model <= 2 ? 0.1 : 1e-6;  // a row of one number is its sign, smooth only on the scale sqrt(rms_eps)
  c.n = pick(std::array{1, 2, 3});
  fill(c, index);
  return c;
}

// Gains and biases leave their initial values, so that each shows in outputs and gradients.
inline void move_vectors(Case& c, numerics::RandomStream& stream) {
  for (const auto& block : c.table.blocks())
    if (block.is_vector())
      for (std::int64_t i = 0; i < block.size(); ++i)
        c.theta[static_cast<std::size_t>(block.offset + i)] += 0.5 * stream.normal();
}

// The same with random parts of the blocks that people train: norms, gains, biases, gate, positions, shared heads, tied
// embedding.
inline Case random_block_case(std::uint64_t index) {
  numerics::RandomStream stream(20260102, "test/block", index);
  const auto pick = [&](const auto& values) { return values[stream.below(values.size())]; };
  Case c = random_case(index);
  auto& o = c.options;
  o.norm = pick(std::array{model::Norm::rms, model::Norm::layernorm});
  o.norm_gain = pick(std::array{false, true});
  o.norm_bias = o.norm == model::Norm::layernorm && pick(std::array{false, true});
  o.linear_bias = pick(std::array{false, true});
  o.mlp = pick(std::array{model::Mlp::plain, model::Mlp::gated});
  o.positions = pick(std::array{model::Positions::learned, model::Positions::rotary, model::Positions::none});
  o.rotary_base = pick(std::array{10.0, 10000.0});
  o.tied_embedding = o.reads_tokens() && pick(std::array{false, true});
  if (o.positions == model::Positions::rotary) o.d_head = 2 * pick(std::array{1, 2, 3, 4});
  o.n_heads = pick(std::array{1, 2, 3, 4, 6});
  o.n_kv_heads = pick(std::array{0, 1, static_cast<int>(o.n_heads)});
  if (o.n_heads % 2 == 0 && pick(std::array{false, true})) o.n_kv_heads = o.n_heads / 2;
  if (o.norm == model::Norm::layernorm && o.d_model <= 2) o.rms_eps = 0.1;  // two centred numbers are their sign
  c.tokens.clear();
  fill(c, index);
  move_vectors(c, stream);
  return c;
}

// An encoder-decoder, of plain blocks or of those that people train.
inline Case random_encoder_case(std::uint64_t index) {
  numerics::RandomStream stream(20260103, "test/encoder", index);
  const auto pick = [&](const auto& values) { return values[stream.below(values.size())]; };
  Case c = index % 2 == 0 ? random_case(index / 2) : random_block_case(index / 2);
  auto& o = c.options;
  o.n_layers = pick(std::array{1, 2});
  o.n_encoder_layers = pick(std::array{1, 2});
  o.source_len = pick(std::array{0, 1, 2, 3, 7, 8, 31, 33, 65});
  c.tokens.clear();
  fill(c, index);
  move_vectors(c, stream);
  return c;
}

// All kinds in turn.
inline Case any_case(std::uint64_t index) {
  switch (index % 4) {
    case 0:
      return random_case(index / 4);
    case 1:
    case 2:
      return random_block_case(index / 2);
    default:
      return random_encoder_case(index / 4);
  }
}

// What an entry of a block is measured in: its spread at initialisation; 1 for gains and biases, which have none.
inline double entry_scale(const model::ParameterBlock& block) { return block.is_vector() ? 1 : block.init_std; }

inline std::vector<double> fast_forward(const Case& c, model::Transformer<double>::Workspace& workspace,
                                        const model::Transformer<double>& m, const std::vector<double>& theta) {
  std::vector<double> out(static_cast<std::size_t>(c.n * m.outputs_per_sequence()));
  m.forward(theta, c.inputs(), workspace, out.data());
  return out;
}

inline double norm(const std::vector<double>& x) {
  double sum = 0;
  for (const double v : x) sum += v * v;
  return std::sqrt(sum);
}

inline double distance(const std::vector<double>& x, const std::vector<double>& y) {
  std::vector<double> difference(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) difference[i] = x[i] - y[i];
  return norm(difference);
}

}  // namespace phaselaw::testing
