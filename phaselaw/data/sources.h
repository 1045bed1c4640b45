// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/data/dataset.h"
#include "phaselaw/numerics/random.h"

// What the sources of data::make_split have in common: one function each, and the pieces they are written from. Each
// expects options that are valid for the model.
namespace phaselaw::data {

[[nodiscard]] Split teacher_split(const DataOptions& options, const model::ModelOptions& student, std::uint64_t seed);
[[nodiscard]] Split text_split(const DataOptions& options, const model::ModelOptions& student, std::uint64_t seed);
[[nodiscard]] Split array_split(const DataOptions& options, const model::ModelOptions& student);
[[nodiscard]] Split markov_split(const DataOptions& options, const model::ModelOptions& student, std::uint64_t seed);
[[nodiscard]] Split token_teacher_split(const DataOptions& options, const model::ModelOptions& student,
                                        std::uint64_t seed);
[[nodiscard]] Split associations_split(const DataOptions& options, const model::ModelOptions& student,
                                       std::uint64_t seed);
[[nodiscard]] Split token_file_split(const DataOptions& options, const model::ModelOptions& student,
                                     std::uint64_t seed);

// The checks of the sources that read files, as data::check describes them.
void check_text(const DataOptions& options, const model::ModelOptions& student);
void check_arrays(const DataOptions& options, const model::ModelOptions& student);
void check_token_files(const DataOptions& options, const model::ModelOptions& student);

// The shapes of n sequences for this model, without numbers.
[[nodiscard]] Dataset dataset_of(const model::ModelOptions& student, std::int64_t n);

// The same with all tokens 0 and no targets; with p* = 0 if `distribution` is set.
[[nodiscard]] Dataset token_dataset_of(const model::ModelOptions& student, std::int64_t n, bool distribution);

// d numbers from the stream, scaled to norm sqrt(d).
void draw_normalised(numerics::RandomStream& stream, std::span<double> row);

// The token v with P(v) = p[v], by inversion: the first v with p[0] + ... + p[v] > u, for u in (0, 1). Tokens of
// probability 0 are never drawn. Cost: linear in v.
[[nodiscard]] std::int32_t draw_token(std::span<const double> p, double u);

// values <- softmax(values), with the largest subtracted first.
void softmax(std::span<double> values);

}  // namespace phaselaw::data
