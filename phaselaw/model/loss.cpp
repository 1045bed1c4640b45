// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/loss.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/instruction_set.h"
#include "phaselaw/model/elementwise.h"

namespace phaselaw::model {

// The loops are called by base::Versions, which compiles them for each instruction set.
namespace {

template <class T>
double squared_error_loop(std::int64_t count, const T* outputs, const T* targets, T scale, T* cotangent) {
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
double cross_entropy_loop(std::int64_t rows, std::int64_t vocab, const T* logits, const std::int32_t* targets, T scale,
                          T* cotangent) {
  double nats = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    if (targets[row] < 0) {
      if (cotangent != nullptr) std::fill_n(cotangent + row * vocab, vocab, T(0));
      continue;
    }
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

template <class T>
double relative_entropy_loop(std::int64_t rows, std::int64_t vocab, const T* logits, const std::int32_t* targets,
                             const double* probabilities, const double* entropies) {
  double nats = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    if (targets[row] < 0) continue;
    const T* logit = logits + row * vocab;
    const double* p = probabilities + row * vocab;
    const auto top = static_cast<double>(largest(vocab, logit));
    double total = 0, below_top = 0;
#pragma omp simd reduction(+ : total, below_top)
    for (std::int64_t i = 0; i < vocab; ++i) {
      const double distance = top - static_cast<double>(logit[i]);
      total += exponential(-distance);
      below_top += p[i] * distance;
    }
    nats += std::log(total) + below_top - entropies[row];
  }
  return nats;
}

}  // namespace

template <class T>
double squared_error(std::int64_t count, const T* outputs, const T* targets, T scale, T* cotangent) {
  return base::Versions<squared_error_loop<T>>::call(count, outputs, targets, scale, cotangent);
}

template <class T>
double cross_entropy(std::int64_t rows, std::int64_t vocab, const T* logits, const std::int32_t* targets, T scale,
                     T* cotangent) {
  return base::Versions<cross_entropy_loop<T>>::call(rows, vocab, logits, targets, scale, cotangent);
}

template <class T>
double relative_entropy(std::int64_t rows, std::int64_t vocab, const T* logits, const std::int32_t* targets,
                        const double* probabilities, const double* entropies) {
  return base::Versions<relative_entropy_loop<T>>::call(rows, vocab, logits, targets, probabilities, entropies);
}

template double squared_error<float>(std::int64_t, const float*, const float*, float, float*);
template double squared_error<double>(std::int64_t, const double*, const double*, double, double*);
template double cross_entropy<float>(std::int64_t, std::int64_t, const float*, const std::int32_t*, float, float*);
template double cross_entropy<double>(std::int64_t, std::int64_t, const double*, const std::int32_t*, double, double*);

template double relative_entropy<float>(std::int64_t, std::int64_t, const float*, const std::int32_t*, const double*,
                                        const double*);
template double relative_entropy<double>(std::int64_t, std::int64_t, const double*, const std::int32_t*, const double*,
                                         const double*);

}  // namespace phaselaw::model
