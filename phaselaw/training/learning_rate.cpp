// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "phaselaw/training/optimizer.h"

namespace phaselaw::training {

namespace {

constexpr int kFirstExponent = -6, kLowestExponent = -40, kHighestExponent = 10;
constexpr double kSafety = 0.5;

double adamw_rate(const model::ModelOptions& options) {
  constexpr double kRate = 3e-3, kWidth = 64;  // the usual rate for matrices of this width
  switch (options.parametrisation) {
    case model::Parametrisation::ntk:
      return kRate * std::sqrt(kWidth);
    case model::Parametrisation::standard:
      return kRate * std::sqrt(kWidth / static_cast<double>(options.d_model));
    case model::Parametrisation::mup:
      break;
  }
  return kRate;
}

}  // namespace

template <class T>
double automatic_learning_rate(const model::Transformer<T>& model, Objective<T>& objective, std::span<const T> theta_0,
                               std::int64_t batch, const TrainingOptions& options) {
  if (options.optimizer == OptimizerKind::adamw) return adamw_rate(model.options());
  std::vector<std::int64_t> sequences(static_cast<std::size_t>(std::min(batch, kProbeSequences)));
  std::iota(sequences.begin(), sequences.end(), std::int64_t{0});
  std::vector<T> theta(theta_0.size()), gradient(theta_0.size());
  TrainingOptions plain;
  plain.optimizer = OptimizerKind::gd;
  // Rounding of a sum may increase an unchanged loss by this much.
  const double slack = 1 + 64 * static_cast<double>(std::numeric_limits<T>::epsilon());
  const auto stable = [&](double rate) {
    Optimizer<T> optimizer(plain, model.table());
    std::copy(theta_0.begin(), theta_0.end(), theta.begin());
    const double start = objective.gradient(theta, sequences, gradient);
    for (int step = 0; step < kProbeSteps; ++step) {
      optimizer.update(theta, gradient, rate);
      if (!(objective.gradient(theta, sequences, gradient) <= start * slack)) return false;
    }
    return true;
  };
  int exponent = kFirstExponent;
  if (stable(std::exp2(exponent)))
    while (exponent < kHighestExponent && stable(std::exp2(exponent + 1))) ++exponent;
  else
    do --exponent;
    while (exponent > kLowestExponent && !stable(std::exp2(exponent)));
  const double momentum = options.optimizer == OptimizerKind::momentum ? options.momentum : 0.0;
  return kSafety * (1 - momentum) * std::exp2(exponent);
}

template double automatic_learning_rate<float>(const model::Transformer<float>&, Objective<float>&,
                                               std::span<const float>, std::int64_t, const TrainingOptions&);
template double automatic_learning_rate<double>(const model::Transformer<double>&, Objective<double>&,
                                                std::span<const double>, std::int64_t, const TrainingOptions&);

}  // namespace phaselaw::training
