// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/data/markov.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/format.h"
#include "phaselaw/data/sources.h"

namespace phaselaw::data {

namespace {

using numerics::RandomStream;

// ln of a Gamma(shape) variate: Marsaglia and Tsang for shape + 1, times u^(1/shape).
double log_gamma_draw(RandomStream& stream, double shape) {
  const double d = shape + 1 - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = stream.normal(), t = 1 + c * x;
    if (t <= 0) continue;
    const double v = t * t * t;
    if (std::log(stream.uniform()) < 0.5 * x * x + d - d * v + d * std::log(v))
      return std::log(d * v) + std::log(stream.uniform()) / shape;
  }
}

Dataset draw(MarkovChain& chain, const DataOptions& options, const model::ModelOptions& student, std::uint64_t seed,
             bool test) {
  const std::int64_t n = test ? options.n_test : options.n_data, order = options.markov_order;
  Dataset set = token_dataset_of(student, n, test);
  const auto vocab = static_cast<std::size_t>(student.vocab);
  for (std::int64_t i = 0; i < n; ++i) {
    RandomStream stream(seed, test ? "markov/test" : "markov/train", static_cast<std::uint64_t>(i));
    std::uint64_t context = 0;
    for (std::int64_t l = 0; l < order; ++l) context = chain.next(context, draw_token(chain.base(), stream.uniform()));
    const auto step = [&] {
      const auto row = chain.row(context);
      const std::int32_t symbol = draw_token(row, stream.uniform());
      context = chain.next(context, symbol);
      return symbol;
    };
    for (std::int64_t l = 0; l < kBurnIn; ++l) static_cast<void>(step());
    std::int32_t symbol = step();
    for (std::int64_t l = 0; l < student.seq_len; ++l) {
      const auto at = static_cast<std::size_t>(i * student.seq_len + l);
      set.tokens[at] = symbol;
      const std::uint64_t before = context;
      symbol = step();
      if (l < order - 1) continue;
      set.next_tokens[at] = symbol;
      if (test) std::ranges::copy(chain.row(before), set.probabilities.begin() + static_cast<std::int64_t>(at * vocab));
    }
  }
  return set;
}

}  // namespace

void validate_markov(const DataOptions& options, const model::ModelOptions& student, const base::Location& where) {
  const std::int64_t order = options.markov_order, vocab = student.vocab;
  if (student.seq_len < order)
    throw base::InputError(where,
                           fmt::format("markov_order = {} needs seq_len >= {}, because the target of a position is "
                                       "scored only after {} tokens; found seq_len {}",
                                       order, order, order, student.seq_len));
  const double contexts = std::pow(static_cast<double>(vocab), static_cast<double>(order));
  if (contexts > 0x1p62)
    throw base::InputError(where,
                           fmt::format("p* cannot be evaluated: vocab^markov_order = {}^{} contexts are too many to "
                                       "number; reduce one of them",
                                       vocab, order));
  const double steps =
      static_cast<double>(options.n_data + options.n_test) * static_cast<double>(student.seq_len + kBurnIn + 1);
  const double rows = std::min(contexts, steps), bytes = rows * static_cast<double>(vocab) * sizeof(double);
  if (bytes > kMostRowBytes)
    throw base::InputError(where,
                           fmt::format("p* cannot be evaluated: up to {} contexts of {} probabilities need {} GiB, the "
                                       "limit is {} GiB; reduce vocab, markov_order or n_data",
                                       base::format_number(rows), vocab, base::format_number(bytes / (1 << 30)),
                                       kMostRowBytes / (1 << 30)));
}

MarkovChain::MarkovChain(const DataOptions& options, std::int64_t vocab, std::uint64_t source_seed)
    : vocab_(vocab),
      order_(options.markov_order),
      concentration_(options.markov_concentration),
      seed_(source_seed),
      contexts_(1),
      base_(static_cast<std::size_t>(vocab)) {
  for (std::int64_t k = 0; k < order_; ++k) contexts_ *= static_cast<std::uint64_t>(vocab);
  double total = 0;
  for (std::size_t v = 0; v < base_.size(); ++v)
    total += base_[v] = std::pow(static_cast<double>(v + 1), -options.markov_zipf);
  for (double& b : base_) b /= total;
}

std::span<const double> MarkovChain::row(std::uint64_t context) {
  auto& row = rows_[context];
  if (row.empty()) {
    row.resize(base_.size());
    RandomStream stream(seed_, "markov/row", context);
    for (std::size_t v = 0; v < row.size(); ++v) row[v] = log_gamma_draw(stream, concentration_ * base_[v]);
    softmax(row);
  }
  return row;
}

double entropy_rate(MarkovChain& chain) {
  const std::uint64_t contexts = chain.contexts();
  std::vector<double> pi(contexts, 1 / static_cast<double>(contexts)), moved(contexts);
  constexpr int kIterations = 10000;
  constexpr double kChange = 1e-12;
  for (int iteration = 0; iteration < kIterations; ++iteration) {
    std::ranges::fill(moved, 0.0);
    for (std::uint64_t c = 0; c < contexts; ++c) {
      const auto row = chain.row(c);
      for (std::size_t v = 0; v < row.size(); ++v) moved[chain.next(c, static_cast<std::int32_t>(v))] += pi[c] * row[v];
    }
    double change = 0;
    for (std::uint64_t c = 0; c < contexts; ++c) {
      // The average of pi and pi P has the same limit, and converges for a periodic chain too.
      const double next = 0.5 * (pi[c] + moved[c]);
      change += std::abs(next - pi[c]);
      pi[c] = next;
    }
    if (change > kChange) continue;
    double rate = 0;
    for (std::uint64_t c = 0; c < contexts; ++c)
      for (const double p : chain.row(c))
        if (p > 0) rate -= pi[c] * p * std::log(p);
    return rate;
  }
  return base::kNaN;
}

Split markov_split(const DataOptions& options, const model::ModelOptions& student, std::uint64_t seed) {
  MarkovChain chain(options, student.vocab, options.source_seed(seed));
  Split split;
  split.train = draw(chain, options, student, seed, false);
  split.test = draw(chain, options, student, seed, true);
  split.description =
      fmt::format("markov: order {}, {} symbols, concentration {}, Zipf exponent {}", options.markov_order,
                  student.vocab, options.markov_concentration, options.markov_zipf);
  return split;
}

}  // namespace phaselaw::data
