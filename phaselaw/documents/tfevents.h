// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "phaselaw/documents/reading.h"

// Event files of TensorBoard: records of protocol buffers with check sums, as TensorFlow, PyTorch, JAX and Keras write
// them.
//
// The table has the columns step, wall_time (seconds since 1970) and one column for each tag of a scalar, in the order
// of their first appearance. Scalars are simple values, and tensors of one number (float16, bfloat16, float32, float64,
// integers, boolean). Consecutive scalars of one step share a row; a tag that comes again begins a new one. The order
// of the file is kept, so a step that falls is a restart. The line of a row is the number of its record.
//
// Left out with a count: images, histograms, texts and other summaries; records with a wrong check sum; an incomplete
// last record, as a running training leaves it (with a note).
// Errors: InputError at source:record for a damaged length, after which nothing can be read; a file without scalars; a
// table of more cells than memory_limit allows.
// Cost: about 2 ns per byte; the values of other summaries are not decoded.
namespace phaselaw::documents {

// The folder of an event file, by its name; empty for the current one. Nothing for other files. TensorBoard writes a new
// file after each restart, so the folder stands for the run.
[[nodiscard]] std::optional<std::string> folder_of_events(const std::string& source);

[[nodiscard]] std::optional<Reading> read_tfevents(const Document& document, const DocumentOptions& options);

// To judge by the first 12 bytes: a length and its check sum.
[[nodiscard]] bool begins_tfevents(std::string_view head);

}  // namespace phaselaw::documents
