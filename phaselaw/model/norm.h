// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "phaselaw/model/elementwise.h"
#include "phaselaw/model/flop_count.h"
#include "phaselaw/model/options.h"
#include "phaselaw/model/parameters.h"

// The normalisation of rows, with its cotangent and its tangent:
//
//   rms:        s = 1 / sqrt(||x||^2 / d + eps),   unit = s x,   h = g * unit + b      (g, b where the model has them)
//   layernorm:  the same of x - mean x
//   J^T du = J du = s (du - unit <unit, du> / d),  layernorm: of du - mean du too      (J of unit is symmetric)
//
// x, unit, h: rows x d; inverse: s, one per row. unit and h may be the same rows where there is neither gain nor bias.
namespace phaselaw::model {

struct NormWeights {
  const ParameterBlock *gain = nullptr, *bias = nullptr;
  [[nodiscard]] bool any() const { return gain != nullptr || bias != nullptr; }
};

// What is wanted of a backward pass: the gradients of gain and bias, and the cotangent of the input.
struct NormWanted {
  bool gain, bias, input;

  NormWanted(const NormWeights& weights, const KindSet& wanted, bool wants_input)
      : gain(weights.gain != nullptr && wanted[weights.gain->kind]),
        bias(weights.bias != nullptr && wanted[weights.bias->kind]),
        input(wants_input) {}
};

// What a normalisation writes.
template <class T>
struct NormRows {
  T *h = nullptr, *unit = nullptr, *inverse = nullptr;

  template <class Take>
  void place(const ModelOptions& o, std::int64_t rows, Take&& take) {
    h = take(rows * o.d_model);
    unit = o.norm_gain || o.norm_bias ? take(rows * o.d_model) : h;
    inverse = take(rows);
  }
};

// Operations on the rows of one sequence.
[[nodiscard]] inline FlopCount norm_flops(const ModelOptions& o) {
  const auto d = static_cast<double>(o.d_model), rows = static_cast<double>(o.seq_len);
  return {.other = rows * ((o.norm == Norm::layernorm ? 5 * d + 5 : 3 * d + 4) + (o.norm_gain ? d : 0) +
                           (o.norm_bias ? d : 0))};
}
[[nodiscard]] inline FlopCount norm_backward_flops(const ModelOptions& o, bool gain, bool bias, bool input) {
  const auto d = static_cast<double>(o.d_model), rows = static_cast<double>(o.seq_len);
  FlopCount flop;
  if (gain) flop.other += d * (2 * rows + 1);
  if (bias) flop.other += d * (rows + 2);
  if (input) flop.other += rows * ((o.norm == Norm::layernorm ? 8 * d + 2 : 6 * d + 1) + (o.norm_gain ? d : 0));
  return flop;
}

template <class T>
T row_mean(std::int64_t d, const T* x) {
  T sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < d; ++i) sum += x[i];
  return sum / static_cast<T>(d);
}

template <class T>
void layer_norm_rows(std::int64_t rows, std::int64_t d, double eps, const T* x, T* unit, T* inverse) {
  for (std::int64_t t = 0; t < rows; ++t) {
    const T* const in = x + t * d;
    T* const out = unit + t * d;
    const T mean = row_mean(d, in);
#pragma omp simd
    for (std::int64_t i = 0; i < d; ++i) out[i] = in[i] - mean;
  }
  rms_rows(rows, d, eps, unit, unit, inverse);
}

// dx += J^T du; du is overwritten.
template <class T>
void layer_norm_rows_backward(std::int64_t rows, std::int64_t d, const T* unit, const T* inverse, T* du, T* dx) {
  for (std::int64_t t = 0; t < rows; ++t) {
    T* const row = du + t * d;
    const T mean = row_mean(d, row);
#pragma omp simd
    for (std::int64_t i = 0; i < d; ++i) row[i] -= mean;
  }
  rms_rows_backward(rows, d, unit, inverse, du, dx);  // <unit, mean> = 0: centring first changes nothing
}

template <class T>
void normalise(const ModelOptions& o, std::int64_t rows, const T* theta, const NormWeights& weights, const T* x,
               T* unit, T* h, T* inverse) {
  const std::int64_t d = o.d_model;
  if (o.norm == Norm::layernorm)
    layer_norm_rows(rows, d, o.rms_eps, x, unit, inverse);
  else
    rms_rows(rows, d, o.rms_eps, x, unit, inverse);
  if (!weights.any()) return;
  const T* const gain = weights.gain == nullptr ? nullptr : theta + weights.gain->offset;
  const T* const bias = weights.bias == nullptr ? nullptr : theta + weights.bias->offset;
  for (std::int64_t t = 0; t < rows; ++t) {
    const T* const in = unit + t * d;
    T* const out = h + t * d;
#pragma omp simd
    for (std::int64_t i = 0; i < d; ++i)
      out[i] = (gain == nullptr ? in[i] : gain[i] * in[i]) + (bias == nullptr ? T(0) : bias[i]);
  }
}

// The wanted ones of: the gradients of gain and bias (added), and dx += J^T dh. dh is overwritten.
template <class T>
void normalise_backward(const ModelOptions& o, std::int64_t rows, const T* theta, const NormWeights& weights,
                        const NormWanted& wanted, const T* unit, const T* inverse, T* dh, T* dx, T* gradient) {
  const std::int64_t d = o.d_model;
  for (std::int64_t t = 0; t < rows && (wanted.gain || wanted.bias); ++t) {
    const T *const in = dh + t * d, *const row = unit + t * d;
    if (wanted.gain) {
      T* const sum = gradient + weights.gain->offset;
#pragma omp simd
      for (std::int64_t i = 0; i < d; ++i) sum[i] += in[i] * row[i];
    }
    if (wanted.bias) {
      T* const sum = gradient + weights.bias->offset;
#pragma omp simd
      for (std::int64_t i = 0; i < d; ++i) sum[i] += in[i];
    }
  }
  if (!wanted.input) return;
  if (weights.gain != nullptr) {
    const T* const gain = theta + weights.gain->offset;
    for (std::int64_t t = 0; t < rows; ++t) {
      T* const row = dh + t * d;
#pragma omp simd
      for (std::int64_t i = 0; i < d; ++i) row[i] *= gain[i];
    }
  }
  if (o.norm == Norm::layernorm)
    layer_norm_rows_backward(rows, d, unit, inverse, dh, dx);
  else
    rms_rows_backward(rows, d, unit, inverse, dh, dx);
}

// dh = g * J dx + unit * dg + db. dx counts where wanted.input is set, dg and db (of `tangent`) where they are wanted.
// dx is not changed.
template <class T>
void normalise_tangent(const ModelOptions& o, std::int64_t rows, const T* theta, const T* tangent,
                       const NormWeights& weights, const NormWanted& wanted, const T* unit, const T* inverse,
                       const T* dx, T* dh) {
  const std::int64_t d = o.d_model;
  std::fill_n(dh, rows * d, T(0));
  if (wanted.input) {
    rms_rows_backward(rows, d, unit, inverse, dx, dh);
    for (std::int64_t t = 0; t < rows && o.norm == Norm::layernorm; ++t) {  // J (dx - m 1) = J dx - s m 1
      const T shift = inverse[t] * row_mean(d, dx + t * d);
      T* const row = dh + t * d;
#pragma omp simd
      for (std::int64_t i = 0; i < d; ++i) row[i] -= shift;
    }
  }
  if (!weights.any()) return;
  const T* const gain = weights.gain == nullptr ? nullptr : theta + weights.gain->offset;
  const T* const dgain = wanted.gain ? tangent + weights.gain->offset : nullptr;
  const T* const dbias = wanted.bias ? tangent + weights.bias->offset : nullptr;
  for (std::int64_t t = 0; t < rows; ++t) {
    const T* const in = unit + t * d;
    T* const row = dh + t * d;
#pragma omp simd
    for (std::int64_t i = 0; i < d; ++i)
      row[i] = (gain == nullptr ? row[i] : gain[i] * row[i]) + (dgain == nullptr ? T(0) : dgain[i] * in[i]) +
               (dbias == nullptr ? T(0) : dbias[i]);
  }
}

}  // namespace phaselaw::model
