// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "phaselaw/documents/reading.h"

// Arrays of NumPy as columns.
//
//   .npy   one axis         one column, named like the file
//          records          a column for each field of the structured dtype
//          two axes         columns c0, c1, ..., at most 64
//   .npz   one axis each    a column for each array, named by its key; arrays without an axis are repeated in each row
//
// Read are float16, float32, float64, integers of 1 to 8 bytes, booleans (0 and 1), bytes and text, of both byte
// orders. Lines of the table are records, from 1. Arrays of Python objects are pickles and are never loaded.
//
// Errors: InputError for damaged files, other dtypes and shapes, arrays of different lengths (with their lengths;
// --table chooses one length), and tables that need more memory than memory_limit. Left out of an .npz file, with a
// count: arrays of more axes, of Python objects and of other dtypes.
namespace phaselaw::documents {

[[nodiscard]] std::optional<Reading> read_npy(const Document& document, const DocumentOptions& options);
[[nodiscard]] std::optional<Reading> read_npz(const Document& document, const DocumentOptions& options);

// To judge by the first bytes.
[[nodiscard]] bool begins_npy(std::string_view head);
[[nodiscard]] bool begins_npz(std::string_view head);

}  // namespace phaselaw::documents
