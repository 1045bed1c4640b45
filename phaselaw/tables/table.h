// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

// Reads tables of measurements: CSV (RFC 4180: quoted fields, "" for a quote, line breaks inside quotes) or TSV, UTF-8,
// one header row. The separator is the tab if the header row holds one outside quotes, else the comma, else the
// semicolon. Empty lines are skipped; every other row must have as many fields as the header. A text that begins with
// '{' is read as one JSON object a line (table_formats.h).
//
// Errors: InputError at file:line:column (column counts characters' bytes from 1) with what was expected and found.
namespace phaselaw::tables {

struct Table {
  std::string source;
  std::vector<std::string> header;
  struct Field {
    std::string text;
    long line = 0, column = 0;
  };
  std::vector<std::vector<Field>> rows;

  // Index of a column; InputError with the nearest name when absent.
  [[nodiscard]] std::size_t column(std::string_view name) const;
  // A field as a finite number; InputError at its place otherwise.
  [[nodiscard]] double number(std::size_t row, std::size_t column) const;
};

[[nodiscard]] Table parse_table(std::string_view text, const std::string& source);
[[nodiscard]] Table read_table(const std::string& path);

}  // namespace phaselaw::tables
