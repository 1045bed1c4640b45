// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "phaselaw/model/parameters.h"

// Biases of linear maps. Rows of y and dy are `stride` apart; a null block is no bias.
namespace phaselaw::model {

// y_t += scale b
template <class T>
void add_bias(const T* theta, const ParameterBlock* block, double scale, std::int64_t rows, T* y, std::int64_t stride) {
  if (block == nullptr) return;
  const T* const bias = theta + block->offset;
  const T s = static_cast<T>(scale);
  for (std::int64_t t = 0; t < rows; ++t) {
    T* const row = y + t * stride;
#pragma omp simd
    for (std::int64_t i = 0; i < block->rows; ++i) row[i] += s * bias[i];
  }
}

// db += scale sum_t dy_t
template <class T>
void bias_gradient(const ParameterBlock* block, double scale, std::int64_t rows, const T* dy, std::int64_t stride,
                   T* gradient) {
  if (block == nullptr) return;
  T* const sum = gradient + block->offset;
  const T s = static_cast<T>(scale);
  for (std::int64_t t = 0; t < rows; ++t) {
    const T* const row = dy + t * stride;
#pragma omp simd
    for (std::int64_t i = 0; i < block->rows; ++i) sum[i] += s * row[i];
  }
}

}  // namespace phaselaw::model
