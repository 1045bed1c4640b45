// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>

#include "phaselaw/numerics/elementary.h"

// Scalar functions without branches, which the compiler turns into vector code, and the RMS normalisation of rows. Rows
// are called by base::Versions (base/instruction_set.h), which compiles them for each instruction set.
namespace phaselaw::model {

using numerics::exponential;

// The largest of count >= 1 numbers; the result is meaningless where one is NaN.
template <class T>
T largest(std::int64_t count, const T* x) {
  T top = x[0];
#pragma omp simd reduction(max : top)
  for (std::int64_t i = 0; i < count; ++i) top = x[i] > top ? x[i] : top;
  return top;
}

// tanh x, absolute error < 2 eps(T).
template <class T>
[[gnu::always_inline]] inline T hyperbolic_tangent(T x) {
  const T e = exponential(T(-2) * std::abs(x));
  return std::copysign((T(1) - e) / (T(1) + e), x);
}

// h = x inv_rms,  inv_rms = 1 / sqrt(||x||^2 / d + eps), row by row.
template <class T>
void rms_rows(std::int64_t rows, std::int64_t d, double eps, const T* x, T* h, T* inv_rms) {
  for (std::int64_t t = 0; t < rows; ++t) {
    const T* in = x + t * d;
    T* out = h + t * d;
    T sum = 0;
#pragma omp simd reduction(+ : sum)
    for (std::int64_t i = 0; i < d; ++i) sum += in[i] * in[i];
    const T scale = T(1) / std::sqrt(sum / static_cast<T>(d) + static_cast<T>(eps));
    inv_rms[t] = scale;
#pragma omp simd
    for (std::int64_t i = 0; i < d; ++i) out[i] = in[i] * scale;
  }
}

// dx += inv_rms (dh - h <h, dh> / d), row by row.
template <class T>
void rms_rows_backward(std::int64_t rows, std::int64_t d, const T* h, const T* inv_rms, const T* dh, T* dx) {
  for (std::int64_t t = 0; t < rows; ++t) {
    const T *normal = h + t * d, *in = dh + t * d;
    T* out = dx + t * d;
    T dot = 0;
#pragma omp simd reduction(+ : dot)
    for (std::int64_t i = 0; i < d; ++i) dot += normal[i] * in[i];
    const T mean = dot / static_cast<T>(d);
    const T scale = inv_rms[t];
#pragma omp simd
    for (std::int64_t i = 0; i < d; ++i) out[i] += scale * (in[i] - normal[i] * mean);
  }
}

}  // namespace phaselaw::model
