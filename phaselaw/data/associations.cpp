// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/data/associations.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/format.h"
#include "phaselaw/data/sources.h"

namespace phaselaw::data {

namespace {

using numerics::RandomStream;

// base^length >= contexts, without overflow.
bool holds(std::int64_t base, std::int64_t length, std::int64_t contexts) {
  std::int64_t codes = 1;
  for (std::int64_t l = 0; l < length && codes < contexts; ++l) {
    if (codes > contexts / base) return true;
    codes *= base;
  }
  return codes >= contexts;
}

// The smallest B >= 2 with B^length >= contexts.
std::int64_t digit_base_of(std::int64_t contexts, std::int64_t length) {
  auto base = static_cast<std::int64_t>(std::pow(static_cast<double>(contexts), 1.0 / static_cast<double>(length))) - 1;
  base = std::max<std::int64_t>(base, 2);
  while (!holds(base, length, contexts)) ++base;
  return base;
}

Dataset draw(Associations& source, const DataOptions& options, const model::ModelOptions& student, std::uint64_t seed,
             bool test) {
  const std::int64_t n = test ? options.n_test : options.n_data;
  Dataset set = token_dataset_of(student, n, test);
  const double shift = RandomStream(seed, "associations/strata").uniform();
  const auto length = static_cast<std::size_t>(student.seq_len), vocab = static_cast<std::size_t>(student.vocab);
  for (std::int64_t i = 0; i < n; ++i) {
    RandomStream stream(seed, test ? "associations/test" : "associations/train", static_cast<std::uint64_t>(i));
    const double u = test ? (static_cast<double>(i) + shift) / static_cast<double>(n) : stream.uniform();
    const std::int64_t rank = source.rank_at(u);
    const auto end = (static_cast<std::size_t>(i) + 1) * length;
    source.digits(rank, std::span(set.tokens).subspan(end - length, length));
    const auto row = source.row(rank);
    set.next_tokens[end - 1] = draw_token(row, stream.uniform());
    if (test) std::ranges::copy(row, set.probabilities.begin() + static_cast<std::int64_t>((end - 1) * vocab));
  }
  return set;
}

}  // namespace

void validate_associations(const DataOptions& options, const model::ModelOptions& student,
                           const base::Location& where) {
  const std::int64_t contexts = options.associations_contexts, base = digit_base_of(contexts, student.seq_len);
  if (base > student.vocab)
    throw base::InputError(where,
                           fmt::format("associations_contexts = {} needs {} digits in base {}, so vocab must be at "
                                       "least {}; found {}; raise vocab or seq_len",
                                       contexts, student.seq_len, base, base, student.vocab));
  const double rows = std::min(static_cast<double>(contexts), static_cast<double>(options.n_data + options.n_test));
  const double bytes =
      16.0 * static_cast<double>(contexts) + rows * static_cast<double>(student.vocab) * sizeof(double);
  if (bytes > kMostRowBytes)
    throw base::InputError(
        where, fmt::format("p* cannot be evaluated: {} contexts and up to {} distributions of {} "
                           "probabilities need {} GiB, the limit is {} GiB; reduce associations_contexts "
                           "or vocab",
                           contexts, base::format_number(rows), student.vocab, base::format_number(bytes / (1 << 30)),
                           kMostRowBytes / (1 << 30)));
}

Associations::Associations(const DataOptions& options, const model::ModelOptions& student, std::uint64_t source_seed)
    : vocab_(student.vocab),
      base_(digit_base_of(options.associations_contexts, student.seq_len)),
      logit_std_(options.associations_logit_std),
      seed_(source_seed),
      cumulative_(static_cast<std::size_t>(options.associations_contexts)),
      code_(RandomStream(source_seed, "associations/code").permutation(options.associations_contexts)) {
  double sum = 0;
  for (std::size_t k = 0; k < cumulative_.size(); ++k)
    cumulative_[k] = sum += std::pow(static_cast<double>(k + 1), -options.associations_exponent);
}

double Associations::probability(std::int64_t rank) const {
  const auto k = static_cast<std::size_t>(rank);
  return (cumulative_[k] - (k == 0 ? 0 : cumulative_[k - 1])) / cumulative_.back();
}

std::int64_t Associations::rank_at(double u) const {
  const auto at = std::upper_bound(cumulative_.begin(), cumulative_.end(), u * cumulative_.back());
  return std::min<std::int64_t>(at - cumulative_.begin(), contexts() - 1);
}

void Associations::digits(std::int64_t rank, std::span<std::int32_t> tokens) const {
  std::int64_t code = code_[static_cast<std::size_t>(rank)];
  for (std::size_t l = tokens.size(); l-- > 0; code /= base_) tokens[l] = static_cast<std::int32_t>(code % base_);
}

std::span<const double> Associations::row(std::int64_t rank) {
  auto& row = rows_[rank];
  if (row.empty()) {
    row.resize(static_cast<std::size_t>(vocab_));
    RandomStream stream(seed_, "associations/logits", static_cast<std::uint64_t>(rank));
    for (double& logit : row) logit = logit_std_ * stream.normal();
    softmax(row);
  }
  return row;
}

Split associations_split(const DataOptions& options, const model::ModelOptions& student, std::uint64_t seed) {
  Associations source(options, student, options.source_seed(seed));
  Split split;
  split.train = draw(source, options, student, seed, false);
  split.test = draw(source, options, student, seed, true);
  split.description = fmt::format(
      "associations: {} contexts of {} digits in base {}, exponent {}, deviation of the logits {}", source.contexts(),
      student.seq_len, source.digit_base(), options.associations_exponent, options.associations_logit_std);
  return split;
}

}  // namespace phaselaw::data
