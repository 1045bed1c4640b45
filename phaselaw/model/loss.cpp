// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/loss.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/model/elementwise.h"

namespace phaselaw::model {

template <class T>
double squared_error(std::int64_t count, const T* outputs, const T* targets, T scale, T* cotangent) {
  // Blocks of 4096 are summed in T's vector lanes, block sums in double: error about 4096/lanes eps(T) relative at
  // worst.
  constexpr std::int64_t kBlock = 4096;
  double sum = 0;
  for (std::int64_t start = 0; start < count; start += kBlock) {
    const std::int64_t end = std::min(count, start + kBlock);
    T part = 0;
#pragma omp simd reduction(+ : part)
    for (std::int64_t i = start; i < end; ++i) {
      const T residual = outputs[i] - targets[i];
      part += residual * residual;
    }
    if (cotangent != nullptr) {
#pragma omp simd
      for (std::int64_t i = start; i < end; ++i) cotangent[i] = 2 * scale * (outputs[i] - targets[i]);
    }
    sum += static_cast<double>(part);
  }
  return sum;
}

template <class T>
double cross_entropy(std::int64_t rows, std::int64_t vocab, const T* logits, const std::int32_t* targets, T scale,
                     T* cotangent) {
  double nats = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    const T* logit = logits + row * vocab;
    const T top = largest(vocab, logit);
    T total = 0;
    if (cotangent != nullptr) {
      T* out = cotangent + row * vocab;
#pragma omp simd reduction(+ : total)
      for (std::int64_t i = 0; i < vocab; ++i) {
        const T e = exponential(logit[i] - top);
        out[i] = e;
        total += e;
      }
      const T factor = scale / total;
#pragma omp simd
      for (std::int64_t i = 0; i < vocab; ++i) out[i] *= factor;
      out[targets[row]] -= scale;
    } else {
#pragma omp simd reduction(+ : total)
      for (std::int64_t i = 0; i < vocab; ++i) total += exponential(logit[i] - top);
    }
    nats += std::log(static_cast<double>(total)) - static_cast<double>(logit[targets[row]] - top);
  }
  return nats;
}

template double squared_error<float>(std::int64_t, const float*, const float*, float, float*);
template double squared_error<double>(std::int64_t, const double*, const double*, double, double*);
template double cross_entropy<float>(std::int64_t, std::int64_t, const float*, const std::int32_t*, float, float*);
template double cross_entropy<double>(std::int64_t, std::int64_t, const double*, const std::int32_t*, double, double*);

}  // namespace phaselaw::model
