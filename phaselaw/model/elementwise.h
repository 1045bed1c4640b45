// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "phaselaw/model/options.h"
#include "phaselaw/numerics/vectors.h"

// Branch-free scalar functions that the compiler turns into vector code, and the fused element-wise passes built on
// them.
namespace phaselaw::model {

// e^x, of a number or a vector. Relative error < 2.3 eps = 2.7e-7 (float; 2.3e-7 with fused multiply-add), < 4e-16
// (double) for x in the range; x is clamped to [-87, 88] / [-708, 709], so the result is never 0 or infinite; NaN stays
// NaN. Method: x = n ln 2 + r with |r| <= ln 2 / 2, Taylor of degree 6 / 13 in r.
template <class X>
X exponential(X x) {
  using T = typename numerics::Parts<X>::Number;
  using Bits = typename numerics::Parts<X>::Bits;
  constexpr bool kSingle = std::is_same_v<T, float>;
  const X least = X{} + T(kSingle ? -87 : -708), most = X{} + T(kSingle ? 88 : 709);
  x = x < least ? least : x;
  x = x > most ? most : x;
  constexpr T kRound = T(kSingle ? 12582912.0 : 6755399441055744.0);  // 1.5 * 2^23 or 2^52: adding it rounds to an
                                                                      // integer that sits in the low bits
  const X shifted = x * T(kSingle ? 1.44269504 : 1.4426950408889634) + kRound;
  const X n = shifted - kRound;
  const X r = (x - n * T(kSingle ? 0.693359375 : 0.693147180369123816490)) -
              n * T(kSingle ? -2.12194440e-4 : 1.90821492927058770002e-10);
  X p = X{} + T(kSingle ? 1.0 / 720 : 1.0 / 6227020800.0);
  if constexpr (!kSingle)
    for (const double inverse : {479001600.0, 39916800.0, 3628800.0, 362880.0, 40320.0, 5040.0, 720.0})
      p = p * r + T(1.0 / inverse);
  for (const T term : {T(1.0 / 120), T(1.0 / 24), T(1.0 / 6), T(0.5), T(1), T(1)}) p = p * r + term;
  constexpr int kMantissa = kSingle ? 23 : 52;
  return p * std::bit_cast<X>((std::bit_cast<Bits>(shifted) + (kSingle ? 127U : 1023U)) << kMantissa);
}

// The largest of count >= 1 numbers; of no meaning where one is NaN.
template <class T>
T largest(std::int64_t count, const T* x) {
  T top = x[0];
#pragma omp simd reduction(max : top)
  for (std::int64_t i = 0; i < count; ++i) top = x[i] > top ? x[i] : top;
  return top;
}

// tanh x, absolute error < 2 eps(T).
template <class T>
T hyperbolic_tangent(T x) {
  const T e = exponential(T(-2) * std::abs(x));
  return std::copysign((T(1) - e) / (T(1) + e), x);
}

// relu(x) of a number or a vector; of a matrix's entry i, j where a product is finished with it.
struct Relu {
  template <class X>
  X operator()(X x, std::int64_t = 0, std::int64_t = 0) const {
    return x < X{} ? X{} : x;
  }
};

// x phi'(u)_ij, with phi'(u) in memory, rows `stride` apart.
template <class T>
struct TimesSlope {
  const T* slopes;
  std::int64_t stride;
  template <class X>
  X operator()(X x, std::int64_t i, std::int64_t j) const {
    return x * numerics::load<X>(slopes + i * stride + j);
  }
};

// The same for relu, whose slope shows in act = relu(u).
template <class T>
struct TimesReluSlope {
  const T* act;
  std::int64_t stride;
  template <class X>
  X operator()(X x, std::int64_t i, std::int64_t j) const {
    return x * (numerics::load<X>(act + i * stride + j) > X{} ? X{} + T(1) : X{});
  }
};

// Calls use(what multiplies by phi'): slopes null, then act of relu.
template <class T, class Use>
void with_slope(const T* slopes, const T* act, std::int64_t stride, Use&& use) {
  slopes == nullptr ? use(TimesReluSlope<T>{act, stride}) : use(TimesSlope<T>{slopes, stride});
}

// In place: units <- phi(units), slopes <- phi'(units). NaN passes through. relu: slopes may be null.
template <class T>
void activate(Activation activation, std::int64_t count, T* units, T* slopes) {
  switch (activation) {
    case Activation::relu:
      if (slopes != nullptr) {
#pragma omp simd
        for (std::int64_t i = 0; i < count; ++i) slopes[i] = units[i] > 0 ? T(1) : T(0);
      }
#pragma omp simd
      for (std::int64_t i = 0; i < count; ++i) units[i] = Relu()(units[i]);
      return;
    case Activation::gelu:
#pragma omp simd
      for (std::int64_t i = 0; i < count; ++i) {
        constexpr T kA = T(0.7978845608028654), kB = T(0.044715);  // sqrt(2/pi) and the cubic of the tanh form
        const T x = units[i];
        const T t = hyperbolic_tangent(kA * (x + kB * x * x * x));
        slopes[i] = T(0.5) * (1 + t) + T(0.5) * x * (1 - t * t) * kA * (1 + 3 * kB * x * x);
        units[i] = T(0.5) * x * (1 + t);
      }
      return;
    case Activation::silu:
#pragma omp simd
      for (std::int64_t i = 0; i < count; ++i) {
        const T x = units[i];
        const T s = 1 / (1 + exponential(-x));
        slopes[i] = s * (1 + x * (1 - s));
        units[i] = x * s;
      }
      return;
    case Activation::tanh:
#pragma omp simd
      for (std::int64_t i = 0; i < count; ++i) {
        const T t = hyperbolic_tangent(units[i]);
        slopes[i] = 1 - t * t;
        units[i] = t;
      }
      return;
    case Activation::identity:
      for (std::int64_t i = 0; i < count; ++i) slopes[i] = T(1);
      return;
  }
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
