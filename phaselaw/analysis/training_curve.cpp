// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/analysis/training_curve.h"

namespace phaselaw::analysis {

TrainingCurve training_curve(const sweep::Experiment& experiment, const data::Split& split) {
  const model::Transformer<float> model(experiment.model);
  const auto seed = static_cast<std::uint64_t>(experiment.seed);
  auto result =
      training::train<float>(model, model::initialise<float>(model.table(), seed), split, experiment.training, seed);
  return {result.outcome == training::Outcome::finished, std::move(result.curve)};
}

}  // namespace phaselaw::analysis
