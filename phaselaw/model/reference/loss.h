// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

// The losses of tokens in plain loops, as model/loss.h defines them: the twin that tests compare with. Logits are not
// shifted, so they must stay within +-700.
namespace phaselaw::model::reference {

// ln softmax(logits).
inline std::vector<double> log_softmax(const std::vector<double>& logits) {
  double total = 0;
  for (const double z : logits) total += std::exp(z);
  std::vector<double> result = logits;
  for (double& z : result) z -= std::log(total);
  return result;
}

// Row `row` of a matrix of `width` columns.
inline std::vector<double> row_of(const std::vector<double>& matrix, std::size_t row, std::size_t width) {
  std::vector<double> result(width);
  for (std::size_t v = 0; v < width; ++v) result[v] = matrix[row * width + v];
  return result;
}

inline std::int64_t scored(const std::vector<std::int32_t>& targets) {
  std::int64_t count = 0;
  for (const auto target : targets) count += target >= 0 ? 1 : 0;
  return count;
}

// Mean nats per scored position.
inline double cross_entropy(const std::vector<double>& logits, const std::vector<std::int32_t>& targets) {
  const std::size_t vocab = logits.size() / targets.size();
  double sum = 0;
  for (std::size_t l = 0; l < targets.size(); ++l)
    if (targets[l] >= 0) sum -= log_softmax(row_of(logits, l, vocab))[static_cast<std::size_t>(targets[l])];
  return sum / static_cast<double>(scored(targets));
}

// Its derivative by each logit.
inline std::vector<double> cross_entropy_cotangent(const std::vector<double>& logits,
                                                   const std::vector<std::int32_t>& targets) {
  const std::size_t vocab = logits.size() / targets.size();
  std::vector<double> result(logits.size(), 0.0);
  for (std::size_t l = 0; l < targets.size(); ++l) {
    if (targets[l] < 0) continue;
    const auto log_p = log_softmax(row_of(logits, l, vocab));
    for (std::size_t v = 0; v < vocab; ++v) {
      const double hit = static_cast<std::size_t>(targets[l]) == v ? 1.0 : 0.0;
      result[l * vocab + v] = (std::exp(log_p[v]) - hit) / static_cast<double>(scored(targets));
    }
  }
  return result;
}

// Mean KL(p* || softmax(F)) per scored position.
inline double relative_entropy(const std::vector<double>& logits, const std::vector<std::int32_t>& targets,
                               const std::vector<double>& probabilities) {
  const std::size_t vocab = logits.size() / targets.size();
  double sum = 0;
  for (std::size_t l = 0; l < targets.size(); ++l) {
    if (targets[l] < 0) continue;
    const auto log_p = log_softmax(row_of(logits, l, vocab));
    for (std::size_t v = 0; v < vocab; ++v) {
      const double p = probabilities[l * vocab + v];
      if (p > 0) sum += p * (std::log(p) - log_p[v]);
    }
  }
  return sum / static_cast<double>(scored(targets));
}

}  // namespace phaselaw::model::reference
