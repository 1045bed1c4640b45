// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "phaselaw/base/files.h"
#include "phaselaw/documents/reading.h"

// Small tables for tests.
namespace phaselaw::documents {

using Rows = std::vector<std::vector<std::string>>;

// The heading and the rows.
inline Rows cells(const Table& table) {
  Rows out = {table.header};
  for (std::size_t r = 0; r < table.n_rows(); ++r) {
    out.emplace_back();
    for (std::size_t c = 0; c < table.n_columns(); ++c) out.back().push_back(table.text(r, c));
  }
  return out;
}

// A table of lines with commas, without quotes, with a heading.
inline Reading comma_table(std::string words) {
  const auto text = std::make_shared<const std::string>(std::move(words));
  Reading reading;
  reading.shape = "delimited text";
  reading.table = Table("x.csv", text);
  const std::string_view all = *text;
  long line = 0;
  for (std::size_t begin = 0; begin < all.size();) {
    const std::size_t end = std::min(all.find('\n', begin), all.size());
    std::vector<std::string_view> fields;
    for (std::size_t at = begin; at <= end;) {
      const std::size_t comma = std::min(all.find(',', at), end);
      fields.push_back(all.substr(at, comma - at));
      at = comma + 1;
    }
    begin = end + 1;
    if (++line == 1) {
      for (const std::string_view field : fields) reading.table.add_column(std::string(field));
      continue;
    }
    const std::size_t row = reading.table.add_row(line);
    for (std::size_t c = 0; c < fields.size(); ++c) reading.table.set(row, c, fields[c]);
  }
  return reading;
}

}  // namespace phaselaw::documents
