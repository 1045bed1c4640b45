// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "phaselaw/base/errors.h"
#include "phaselaw/documents/document.h"

// What must hold for any bytes that a reader of documents is given: it finds no table of its shape, or refuses them
// with an InputError of one line that names the document, or returns a table that is whole.
namespace phaselaw::fuzz {

inline void require(bool truth) {
  if (!truth) std::abort();
}

// Headings are distinct and not empty. Every cell can be read as text and as number, and lies in the document.
inline void check_table(const documents::Table& table) {
  std::unordered_set<std::string_view> names;
  for (const std::string& name : table.header) require(!name.empty() && names.insert(name).second);
  for (std::size_t column = 0; column < table.n_columns(); ++column)
    for (std::size_t row = 0; row < table.n_rows(); ++row) {
      const std::string text = table.text(row, column);
      const base::Number number = table.number(row, column);
      if (table.is_empty(row, column)) require(number.kind == base::NumberKind::missing);
      if (!table.holds_numbers(column)) require(table.view(row, column) == text);
      require(table.same(row, row, column));
    }
  if (table.n_rows() == 0) return;
  for (const std::size_t row : {std::size_t{0}, table.n_rows() - 1})  // a place costs time linear in the document
    for (std::size_t column = 0; column < std::min<std::size_t>(table.n_columns(), 10); ++column)
      require(table.place(row, column).line >= 0 && table.place(row, column).column >= 0);
}

inline void check_reading(const documents::Reading& reading) {
  require(!reading.shape.empty());
  for (const std::string& note : reading.notes) require(!note.empty());
  for (const documents::Skipped& skipped : reading.skipped)
    require(skipped.count > 0 && !skipped.reason.empty() && skipped.lines.size() <= documents::Skipped::kShown);
  check_table(reading.table);
}

inline documents::Document document_of(const std::uint8_t* bytes, std::size_t size) {
  auto text = std::make_shared<std::string>();
  text->reserve(size + documents::Document::kPadding);
  text->assign(reinterpret_cast<const char*>(bytes), size);
  return {.source = "fuzz", .text = std::move(text), .compression = ""};
}

// `read` returns a Reading, or an optional one.
template <class Read>
int try_reader(const Read& read, const std::uint8_t* bytes, std::size_t size) {
  try {
    const std::optional<documents::Reading> reading = read(document_of(bytes, size), documents::DocumentOptions{});
    if (reading) check_reading(*reading);
  } catch (const base::InputError& refused) {
    const std::string_view message = refused.what();
    require(message.starts_with("fuzz") && message.find('\n') == message.npos && message.size() < 4096);
  }
  return 0;
}

}  // namespace phaselaw::fuzz
