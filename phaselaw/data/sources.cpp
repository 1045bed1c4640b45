// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/data/sources.h"

#include <algorithm>
#include <cmath>

namespace phaselaw::data {

Dataset dataset_of(const model::ModelOptions& student, std::int64_t n) {
  Dataset set;
  set.n = n;
  set.seq_len = student.seq_len;
  set.d_in = student.d_model;
  set.d_out = student.outputs();
  return set;
}

Dataset token_dataset_of(const model::ModelOptions& student, std::int64_t n, bool distribution) {
  Dataset set = dataset_of(student, n);
  const auto positions = static_cast<std::size_t>(n * student.seq_len);
  set.tokens.resize(positions);
  set.next_tokens.assign(positions, kNoTarget);
  if (distribution) set.probabilities.resize(positions * static_cast<std::size_t>(student.vocab));
  return set;
}

void draw_normalised(numerics::RandomStream& stream, std::span<double> row) {
  double square = 0;
  for (double& value : row) {
    value = stream.normal();
    square += value * value;
  }
  const double scale = std::sqrt(static_cast<double>(row.size()) / square);
  for (double& value : row) value *= scale;
}

std::int32_t draw_token(std::span<const double> p, double u) {
  std::size_t last = 0;  // rounding may leave u above the sum of all
  for (std::size_t v = 0; v < p.size(); ++v) {
    if (p[v] > 0) last = v;
    u -= p[v];
    if (u < 0) break;
  }
  return static_cast<std::int32_t>(last);
}

void softmax(std::span<double> values) {
  const double top = *std::max_element(values.begin(), values.end());
  double total = 0;
  for (double& value : values) total += value = std::exp(value - top);
  for (double& value : values) value /= total;
}

}  // namespace phaselaw::data
