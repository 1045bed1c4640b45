// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

// Plain loops over the rows of a matrix, `stride` numbers apart, that the linear maps need beside their products. They
// are called by base::Versions (base/instruction_set.h), which compiles them for each instruction set.
namespace phaselaw::model {

// y_t += s b for each row t
template <class T>
void add_to_rows(std::int64_t rows, std::int64_t width, T s, const T* b, T* y, std::int64_t stride) {
  for (std::int64_t t = 0; t < rows; ++t) {
    T* const row = y + t * stride;
#pragma omp simd
    for (std::int64_t i = 0; i < width; ++i) row[i] += s * b[i];
  }
}

// sum += s sum_t y_t
template <class T>
void add_up_rows(std::int64_t rows, std::int64_t width, T s, const T* y, std::int64_t stride, T* sum) {
  for (std::int64_t t = 0; t < rows; ++t) {
    const T* const row = y + t * stride;
#pragma omp simd
    for (std::int64_t i = 0; i < width; ++i) sum[i] += s * row[i];
  }
}

// y_ij = finish(y_ij, i, j)
template <class T, class Finish>
void finish_rows(std::int64_t rows, std::int64_t width, T* y, std::int64_t stride, const Finish& finish) {
  const Finish apply = finish;  // a copy: for all that the compiler knows, a write to y might change what it refers to
  for (std::int64_t i = 0; i < rows; ++i) {
    T* const row = y + i * stride;
#pragma omp simd
    for (std::int64_t j = 0; j < width; ++j) row[j] = apply(row[j], i, j);
  }
}

}  // namespace phaselaw::model
