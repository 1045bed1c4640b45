// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/documents/table.h"

// The values of one array of NumPy as a column.
namespace phaselaw::documents {

struct NpyType {
  char kind = 'f';  // f: float, i: signed, u: unsigned, b: bool, S: bytes, U: text in units of 4 bytes
  std::size_t bytes = 8;
  bool big_endian = false;
};

// "<f8", "|b1", "<U12". Nothing for types that are not read: objects, complex numbers, dates, long doubles.
[[nodiscard]] std::optional<NpyType> npy_type(std::string_view descr);
// The bytes of a value of any type ("|V4", "<c16"); nothing for objects and descriptions that are not understood.
[[nodiscard]] std::optional<std::size_t> npy_item_bytes(std::string_view descr);
// Why it is not read, to follow the name of the array: "holds Python objects (a pickle), which are never loaded".
[[nodiscard]] std::string why_not_read(std::string_view descr);

struct NpyColumn {
  std::string name;
  NpyType type;
  std::string_view bytes;  // from the first value to the last byte of the last one
  std::size_t stride = 0;  // from one value to the next; 0 repeats the first one
};

// Adds the column to a table with as many rows. True if whole numbers beyond 2^53 were rounded.
bool add_npy_column(Table& table, const NpyColumn& column);

}  // namespace phaselaw::documents
