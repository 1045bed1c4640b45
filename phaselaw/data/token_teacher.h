// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "phaselaw/data/options.h"
#include "phaselaw/model/options.h"

// The token teacher: a random transformer of the student's class, from which tokens are drawn one by one.
//
//   t_0 uniform on 0 .. V-1,   t_{l+1} ~ p*(. | t_0 .. t_l) = softmax(G(theta*; t)_l / tau)                          [R]
//
// theta* and the sizes are those of data/teacher.h, tau = teacher_temperature. Every position has a target. G is
// evaluated in double, so p* is the distribution that was drawn from up to rounding. Needs a causal mask.
//
// Cost: seq_len forward passes for each sequence, because the model has no cache of keys and values.
namespace phaselaw::data {

// p* at every position of n sequences (n x L tokens): n x L x vocab.
[[nodiscard]] std::vector<double> token_teacher_probabilities(const DataOptions& options,
                                                              const model::ModelOptions& student, std::uint64_t seed,
                                                              const std::vector<std::int32_t>& tokens);

}  // namespace phaselaw::data
