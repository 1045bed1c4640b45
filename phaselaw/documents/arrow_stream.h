// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "phaselaw/documents/reading.h"

// A stream of record batches as a table, by the Arrow C data and C stream interfaces. Frames of pandas, polars and
// pyarrow, and the files that these read (Parquet, Feather, Arrow, Excel), arrive in this way: numbers are copied as
// numbers and never pass through text.
//
// The three structs have the binary layout that the specification of Arrow fixes; a producer fills them and frees them
// by their own `release`.
namespace phaselaw::documents {

struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  std::int64_t flags;
  std::int64_t n_children;
  ArrowSchema** children;
  ArrowSchema* dictionary;
  void (*release)(ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  std::int64_t length;
  std::int64_t null_count;
  std::int64_t offset;
  std::int64_t n_buffers;
  std::int64_t n_children;
  const void** buffers;
  ArrowArray** children;
  ArrowArray* dictionary;
  void (*release)(ArrowArray*);
  void* private_data;
};

struct ArrowArrayStream {
  int (*get_schema)(ArrowArrayStream*, ArrowSchema*);
  int (*get_next)(ArrowArrayStream*, ArrowArray*);
  const char* (*get_last_error)(ArrowArrayStream*);
  void (*release)(ArrowArrayStream*);
  void* private_data;
};

// Reads all batches. Integers, real numbers, decimals and times become columns of numbers; text, categories and truth
// values become columns of text; null is an empty cell; the fields of a struct become columns `struct.field`. Columns of
// lists and of bytes are left out with a note. Rows count from 1. The stream is released by its owner.
//
// Errors: InputError if the producer fails, if the batches are no struct of columns, or for an unknown type.
// Cost: one copy; about 1 ns for each number and 5 ns for each text.
[[nodiscard]] Reading read_arrow(ArrowArrayStream& stream, const std::string& source);

}  // namespace phaselaw::documents
