// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "phaselaw/base/errors.h"
#include "phaselaw/data/options.h"
#include "phaselaw/model/options.h"

// Associations: K contexts to be remembered, of very different frequency.
//
//   P(rank k) = k^-alpha / sum_j j^-alpha, k = 1 .. K      p*(v | k) = softmax(z_k)_v,  z_kv ~ N(0, s^2)              [R]
//
// alpha = associations_exponent, s = associations_logit_std. A sequence is the context as seq_len digits in base
// B = ceil(K^(1/seq_len)), the most significant first; ranks are assigned to the codes 0 .. K-1 by a random permutation
// of the source's seed, so the digits say nothing about the rank. Only the last position has a target.
//
// Known exponents [T: Hutter 2021; Maloney et al. 2022]. With K infinite, a learner that stores each context it has
// seen has excess risk ~ D^-(alpha-1)/alpha after D sequences, and one that stores the M most frequent contexts
// perfectly and predicts uniform tokens for the others has ~ M^-(alpha-1). K truncates both.
//
// Training contexts are independent draws. Test contexts are drawn by systematic sampling: u_i = (i + u)/n_test with
// one uniform u, so the number of test sequences of a context differs from n_test P(k) by less than one, and the mean
// over the test set is an unbiased estimate with little noise. Ranks ascend along the test set, so a smaller test set
// is not the start of a larger one.
//
// Memory: K (16 bytes + V numbers for each context that was drawn).
namespace phaselaw::data {

// InputError for K > V^seq_len (the vocabulary is too small for the digits) and for rows above kMostRowBytes.
void validate_associations(const DataOptions& options, const model::ModelOptions& student, const base::Location& where);

class Associations {
 public:
  Associations(const DataOptions& options, const model::ModelOptions& student, std::uint64_t source_seed);

  [[nodiscard]] std::int64_t contexts() const { return static_cast<std::int64_t>(cumulative_.size()); }
  [[nodiscard]] double probability(std::int64_t rank) const;             // of rank 0 .. K-1
  [[nodiscard]] std::int64_t rank_at(double u) const;                    // by inversion, u in (0, 1)
  [[nodiscard]] std::int64_t digit_base() const { return base_; }        // B
  void digits(std::int64_t rank, std::span<std::int32_t> tokens) const;  // seq_len of them
  [[nodiscard]] std::span<const double> row(std::int64_t rank);          // p*(. | rank), valid as long as this

 private:
  std::int64_t vocab_, base_;
  double logit_std_;
  std::uint64_t seed_;
  std::vector<double> cumulative_;  // sums of k^-alpha
  std::vector<std::int64_t> code_;  // of a rank
  std::unordered_map<std::int64_t, std::vector<double>> rows_;
};

}  // namespace phaselaw::data
