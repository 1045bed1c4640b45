// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "phaselaw/reproduce/experiment.h"
#include "phaselaw/reproduce/ladder_ends.h"

// Experiment 1 on arrays from .npy files: a target that is not a transformer of the study's kind, and a total loss with
// a floor that the fit must find.
//
// The task that is used if the user gives no arrays: x_l Gaussian, RMS-normalised to ||x_l|| = sqrt(d);
//   a_l = mean of x_(l-2), x_(l-1), x_l (those that exist),   y_l = tanh(W a_l) + xi e,   W (o x d) ~ N(0, 3/d)
// so that W a_l has variance 1 from the third token on; e standard normal, xi = 0.2. [T]
namespace phaselaw::reproduce {

struct ArraysTask {
  static constexpr std::int64_t kSequences = 33792, kTest = 1024, kSeqLen = 8, kModel = 8, kOut = 4;
  static constexpr double kNoise = 0.2;  // xi per output coordinate
  std::vector<double> x, clean, y;       // (n, L, d), (n, L, o), (n, L, o)
};

// Always the same arrays. The first sequences do not depend on n_sequences.
[[nodiscard]] ArraysTask make_arrays(std::int64_t n_sequences = ArraysTask::kSequences);

// tanh(W a_l) for inputs (n, kSeqLen, kModel): (n, kSeqLen, kOut).
[[nodiscard]] std::vector<double> arrays_target(const std::vector<double>& x);

// Mean of (y - clean)^2 over the last n_test sequences: the floor of the test loss, with expectation xi^2.
[[nodiscard]] double noise_of_test(const ArraysTask& task, std::int64_t n_test = ArraysTask::kTest);

// The runs of E1.arrays, done once. Generated arrays are stored in DIR/arrays and written only if absent; the study
// contains their paths as given by --out. The store of a user's arrays is named after their content, so that other
// arrays under the same name are another study. InputError: files as data/npy.h, or too few sequences.
[[nodiscard]] StudyRuns arrays_runs(const Context& context);

[[nodiscard]] LadderStudy arrays_study(const StudyRuns& runs);

// E1.arrays.exponent_v1, .exponent_v3, and .floor if the noise is known.
[[nodiscard]] Finding arrays_ladder(const Context& context);

}  // namespace phaselaw::reproduce
