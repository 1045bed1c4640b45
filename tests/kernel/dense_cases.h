// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <vector>

#include "model/random_model.h"
#include "phaselaw/kernel/kernel.h"
#include "phaselaw/kernel/reference/explicit_jacobian.h"

// Small random models for tests of the dense kernel, and their data in either precision.
namespace phaselaw::testing {

// As fill(), with parameters and inputs rounded to float: both precisions then see the same numbers.
inline void fill_single(Case& c, std::uint64_t seed) {
  c.tokens.clear();
  fill(c, seed);
  for (auto* values : {&c.theta, &c.vectors})
    for (double& x : *values) x = static_cast<double>(static_cast<float>(x));
}

// Sizes small enough for one VJP per output: L = 1, n = 1, primes and sizes next to panel edges occur; every
// activation, readout, mask, parametrisation and many trainable subsets.
inline Case small_case(std::uint64_t index) {
  numerics::RandomStream stream(20260307, "test/kernel-case", index);
  const auto pick = [&](const auto& values) { return values[stream.below(values.size())]; };
  Case c = random_case(index);
  auto& o = c.options;
  o.seq_len = pick(std::array{1, 2, 3, 5});
  o.d_model = pick(std::array{2, 3, 5, 8, 11, 16, 17});
  o.d_hidden = pick(std::array{1, 3, 16, 31});
  o.n_heads = pick(std::array{1, 2, 3});
  o.d_head = pick(std::array{1, 2, 5, 8});
  if (o.readout == model::Readout::linear) o.d_out = pick(std::array{1, 3, 19});
  if (o.readout != model::Readout::linear) o.d_out = 0;
  o.vocab = pick(std::array{2, 7});
  o.rms_eps = o.d_model <= 3 ? 0.1 : 1e-6;
  const std::array<std::vector<std::string>, 6> subsets{{{"all"},
                                                         {"all"},
                                                         {"mlp.up"},
                                                         {"attn.q", "attn.v"},
                                                         {"attn.k", "mlp.down", "embed"},
                                                         {"out", "attn.o", "embed"}}};
  o.trainable = pick(subsets);
  if (o.readout == model::Readout::identity && o.trainable.front() == "out") o.trainable = {"attn.o"};
  if (o.readout != model::Readout::tokens) std::erase(o.trainable, "embed");
  c.n = o.seq_len > 3 ? 2 : pick(std::array{1, 2, 3});
  fill_single(c, index);
  return c;
}

// Small models of the blocks that people train: every part, trained whole or one block of it.
inline Case small_block_case(std::uint64_t index) {
  numerics::RandomStream stream(20260308, "test/kernel-block", index);
  const auto pick = [&](const auto& values) { return values[stream.below(values.size())]; };
  Case c = random_block_case(index);
  auto& o = c.options;
  o.seq_len = pick(std::array{1, 2, 3, 4});
  o.d_hidden = pick(std::array{1, 3, 8});
  o.vocab = pick(std::array{2, 7});
  if (o.d_head > 6) o.d_head = 4;
  o.rms_eps = o.d_model <= 3 ? 0.1 : 1e-6;
  if (o.is_plain_block()) o.norm_gain = true;
  c.n = pick(std::array{1, 2, 3});
  c.table = model::ParameterTable(o);
  if (stream.below(3) == 0)
    o.trainable = {model::trainable_name(c.table.blocks()[stream.below(c.table.blocks().size())])};
  c.tokens.clear();
  fill(c, index);
  for (const auto& block : c.table.blocks())
    for (std::int64_t i = block.offset; block.is_vector() && i < block.offset + block.size(); ++i)
      c.theta[static_cast<std::size_t>(i)] += 0.5 * stream.normal();
  for (auto* values : {&c.theta, &c.vectors})
    for (double& x : *values) x = static_cast<double>(static_cast<float>(x));
  return c;
}

// Small encoder-decoders, of plain blocks and others, trained whole or one block of them.
inline Case small_encoder_case(std::uint64_t index) {
  numerics::RandomStream stream(20260309, "test/kernel-encoder", index);
  const auto pick = [&](const auto& values) { return values[stream.below(values.size())]; };
  Case c = random_encoder_case(index);
  auto& o = c.options;
  o.seq_len = pick(std::array{1, 2, 3});
  o.source_len = pick(std::array{0, 1, 2, 4});
  o.d_hidden = pick(std::array{1, 3, 8});
  o.vocab = pick(std::array{2, 7});
  o.rms_eps = o.d_model <= 3 ? 0.1 : 1e-6;
  c.n = pick(std::array{1, 2, 3});
  c.table = model::ParameterTable(o);
  if (stream.below(2) == 0)
    o.trainable = {model::trainable_name(c.table.blocks()[stream.below(c.table.blocks().size())])};
  fill_single(c, index);
  return c;
}

// The data of a case in precision T.
template <class T>
struct Batch {
  const Case& c;
  std::vector<T> theta, vectors;
  explicit Batch(const Case& source)
      : c(source),
        theta(source.theta.begin(), source.theta.end()),
        vectors(source.vectors.begin(), source.vectors.end()) {}
  [[nodiscard]] model::Inputs<T> inputs(std::int64_t first = 0, std::int64_t count = -1) const {
    model::Inputs<T> in;
    in.n = count < 0 ? c.n : count;
    if (c.options.reads_tokens())
      in.tokens = c.tokens.data() + first * c.options.input_len();
    else
      in.vectors = vectors.data() + first * c.options.input_len() * c.options.d_model;
    return in;
  }
};

inline std::string describe(const Case& c, const kernel::KernelOptions& options) {
  return base::to_json(base::write_fields(options), -1) + " n=" + std::to_string(c.n) + " " + c.describe();
}

template <class T>
bool is_symmetric_to_the_bit(const numerics::Matrix<T>& k) {
  for (std::int64_t i = 0; i < k.rows(); ++i)
    for (std::int64_t j = 0; j < i; ++j)
      if (!(k(i, j) == k(j, i))) return false;
  return true;
}

}  // namespace phaselaw::testing
