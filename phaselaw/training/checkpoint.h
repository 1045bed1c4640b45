// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "phaselaw/model/options.h"
#include "phaselaw/model/parameters.h"

// Weights as .safetensors (base/safetensors.h). Names and shapes are those of the parameter table; gains and biases
// have one dimension. dtype is F32 or F64; the metadata entry "model" holds the resolved model section as JSON.
namespace phaselaw::training {

// The bytes of a checkpoint, and the file (base::write_file: written completely or not at all).
template <class T>
[[nodiscard]] std::string checkpoint_bytes(const model::ModelOptions& options, std::span<const T> theta);
template <class T>
void write_checkpoint(const std::string& path, const model::ModelOptions& options, std::span<const T> theta);

// The model section in the metadata. InputError if the file has none.
[[nodiscard]] model::ModelOptions read_checkpoint_options(const std::string& path);

// The parameters of a model with these options, in the table's order; also from a file with the names of GPT-2 or
// Llama. InputErrors: base/safetensors.h, state_dict.h.
template <class T>
[[nodiscard]] std::vector<T> read_checkpoint(const std::string& path, const model::ModelOptions& options);

}  // namespace phaselaw::training
