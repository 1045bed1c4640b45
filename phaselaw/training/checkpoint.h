// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "phaselaw/model/options.h"
#include "phaselaw/model/parameters.h"

// Weights as .safetensors: 8 bytes little-endian length, a JSON header {name: {dtype, shape, data_offsets}}, then the
// numbers, C order, without gaps. Names and shapes are the parameter table's; dtype F32 or F64; the metadata entry
// "model" holds the resolved model section as JSON. Source: the format's specification [T].
namespace phaselaw::training {

// The bytes of a checkpoint, and the file (base::write_file: whole or not at all).
template <class T>
[[nodiscard]] std::string checkpoint_bytes(const model::ModelOptions& options, std::span<const T> theta);
template <class T>
void write_checkpoint(const std::string& path, const model::ModelOptions& options, std::span<const T> theta);

// The model section in the metadata. InputError when the file has none.
[[nodiscard]] model::ModelOptions read_checkpoint_options(const std::string& path);

// The parameters of a model with these options, in the table's order. InputError naming the file and the tensor:
// missing, not of this model, another shape, another dtype (F32 is widened to double exactly; F64 is not rounded to
// float), truncated, gaps or overlaps, a header longer than the file or than 100 MB.
template <class T>
[[nodiscard]] std::vector<T> read_checkpoint(const std::string& path, const model::ModelOptions& options);

}  // namespace phaselaw::training
