// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/analysis/training_laziness.h"
#include "phaselaw/reproduce/experiment.h"
#include "phaselaw/reproduce/teacher_slopes.h"

// Open question 1 of the paper: do real transformers train lazily, and more so when they are larger? AdamW on text, next
// byte by next byte, for models of several sizes (d_model, heads and d_hidden grow together), each from several seeds.
// The kernel on a few sequences is compared with its start along the training (analysis/training_laziness.h).
//
// Size is judged twice, because a larger model learns faster: at equal tokens (the last step), and at the step at which
// the training loss first is kEqualLoss. All sizes have one learning rate. A drift below kLazyDrift is called lazy.
namespace phaselaw::reproduce {

inline constexpr double kEqualLoss = 3.5;  // nats per byte; every size reaches it
inline constexpr double kLazyDrift = 0.5;

struct LazyText {
  std::vector<analysis::TrainingLaziness> runs;
};

[[nodiscard]] LazyText measure_lazy_text(const Context& context, Finding& finding);

// Drift against n_params for each seed: at the last step, or at kEqualLoss. NaN for runs that diverged.
[[nodiscard]] std::vector<Observation> drift_at_equal_tokens(const std::vector<analysis::TrainingLaziness>& runs);
[[nodiscard]] std::vector<Observation> drift_at_equal_loss(const std::vector<analysis::TrainingLaziness>& runs);

// E5.text_equal_tokens, .text_equal_loss: the slope of ln drift on ln n_params is below 0.
// E5.text_lazy: the largest model is lazy at the last step.
[[nodiscard]] std::vector<report::Claim> claims_of(const LazyText& experiment);
[[nodiscard]] std::vector<report::Figure> figures_of(const LazyText& experiment);
[[nodiscard]] report::Table table_of(const LazyText& experiment);

}  // namespace phaselaw::reproduce
