// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "phaselaw/training/trainer.h"

// The state of a training as one file, for resuming after a kill. It is not an exchange format (see checkpoint.h): the
// program that wrote it reads it, and deletes it when the run is done.
//
//   "phLwsnp1" | length, identity | size of a number | steps, time, loss_limit, learning_rate | curve | theta |
//   first_moment | second_moment | FNV-1a of all before
//
// Lengths and hash have 8 bytes, little-endian. A measurement of the curve is its fields in their order, 8 bytes each;
// numbers of tokens are integers and must be known. `identity` names what the state belongs to (a run and a program).
namespace phaselaw::training {

template <class T>
[[nodiscard]] std::string snapshot_bytes(const TrainingState<T>& state, const std::string& identity);

// base::write_file: written completely or not at all. RunError if the disk is full.
template <class T>
void write_snapshot(const std::string& path, const TrainingState<T>& state, const std::string& identity);

// Returns nothing if there is no file, or if it is truncated, damaged or of another identity. The training then starts
// from the beginning, which costs time and does not change the result.
template <class T>
[[nodiscard]] std::optional<TrainingState<T>> read_snapshot(const std::string& path, const std::string& identity);

// The identity that the beginning of the file states. Nothing if there is no file or if it begins like no snapshot; the
// rest of the file is not checked.
[[nodiscard]] std::optional<std::string> snapshot_identity(const std::string& path);

template <class T>
[[nodiscard]] std::optional<TrainingState<T>> snapshot_from_bytes(std::string_view bytes, const std::string& identity);

}  // namespace phaselaw::training
