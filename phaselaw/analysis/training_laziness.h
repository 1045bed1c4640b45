// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phaselaw/base/value.h"
#include "phaselaw/sweep/experiment.h"

// How far the kernel drifts while a model is trained as its file says: optimiser, schedule, minibatches, any loss.
//
// The kernel is that of the first `kernel_sequences` training sequences, H = J J^T over their n L o outputs, compared
// with the start by the matrix-free estimates of dynamics/lazy.h (or exactly, if it is small). It is recorded at the
// step 0 and at the measurements of the training that are the first at or after `first_step`, 2 first_step, 4
// first_step, ..., and at the last step.
//
//   drift      ||H(t) - H(0)||_F/||H(0)||_F, and its standard error from the probes
//   alignment  y^T H y/(||y||^2 ||H||_F), y the targets (one-hot for tokens)
//   train_loss mean over the whole measured training set, as recorded by the training
//
// Training is in double. Cost: the training; per record `probes` VJPs and JVPs of all parameters and of each layer on
// the kernel's sequences. Errors: those of the training and of LazyRecorder; base::Interrupted on request.
namespace phaselaw::analysis {

struct TrainingLazinessOptions {
  std::int64_t kernel_sequences = 2;  // >= 1, at most n_data
  std::int64_t probes = 16;           // >= 2
  std::int64_t first_step = 16;       // >= 1
};

struct TrainingLazinessRecord {
  std::int64_t step = 0;
  double tokens = 0, train_loss = 0;
  double drift = 0, drift_error = 0, alignment = 0;
};

struct TrainingLaziness {
  std::int64_t n_params = 0, d_model = 0, seed = 0;
  std::string outcome;                          // of the training: "finished", "diverged"
  std::string signature;                        // of its loss (dynamics/signatures.h): "none", "plateau", "instability"
  std::vector<TrainingLazinessRecord> records;  // steps ascending
};

[[nodiscard]] TrainingLaziness training_laziness(const sweep::Experiment& experiment,
                                                 const TrainingLazinessOptions& options = {}, int threads = 0);

// The drift at which the training loss first is `loss`: ln drift linear in the loss between two records. NaN if it is
// not reached, or reached before the second record.
[[nodiscard]] double drift_at_loss(const TrainingLaziness& run, double loss);

[[nodiscard]] base::Value to_value(const TrainingLaziness& run);
[[nodiscard]] TrainingLaziness training_laziness_from(const base::Value& value);

}  // namespace phaselaw::analysis
