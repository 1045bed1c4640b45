// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "phaselaw/base/number.h"

// The fields of our CSV files.
//
// A spreadsheet computes a cell of text that begins with = + - @, a tab or a carriage return, even one such as
// =HYPERLINK(...) that came from a file of somebody else. Text of this kind is therefore written with an apostrophe in
// front, after which a spreadsheet shows it as text. Numbers are unchanged. Text that begins with apostrophes before
// such a character gets one more, so that reading (documents/record_scanner.h), which removes one, gives the same text.
// [S: OWASP, CSV Injection]
namespace phaselaw::base {

// A number: the shortest text that reads back to the same bits; NaN is empty.
[[nodiscard]] inline std::string csv_number(double x) { return std::isnan(x) ? std::string() : fmt::format("{}", x); }
[[nodiscard]] inline std::string csv_number(std::int64_t x) { return fmt::to_string(x); }

// Whether text begins, after any apostrophes, like a formula of a spreadsheet.
[[nodiscard]] inline bool begins_like_formula(std::string_view text) {
  const std::size_t first = text.find_first_not_of('\'');
  return first != std::string_view::npos && std::string_view("=+-@\t\r").find(text[first]) != std::string_view::npos;
}

// The text with an apostrophe in front if a spreadsheet would compute it, and without it again.
[[nodiscard]] inline std::string csv_guarded(const std::string& text) {
  return begins_like_formula(text) && parse_number(text).kind == NumberKind::not_a_number ? '\'' + text : text;
}
[[nodiscard]] inline std::string_view csv_unguarded(std::string_view field) {
  return field.starts_with('\'') && begins_like_formula(field) ? field.substr(1) : field;
}

// Text as a quoted field.
[[nodiscard]] inline std::string csv_quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : csv_guarded(text)) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

// Text as a field that is quoted only where it has to be.
[[nodiscard]] inline std::string csv_text(const std::string& text) {
  const auto starts = [&](std::string_view sign) { return text.starts_with(sign); };
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  const bool plain = text.find_first_of(",\"\n\r") == std::string::npos && !starts("#") && !starts("%") &&
                     !starts("//") && (text.empty() || (!is_blank(text.front()) && !is_blank(text.back())));
  return plain ? csv_guarded(text) : csv_quoted(text);
}

}  // namespace phaselaw::base
