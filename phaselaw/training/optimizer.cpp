// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/optimizer.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/errors.h"

namespace phaselaw::training {

namespace {

constexpr std::size_t kUpdatedTogether = 1 << 16;  // number of parameters that one member updates at a time

}  // namespace

template <class T>
Optimizer<T>::Optimizer(const TrainingOptions& options, const model::ParameterTable& table) : options_(options) {
  const bool adam = options.optimizer == OptimizerKind::adamw;
  for (const auto& block : table.blocks()) {
    if (!block.trainable) continue;
    const double factor = adam ? block.adam_factor : block.sgd_factor;
    auto begin = static_cast<std::size_t>(block.offset);
    const auto end = begin + static_cast<std::size_t>(block.size());
    while (begin < end) {
      const bool joins = !ranges_.empty() && ranges_.back().end == begin && ranges_.back().factor == factor &&
                         ranges_.back().end - ranges_.back().begin < kUpdatedTogether;
      if (!joins) ranges_.push_back({begin, begin, factor});
      begin = ranges_.back().end = std::min(end, ranges_.back().begin + kUpdatedTogether);
    }
  }
  const auto size = static_cast<std::size_t>(table.size());
  if (adam || options.optimizer == OptimizerKind::momentum) first_.assign(size, T(0));
  if (adam) second_.assign(size, T(0));
}

template <class T>
void Optimizer<T>::restore(std::int64_t count, std::span<const T> first, std::span<const T> second) {
  PHASELAW_CHECK_EQ(first.size(), first_.size());
  PHASELAW_CHECK_EQ(second.size(), second_.size());
  count_ = count;
  std::copy(first.begin(), first.end(), first_.begin());
  std::copy(second.begin(), second.end(), second_.begin());
}

template <class T>
void Optimizer<T>::update(std::span<T> theta, std::span<const T> gradient, double rate, double gradient_scale,
                          base::Team* team) {
  PHASELAW_CHECK_EQ(theta.size(), gradient.size());
  ++count_;
  const auto turn = [&](std::int64_t i, int) {
    update(ranges_[static_cast<std::size_t>(i)], theta.data(), gradient.data(), rate, gradient_scale);
  };
  const auto turns = static_cast<std::int64_t>(ranges_.size());
  if (team != nullptr) return team->run(turns, turn);
  for (std::int64_t i = 0; i < turns; ++i) turn(i, 0);
}

template <class T>
void Optimizer<T>::update(const Range& range, T* const w, const T* const g, double rate, double gradient_scale) {
  const T scale = static_cast<T>(gradient_scale), decay = static_cast<T>(options_.weight_decay);
  T* const first = first_.data();
  T* const second = second_.data();
  const T eta = static_cast<T>(rate * range.factor);
  switch (options_.optimizer) {
    case OptimizerKind::gd:
    case OptimizerKind::sgd:
#pragma omp simd
      for (std::size_t i = range.begin; i < range.end; ++i) w[i] -= eta * (scale * g[i] + decay * w[i]);
      break;
    case OptimizerKind::momentum: {
      const T keep = static_cast<T>(options_.momentum);
#pragma omp simd
      for (std::size_t i = range.begin; i < range.end; ++i) {
        first[i] = keep * first[i] + scale * g[i] + decay * w[i];
        w[i] -= eta * first[i];
      }
      break;
    }
    case OptimizerKind::adamw: {
      const auto k = static_cast<double>(count_);
      const T b1 = static_cast<T>(options_.beta1), b2 = static_cast<T>(options_.beta2);
      const T c1 = static_cast<T>(1 - options_.beta1), c2 = static_cast<T>(1 - options_.beta2);
      const T unbias1 = static_cast<T>(1 / -std::expm1(k * std::log(options_.beta1)));  // 1/(1 - b1^k)
      const T unbias2 = static_cast<T>(1 / -std::expm1(k * std::log(options_.beta2)));
      const T eps = static_cast<T>(options_.adam_eps), shrink = static_cast<T>(rate * options_.weight_decay);
#pragma omp simd
      for (std::size_t i = range.begin; i < range.end; ++i) {
        const T slope = scale * g[i];
        first[i] = b1 * first[i] + c1 * slope;
        second[i] = b2 * second[i] + c2 * slope * slope;
        w[i] -= eta * (first[i] * unbias1 / (std::sqrt(second[i] * unbias2) + eps)) + shrink * w[i];
      }
      break;
    }
  }
}

template <class T>
double gradient_norm(const model::ParameterTable& table, std::span<const T> gradient) {
  double sum = 0;
  for (const auto& block : table.blocks()) {
    if (!block.trainable) continue;
    const T* const g = gradient.data() + block.offset;
    double part = 0;
#pragma omp simd reduction(+ : part)
    for (std::int64_t i = 0; i < block.size(); ++i) part += static_cast<double>(g[i]) * static_cast<double>(g[i]);
    sum += part;
  }
  return std::sqrt(sum);
}

template class Optimizer<float>;
template class Optimizer<double>;
template double gradient_norm<float>(const model::ParameterTable&, std::span<const float>);
template double gradient_norm<double>(const model::ParameterTable&, std::span<const double>);

}  // namespace phaselaw::training
