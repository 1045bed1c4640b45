// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/long_text.h"

#include <algorithm>
#include <unordered_set>

#include "phaselaw/base/csv.h"
#include "phaselaw/base/value.h"

namespace phaselaw::documents {

namespace {

// Headings for the place of a row that the table does not use itself.
struct PlaceHeadings {
  std::string line, source;  // source: empty if all rows are of one file
};

PlaceHeadings place_headings(const Table& table) {
  const std::unordered_set<std::string> own(table.header.begin(), table.header.end());
  const auto free = [&](std::string name) {
    while (own.contains(name)) name = "_" + name;
    return name;
  };
  bool several = false;
  for (std::size_t row = 1; row < table.n_rows() && !several; ++row) several = table.source(row) != table.source(0);
  return {free("line"), several ? free("source") : ""};
}

}  // namespace

std::string long_csv(const Table& table) {
  const PlaceHeadings place = place_headings(table);
  std::string out;
  for (const std::string& name : table.header) out += base::csv_text(name) + ",";
  out += place.line + (place.source.empty() ? "" : "," + place.source) + "\n";
  for (std::size_t row = 0; row < table.n_rows(); ++row) {
    for (std::size_t c = 0; c < table.n_columns(); ++c) {
      out += base::csv_text(table.plain(row, c));
      out += ',';
    }
    out += std::to_string(table.line(row));
    if (!place.source.empty()) out += "," + base::csv_text(table.source(row));
    out += '\n';
  }
  return out;
}

std::string long_json_lines(const Table& table) {
  const PlaceHeadings place = place_headings(table);
  const auto quoted = [](const std::string& text) { return base::to_json(base::Value(text), -1); };
  std::vector<std::string> keys;
  for (const std::string& name : table.header) keys.push_back(quoted(name) + ": ");
  std::string out;
  for (std::size_t row = 0; row < table.n_rows(); ++row) {
    out += '{';
    for (std::size_t c = 0; c < table.n_columns(); ++c) {
      if (table.is_empty(row, c)) continue;
      const base::Number number = table.number(row, c);
      out += keys[c];
      out += number.kind == base::NumberKind::finite ? base::csv_number(number.value) : quoted(table.text(row, c));
      out += ", ";
    }
    out += quoted(place.line) + ": " + std::to_string(table.line(row));
    if (!place.source.empty()) out += ", " + quoted(place.source) + ": " + quoted(table.source(row));
    out += "}\n";
  }
  return out;
}

}  // namespace phaselaw::documents
