// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

// Reads tables of measurements: CSV (RFC 4180: quoted fields, "" for a quote, line breaks inside quotes) or TSV, UTF-8,
// one header row. The separator is the tab if the header row contains one outside quotes, otherwise the comma,
// otherwise the semicolon. Empty lines are skipped; every other row must have as many fields as the header. Text that
// begins with '{' is read as one JSON object per line (table_formats.h).
//
// Errors: InputError at file:line:column with what was expected and found (column counts bytes from 1).
namespace phaselaw::tables {

struct Table {
  std::string source;
  std::vector<std::string> header;
  struct Field {
    std::string text;
    long line = 0, column = 0;
  };
  std::vector<std::vector<Field>> rows;

  // Index of a column; InputError with the nearest name if there is none.
  [[nodiscard]] std::size_t column(std::string_view name) const;
  // A field as a finite number; InputError at its place otherwise.
  [[nodiscard]] double number(std::size_t row, std::size_t column) const;
};

[[nodiscard]] Table parse_table(std::string_view text, const std::string& source);
[[nodiscard]] Table read_table(const std::string& path);

}  // namespace phaselaw::tables
