// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "phaselaw/model/transformer.h"
#include "phaselaw/training/objective.h"
#include "phaselaw/training/options.h"

// learning_rate = "auto".
//
//   gd, sgd, momentum   a probe: plain gradient descent at a constant rate on the first min(batch, 128) training
//   sequences, all of
//                       them each time. The largest rate on the ladder 2^k, -40 <= k <= 10, whose first 32 updates
//                       never raise the loss above its start, times 1/2. For a quadratic loss an update diverges by |1
//                       - eta h_max| a step, so the ladder stops within a factor 2 (rarely 2.2) of 2/h_max and half of
//                       that is stable; a batch is curved at least as much as the whole set, so more data is stable
//                       too.
//                       momentum: 1 - mu times that, so that the terminal velocity is the same step.
//   adamw               no probe: 3e-3 sqrt(64/d_model) for `standard`, 2.4e-2 for `ntk` (the same relative change of
//   the
//                       weights: entries are sqrt(d) larger), 3e-3 for `mup` (whose blocks carry the width). [R]
//
// Deterministic. Cost: at most 33 gradients a rung, counted from 2^-6; an interruption ends the probe with any rate.
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
