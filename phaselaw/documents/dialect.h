// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "phaselaw/documents/reading.h"
#include "phaselaw/documents/record_scanner.h"

// How a delimited text separates its cells, decided from its content: the separator that gives every line of a sample
// the same number of cells, and the largest share of cells that are numbers.
namespace phaselaw::documents {

struct Dialect {
  Separator separator = Separator::comma;
  std::vector<CharacterRange> columns;  // of fixed width; otherwise empty
  std::size_t begin = 0;                // byte at which the lines begin, behind a byte order mark and "sep=;"
  long line = 1;                        // and its line
  std::size_t width = 0;                // cells of a line
  long first_line = 1;                  // of the table: its heading, or its first row
  long short_heading_line = 0;          // a line with one cell less above the first; 0 if there is none
};

// A prefix of whole lines: 64 KiB; more where lines are long, so that it has two lines, or five within 4 MiB.
[[nodiscard]] std::string_view sample_of(std::string_view text);

// Nothing if no separator gives a table of numbers. InputError if two separators are equally good; it shows both
// readings. Cost: a few milliseconds; a line of 1e5 cells is read once for each separator.
[[nodiscard]] std::optional<Dialect> choose_dialect(const Document& document, const DocumentOptions& options);

}  // namespace phaselaw::documents
