// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "phaselaw/base/errors.h"
#include "phaselaw/documents/training_log.h"

// What the tests of training logs share.
namespace phaselaw::documents {

inline std::optional<Reading> log_of(std::string text) {
  auto own = std::make_shared<std::string>(std::move(text));
  own->reserve(own->size() + Document::kPadding);
  return read_log({.source = "run.log", .text = std::move(own), .compression = ""}, {});
}

// A row as its cells with ; between them.
inline std::string row_of(const Table& table, std::size_t row) {
  std::string out;
  for (std::size_t column = 0; column < table.n_columns(); ++column)
    out += (column == 0 ? "" : ";") + table.text(row, column);
  return out;
}

inline std::vector<std::string> rows_of(const Table& table) {
  std::vector<std::string> out;
  for (std::size_t row = 0; row < table.n_rows(); ++row) out.push_back(row_of(table, row));
  return out;
}

inline std::string header_of(const Table& table) {
  std::string out;
  for (const std::string& name : table.header) out += (out.empty() ? "" : ";") + name;
  return out;
}

// Lines left out for a reason.
inline std::size_t skipped_of(const Reading& reading, const std::string& reason) {
  for (const Skipped& skipped : reading.skipped)
    if (skipped.reason == reason) return skipped.count;
  return 0;
}

inline bool has_note(const Reading& reading, const std::string& part) {
  for (const std::string& note : reading.notes)
    if (note.find(part) != note.npos) return true;
  return false;
}

}  // namespace phaselaw::documents
