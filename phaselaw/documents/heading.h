// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "phaselaw/documents/dialect.h"
#include "phaselaw/documents/reading.h"

// The names of the columns of delimited text, and the columns that a table does not need.
namespace phaselaw::documents {

// The first lines of a table, to decide what its heading is.
struct FirstLines {
  std::vector<std::vector<std::string>> records;  // at most 50, from the first line of the table
  std::vector<long> lines;
  std::vector<std::string> comment;  // cells of a comment directly above the first line, if it has as many
  long comment_line = 0;
  std::string above;  // the line above the first if it has another number of cells, with that number
  std::vector<std::string> short_heading;  // cells of a line above with one cell less
};

struct Heading {
  std::vector<std::string> names;  // one for each cell of a line; may be empty or occur twice
  bool first_is_row = false;       // the first line is a row and no heading
  long line = 0;                   // of the heading; 0: --names
};

// The heading: --names, the first line, or a comment above it. InputError if the first line holds numbers like those
// below it and there is no other heading, and if two lines of words stand above the numbers.
[[nodiscard]] Heading heading_of(const FirstLines& first, std::size_t width, const Document& document,
                                 const DocumentOptions& options);

// Drops columns without a heading that are empty or number the rows, and copies of columns, with a note; gives other
// columns without a heading a name. InputError if two columns of one name hold different cells. Cost: linear in cells.
void tidy_columns(Table& table, long heading_line, std::vector<std::string>& notes);

}  // namespace phaselaw::documents
