// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "phaselaw/data/dataset.h"
#include "phaselaw/sweep/experiment.h"
#include "phaselaw/training/trainer.h"

// The curve of one training on data that are already in memory, for experiments that compose their data in ways that no
// [data] section describes. The start, the arithmetic (float32) and the measurements are those of a run of a sweep with
// the same seed (sweep/run.h); with the data of the experiment itself, the curve is that run's, to the bit.
namespace phaselaw::analysis {

struct TrainingCurve {
  bool finished = false;  // false: it diverged
  std::vector<training::Measurement> points;
};

// The training set is `split.train`; n_data of the experiment is not read. One thread. base::Interrupted on Ctrl-C.
[[nodiscard]] TrainingCurve training_curve(const sweep::Experiment& experiment, const data::Split& split);

}  // namespace phaselaw::analysis
