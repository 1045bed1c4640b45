// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "phaselaw/base/errors.h"
#include "phaselaw/data/options.h"
#include "phaselaw/model/options.h"

// A Markov chain of order k over V symbols, with random rows.
//
//   p*(v | c) = P_c[v],   c = the last k symbols,   P_c ~ Dirichlet(a b),   b_v = (v + 1)^-z / sum_u (u + 1)^-z     [R]
//
// a = markov_concentration, z = markov_zipf: the rows have mean b and variance b_v (1 - b_v)/(a + 1). Each row is drawn
// from its own stream (seed of the source, "markov/row", c) when it is first needed, so it depends neither on the data
// nor on the order of work. Dirichlet from Gamma(a b_v) variates, in logarithms, because these underflow for a b_v
// below 0.01 [T: Marsaglia and Tsang 2000].
//
// Sequences. Each begins with k symbols from b and kBurnIn steps, which are discarded, so its start is distributed like
// the chain after kBurnIn steps: stationary up to the chain's memory of that length. p* of a position is exact in any
// case. The target of position l is scored if its context is complete, l >= k - 1; so seq_len >= k is needed.
//
// Known quantity: the entropy rate h = sum_c pi(c) H(P_c), nats per token, which is the smallest possible test loss up
// to sampling. Memory: the rows that were visited, V numbers each.
namespace phaselaw::data {

inline constexpr std::int64_t kBurnIn = 64;

// InputError for a sequence shorter than the order, for V^k above 2^62, and for rows above kMostRowBytes.
void validate_markov(const DataOptions& options, const model::ModelOptions& student, const base::Location& where);

class MarkovChain {
 public:
  MarkovChain(const DataOptions& options, std::int64_t vocab, std::uint64_t source_seed);

  [[nodiscard]] std::uint64_t contexts() const { return contexts_; }  // V^k
  // The context after `symbol`: (c V + symbol) mod V^k, so the oldest symbol has the largest weight.
  [[nodiscard]] std::uint64_t next(std::uint64_t context, std::int32_t symbol) const {
    return (context * static_cast<std::uint64_t>(vocab_) + static_cast<std::uint64_t>(symbol)) % contexts_;
  }
  // P_c. The view stays valid as long as the chain.
  [[nodiscard]] std::span<const double> row(std::uint64_t context);
  [[nodiscard]] std::span<const double> base() const { return base_; }

 private:
  std::int64_t vocab_, order_;
  double concentration_;
  std::uint64_t seed_, contexts_;
  std::vector<double> base_;
  std::unordered_map<std::uint64_t, std::vector<double>> rows_;
};

// h of the stationary distribution pi, by power iteration with averaging until pi changes by less than 1e-12 in sum.
// Cost: V^(k+1) operations per iteration; for small chains. NaN if 10,000 iterations do not suffice.
[[nodiscard]] double entropy_rate(MarkovChain& chain);

}  // namespace phaselaw::data
