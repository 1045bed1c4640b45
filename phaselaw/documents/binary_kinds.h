// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "phaselaw/documents/reading.h"

// Documents that are not text, known by their first bytes: those that are read, and those that are refused with the way
// to convert them. Nothing is ever unpickled.
namespace phaselaw::documents {

// As many first bytes of a document decide what it is.
inline constexpr std::size_t kHeadBytes = 1 << 16;

// InputError at `source` if the first bytes of a document begin a format that no reader accepts (Parquet, Arrow, Excel,
// pickles, weights, archives, images, programs), or if they are neither text, nor an array of NumPy, nor TensorBoard
// events. `head`: the first kHeadBytes, or all if there are fewer.
void require_readable(std::string_view head, const std::string& source);

// The table of a document that is read from its bytes: .npy, .npz, TensorBoard events. Nothing if it is none of these;
// then it is text. `document.text` is as open_document leaves it.
[[nodiscard]] std::optional<Reading> read_binary(const Document& document, const DocumentOptions& options);

}  // namespace phaselaw::documents
