// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "phaselaw/model/options.h"
#include "phaselaw/model/parameters.h"

// The parts of the reference model, in plain loops over any scalar S: activations, normalisations, products and biases,
// each with its cotangent.
namespace phaselaw::model::reference {

template <class S>
using Rows = std::vector<std::vector<S>>;

template <class S>
S value_of(Activation activation, const S& x) {
  using std::exp, std::tanh;
  switch (activation) {
    case Activation::relu:
      return x > S(0) ? x : S(0);
    case Activation::gelu:
      return S(0.5) * x * (S(1) + tanh(S(0.7978845608028654) * (x + S(0.044715) * x * x * x)));
    case Activation::silu:
      return x / (S(1) + exp(S(0) - x));
    case Activation::tanh:
      return tanh(x);
    case Activation::identity:
      break;
  }
  return x;
}

template <class S>
S derivative_of(Activation activation, const S& x) {
  using std::exp, std::tanh;
  switch (activation) {
    case Activation::relu:
      return x > S(0) ? S(1) : S(0);
    case Activation::gelu: {
      const S t = tanh(S(0.7978845608028654) * (x + S(0.044715) * x * x * x));
      return S(0.5) * (S(1) + t) +
             S(0.5) * x * (S(1) - t * t) * S(0.7978845608028654) * (S(1) + S(3 * 0.044715) * x * x);
    }
    case Activation::silu: {
      const S s = S(1) / (S(1) + exp(S(0) - x));
      return s * (S(1) + x * (S(1) - s));
    }
    case Activation::tanh: {
      const S t = tanh(x);
      return S(1) - t * t;
    }
    case Activation::identity:
      break;
  }
  return S(1);
}

template <class S>
Rows<S> zeros(std::int64_t rows, std::int64_t cols) {
  return Rows<S>(static_cast<std::size_t>(rows), std::vector<S>(static_cast<std::size_t>(cols), S(0)));
}

template <class S>
struct Normalised {
  Rows<S> unit, h;  // before and after gain and bias
  std::vector<S> inverse;
};

// rms:        inverse_t = 1 / sqrt(||x_t||^2 / d + eps),                       unit = x * inverse
// layernorm:  the same of x_t - mean x_t
// h = gain * unit + bias; null: the model has none
template <class S>
Normalised<S> normalise(const ModelOptions& o, const std::vector<S>& theta, const ParameterBlock* gain,
                        const ParameterBlock* bias, const Rows<S>& x) {
  using std::sqrt;
  Normalised<S> result;
  result.unit = x;
  result.inverse.assign(x.size(), S(0));
  for (std::size_t t = 0; t < x.size(); ++t) {
    const S d(static_cast<double>(x[t].size()));
    std::vector<S>& unit = result.unit[t];
    if (o.norm == Norm::layernorm) {
      S total(0);
      for (const S& value : x[t]) total = total + value;
      const S mean = total / d;
      for (S& value : unit) value = value - mean;
    }
    S sum(0);
    for (const S& value : unit) sum = sum + value * value;
    result.inverse[t] = S(1) / sqrt(sum / d + S(o.rms_eps));
    for (S& value : unit) value = value * result.inverse[t];
  }
  result.h = result.unit;
  for (auto& row : result.h)
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (gain != nullptr) row[i] = row[i] * theta[static_cast<std::size_t>(gain->offset) + i];
      if (bias != nullptr) row[i] = row[i] + theta[static_cast<std::size_t>(bias->offset) + i];
    }
  return result;
}

// gradient of the bias += scale * sum_t dy_t
template <class S>
void bias_gradient(const ParameterBlock& bias, double scale, const Rows<S>& dy, std::vector<S>& gradient) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(bias.rows); ++i) {
    S sum(0);
    for (const auto& row : dy) sum = sum + row[i];
    S& entry = gradient[static_cast<std::size_t>(bias.offset) + i];
    entry = entry + S(scale) * sum;
  }
}

template <class S>
void gain_gradient(const ParameterBlock& gain, const Rows<S>& unit, const Rows<S>& dh, std::vector<S>& gradient) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(gain.rows); ++i) {
    S sum(0);
    for (std::size_t t = 0; t < dh.size(); ++t) sum = sum + dh[t][i] * unit[t][i];
    S& entry = gradient[static_cast<std::size_t>(gain.offset) + i];
    entry = entry + sum;
  }
}

// dx += J^T dh with du = gain * dh:  rms: inverse (du - unit <unit, du> / d);  layernorm: that of du - mean du.
template <class S>
void normalise_backward(const ModelOptions& o, const std::vector<S>& theta, const ParameterBlock* gain,
                        const Normalised<S>& at, const Rows<S>& dh, Rows<S>& dx) {
  for (std::size_t t = 0; t < dh.size(); ++t) {
    std::vector<S> du = dh[t];
    if (gain != nullptr)
      for (std::size_t i = 0; i < du.size(); ++i) du[i] = du[i] * theta[static_cast<std::size_t>(gain->offset) + i];
    const S d(static_cast<double>(du.size()));
    S dot(0);
    for (std::size_t i = 0; i < du.size(); ++i) dot = dot + at.unit[t][i] * du[i];
    const S along = dot / d;
    if (o.norm == Norm::layernorm) {
      S total(0);
      for (const S& value : du) total = total + value;
      const S mean = total / d;
      for (S& value : du) value = value - mean;
    }
    for (std::size_t i = 0; i < du.size(); ++i) dx[t][i] = dx[t][i] + at.inverse[t] * (du[i] - at.unit[t][i] * along);
  }
}

// scale * x W^T, W of `block`
template <class S>
Rows<S> product(const std::vector<S>& theta, const ParameterBlock& block, double scale, const Rows<S>& x) {
  Rows<S> y = zeros<S>(static_cast<std::int64_t>(x.size()), block.rows);
  for (std::size_t t = 0; t < x.size(); ++t)
    for (std::int64_t i = 0; i < block.rows; ++i) {
      S sum(0);
      for (std::int64_t j = 0; j < block.cols; ++j)
        sum = sum +
              theta[static_cast<std::size_t>(block.offset + i * block.cols + j)] * x[t][static_cast<std::size_t>(j)];
      y[t][static_cast<std::size_t>(i)] = S(scale) * sum;
    }
  return y;
}

// scale * dy W
template <class S>
Rows<S> product_backward(const std::vector<S>& theta, const ParameterBlock& block, double scale, const Rows<S>& dy) {
  Rows<S> dx = zeros<S>(static_cast<std::int64_t>(dy.size()), block.cols);
  for (std::size_t t = 0; t < dy.size(); ++t)
    for (std::int64_t j = 0; j < block.cols; ++j) {
      S sum(0);
      for (std::int64_t i = 0; i < block.rows; ++i)
        sum = sum +
              theta[static_cast<std::size_t>(block.offset + i * block.cols + j)] * dy[t][static_cast<std::size_t>(i)];
      dx[t][static_cast<std::size_t>(j)] = S(scale) * sum;
    }
  return dx;
}

// dW += scale * dy^T x
template <class S>
void weight_gradient(const ParameterBlock& block, double scale, const Rows<S>& dy, const Rows<S>& x,
                     std::vector<S>& gradient) {
  for (std::int64_t i = 0; i < block.rows; ++i)
    for (std::int64_t j = 0; j < block.cols; ++j) {
      S sum(0);
      for (std::size_t t = 0; t < dy.size(); ++t)
        sum = sum + dy[t][static_cast<std::size_t>(i)] * x[t][static_cast<std::size_t>(j)];
      S& entry = gradient[static_cast<std::size_t>(block.offset + i * block.cols + j)];
      entry = entry + S(scale) * sum;
    }
}

template <class S>
void add_to(Rows<S>& x, const Rows<S>& y) {
  for (std::size_t t = 0; t < x.size(); ++t)
    for (std::size_t i = 0; i < x[t].size(); ++i) x[t][i] = x[t][i] + y[t][i];
}

// y += scale * bias, row by row
template <class S>
void add_bias(const std::vector<S>& theta, const ParameterBlock* bias, double scale, Rows<S>& y) {
  if (bias == nullptr) return;
  for (auto& row : y)
    for (std::size_t i = 0; i < row.size(); ++i)
      row[i] = row[i] + S(scale) * theta[static_cast<std::size_t>(bias->offset) + i];
}

// The linear maps of one layer: y = scale (c W x + bias), their gradients, and the cotangent of x.
template <class S>
struct LayerMaps {
  const ParameterTable& table;
  const std::vector<S>& theta;
  std::int64_t layer;

  [[nodiscard]] const ParameterBlock* find(BlockKind kind) const { return table.find(kind, layer); }

  [[nodiscard]] Rows<S> linear(BlockKind kind, BlockKind bias, double scale, const Rows<S>& x) const {
    const ParameterBlock& w = table.at(kind, layer);
    Rows<S> y = product(theta, w, scale * w.multiplier, x);
    add_bias(theta, find(bias), scale, y);
    return y;
  }
  [[nodiscard]] Rows<S> cotangent(BlockKind kind, double scale, const Rows<S>& dy) const {
    const ParameterBlock& w = table.at(kind, layer);
    return product_backward(theta, w, scale * w.multiplier, dy);
  }
  // Of the wanted ones of W and bias.
  void gradients(BlockKind kind, BlockKind bias, const KindSet& wanted, double scale, const Rows<S>& dy,
                 const Rows<S>& x, std::vector<S>& gradient) const {
    if (wanted[kind]) weight_gradient(table.at(kind, layer), scale * table.at(kind, layer).multiplier, dy, x, gradient);
    if (wanted[bias]) bias_gradient(table.at(bias, layer), scale, dy, gradient);
  }
  // Of the wanted ones of gain and bias; then dx += J^T dh where the input's cotangent is wanted.
  void norm_backward(const ModelOptions& o, BlockKind gain, BlockKind bias, const KindSet& wanted, bool input,
                     const Normalised<S>& at, const Rows<S>& dh, Rows<S>& dx, std::vector<S>& gradient) const {
    if (wanted[gain]) gain_gradient(table.at(gain, layer), at.unit, dh, gradient);
    if (wanted[bias]) bias_gradient(table.at(bias, layer), 1, dh, gradient);
    if (input) normalise_backward(o, theta, find(gain), at, dh, dx);
  }
};

}  // namespace phaselaw::model::reference
