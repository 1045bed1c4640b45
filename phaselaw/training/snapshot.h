// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "phaselaw/training/trainer.h"

// A training in flight as one file, to go on from after a kill. Not an exchange format (that is checkpoint.h): it is
// read by the program that wrote it and deleted when the run is done.
//
//   "phLwsnp1" | length, identity | size of a number | steps, time, loss_limit, learning_rate | curve | theta |
//   first_moment | second_moment | FNV-1a of all before.    Lengths and hash are 8 bytes, little-endian. A measurement
//   of the curve is its fields in their order, 8 bytes each; numbers of tokens are integers and must be known.
//
// `identity` names what the state belongs to (a run and a program).
namespace phaselaw::training {

template <class T>
[[nodiscard]] std::string snapshot_bytes(const TrainingState<T>& state, const std::string& identity);

// base::write_file: whole or not at all. RunError when the disk is full.
template <class T>
void write_snapshot(const std::string& path, const TrainingState<T>& state, const std::string& identity);

// Nothing where there is no file, and where the file is cut off, damaged or of another identity: the training then
// begins at its start, which costs time and changes no result.
template <class T>
[[nodiscard]] std::optional<TrainingState<T>> read_snapshot(const std::string& path, const std::string& identity);
template <class T>
[[nodiscard]] std::optional<TrainingState<T>> snapshot_from_bytes(std::string_view bytes, const std::string& identity);

}  // namespace phaselaw::training
