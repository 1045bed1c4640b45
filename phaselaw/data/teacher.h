// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "phaselaw/data/options.h"
#include "phaselaw/model/options.h"

// The teacher F*: a random transformer of the same kind as the student, with its own sizes and weights, evaluated in
// double. F* = G(theta*), without the student's output_scale and init_scale, so these do not change the task. [R]
namespace phaselaw::data {

// The student's options with the teacher's sizes and branch scale, output_scale = init_scale = 1.
[[nodiscard]] model::ModelOptions teacher_options(const DataOptions& options, const model::ModelOptions& student);

// theta*, drawn like any initialisation, with a seed derived from the stream (teacher_seed or the run's seed,
// "teacher").
[[nodiscard]] std::vector<double> teacher_parameters(const DataOptions& options, const model::ModelOptions& student,
                                                     std::uint64_t seed);

// F*(x) for n sequences (n x I x d_model, I of data/dataset.h), in batches that fit a cache: n x L x d_out.
[[nodiscard]] std::vector<double> teacher_outputs(const DataOptions& options, const model::ModelOptions& student,
                                                  std::uint64_t seed, const std::vector<double>& x);

}  // namespace phaselaw::data
