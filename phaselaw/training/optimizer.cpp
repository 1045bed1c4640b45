// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/optimizer.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/instruction_set.h"

namespace phaselaw::training {

namespace {

constexpr std::size_t kUpdatedTogether = 1 << 16;  // number of parameters that one member updates at a time

// The loops of one update. They are called by base::Versions, which compiles them for each instruction set.

template <class T>
struct Step {
  T eta, scale, decay;
};

template <class T>
void sgd_update(std::int64_t count, Step<T> s, const T* g, T* w) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) w[i] -= s.eta * (s.scale * g[i] + s.decay * w[i]);
}

template <class T>
void momentum_update(std::int64_t count, Step<T> s, T keep, const T* g, T* first, T* w) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    first[i] = keep * first[i] + s.scale * g[i] + s.decay * w[i];
    w[i] -= s.eta * first[i];
  }
}

template <class T>
struct AdamFactors {
  T b1, b2, c1, c2, unbias1, unbias2, eps, shrink;
};

template <class T>
void adam_update(std::int64_t count, Step<T> s, AdamFactors<T> f, const T* g, T* first, T* second, T* w) {
#pragma omp simd
  for (std::int64_t i = 0; i < count; ++i) {
    const T slope = s.scale * g[i];
    first[i] = f.b1 * first[i] + f.c1 * slope;
    second[i] = f.b2 * second[i] + f.c2 * slope * slope;
    w[i] -= s.eta * (first[i] * f.unbias1 / (std::sqrt(second[i] * f.unbias2) + f.eps)) + f.shrink * w[i];
  }
}

template <class T>
double sum_of_squares(std::int64_t count, const T* g) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < count; ++i) sum += static_cast<double>(g[i]) * static_cast<double>(g[i]);
  return sum;
}

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
  const auto count = static_cast<std::int64_t>(range.end - range.begin);
  const auto from = [&range](auto* numbers) { return numbers + range.begin; };
  const T eta = static_cast<T>(rate * range.factor);
  switch (options_.optimizer) {
    case OptimizerKind::gd:
    case OptimizerKind::sgd:
      return base::Versions<sgd_update<T>>::call(count, {eta, scale, decay}, from(g), from(w));
    case OptimizerKind::momentum:
      return base::Versions<momentum_update<T>>::call(count, {eta, scale, decay}, static_cast<T>(options_.momentum),
                                                      from(g), from(first_.data()), from(w));
    case OptimizerKind::adamw: {
      const auto k = static_cast<double>(count_);
      AdamFactors<T> f;
      f.b1 = static_cast<T>(options_.beta1);
      f.b2 = static_cast<T>(options_.beta2);
      f.c1 = static_cast<T>(1 - options_.beta1);
      f.c2 = static_cast<T>(1 - options_.beta2);
      f.unbias1 = static_cast<T>(1 / -std::expm1(k * std::log(options_.beta1)));  // 1/(1 - b1^k)
      f.unbias2 = static_cast<T>(1 / -std::expm1(k * std::log(options_.beta2)));
      f.eps = static_cast<T>(options_.adam_eps);
      f.shrink = static_cast<T>(rate * options_.weight_decay);
      return base::Versions<adam_update<T>>::call(count, {eta, scale, decay}, f, from(g), from(first_.data()),
                                                  from(second_.data()), from(w));
    }
  }
}

template <class T>
double gradient_norm(const model::ParameterTable& table, std::span<const T> gradient) {
  double sum = 0;
  for (const auto& block : table.blocks()) {
    if (!block.trainable) continue;
    sum += base::Versions<sum_of_squares<T>>::call(block.size(), gradient.data() + block.offset);
  }
  return std::sqrt(sum);
}

template class Optimizer<float>;
template class Optimizer<double>;
template double gradient_norm<float>(const model::ParameterTable&, std::span<const float>);
template double gradient_norm<double>(const model::ParameterTable&, std::span<const double>);

}  // namespace phaselaw::training
