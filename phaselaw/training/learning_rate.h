// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "phaselaw/model/transformer.h"
#include "phaselaw/training/objective.h"
#include "phaselaw/training/options.h"

// learning_rate = "auto".
//
//   gd, sgd, momentum   A probe with plain gradient descent at constant rate on the first min(batch, 128) training
//                       sequences, all of them in each step. The rate is half the largest rate on the ladder 2^k,
//                       -40 <= k <= 10, for which the first 32 updates never raise the loss above its start. For a
//                       quadratic loss an update diverges by |1 - eta h_max| per step, so the ladder stops within a
//                       factor 2 (rarely 2.2) of 2/h_max, and half of that is stable. The curvature of a batch is at
//                       least that of the whole set, so training on more data is stable too. For momentum the rate is
//                       multiplied by 1 - mu, which keeps the terminal step size the same.
//   adamw               No probe: 3e-3 sqrt(64/d_model) for `standard`; 2.4e-2 for `ntk` (the same relative change of
//                       the weights, because entries are sqrt(d) larger); 3e-3 for `mup`, where the blocks scale with
//                       the width. [R]
//
// Deterministic. Cost: at most 33 gradients per rung of the ladder, starting at 2^-6. base::Interrupted on request.
namespace phaselaw::training {

inline constexpr std::int64_t kProbeSequences = 128;
inline constexpr int kProbeSteps = 32;

template <class T>
[[nodiscard]] double automatic_learning_rate(const model::Transformer<T>& model, Objective<T>& objective,
                                             std::span<const T> theta_0, std::int64_t batch,
                                             const TrainingOptions& options);

extern template double automatic_learning_rate<float>(const model::Transformer<float>&, Objective<float>&,
                                                      std::span<const float>, std::int64_t, const TrainingOptions&);
extern template double automatic_learning_rate<double>(const model::Transformer<double>&, Objective<double>&,
                                                       std::span<const double>, std::int64_t, const TrainingOptions&);

}  // namespace phaselaw::training
