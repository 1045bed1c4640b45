// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "phaselaw/reproduce/experiment.h"

// Experiment 1 on arrays from .npy files: a target that no transformer of the study is made to represent, and a total
// loss whose floor the fit has to find.
//
// The task that is made where the user has no arrays: x_l Gaussian, RMS-normalised to ||x_l|| = sqrt(d);
//   a_l = mean of x_(l-2), x_(l-1), x_l (those that exist),   y_l = tanh(W a_l) + xi e,   W (o x d) ~ N(0, 3/d)
// so that W a_l has variance 1 from the third token on; e standard normal, xi = 0.2. [T]
namespace phaselaw::reproduce {

struct ArraysTask {
  static constexpr std::int64_t kSequences = 5120, kTest = 1024, kSeqLen = 8, kModel = 8, kOut = 4;
  static constexpr double kNoise = 0.2;  // xi per output coordinate
  std::vector<double> x, clean, y;       // (n, L, d), (n, L, o), (n, L, o)
};

// Always the same. The first sequences do not depend on n_sequences.
[[nodiscard]] ArraysTask make_arrays(std::int64_t n_sequences = ArraysTask::kSequences);

// tanh(W a_l) for inputs (n, kSeqLen, kModel): (n, kSeqLen, kOut).
[[nodiscard]] std::vector<double> arrays_target(const std::vector<double>& x);

// Mean of (y - clean)^2 over the last n_test sequences: the floor of the test loss, whose expectation is xi^2.
[[nodiscard]] double noise_of_test(const ArraysTask& task, std::int64_t n_test = ArraysTask::kTest);

// The runs of E1.arrays: carried out once. Made arrays lie in DIR/arrays and are written only where absent; the study
// holds their paths as --out gives them. The store of a user's arrays is named after their content, so that other
// arrays under the same name are another study. InputError: files as data/npy.h, or too few sequences.
[[nodiscard]] StudyRuns arrays_runs(const Context& context);

// As E1.teacher, and E1.arrays.floor where the noise is known.
[[nodiscard]] Finding phase_transition_on_arrays(const Context& context);

}  // namespace phaselaw::reproduce
