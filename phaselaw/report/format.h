// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

// Text for people: tables for a terminal, and text that is safe in HTML and SVG. Numbers are base/format.h.
namespace phaselaw::report {

// Whether a cell of a table shows a number: a digit first, or after a sign, "<", "[" or the like. Nothing and an en dash
// stand for a number that is not known.
[[nodiscard]] bool reads_as_number(std::string_view cell);

// A table for a terminal: the first row is the heading, columns are padded to their widest character count. A column of
// numbers is set to the right; where numbers have intervals or units, all of them end at one place and these follow.
[[nodiscard]] std::string text_table(const std::vector<std::vector<std::string>>& rows);

// The text as XML may hold it: hidden characters other than tab and line feed are dropped, broken UTF-8 is U+FFFD.
[[nodiscard]] std::string clean_text(std::string_view text);

// clean_text() as the content of an HTML or XML element or of a quoted attribute: & < > " ' are escaped.
[[nodiscard]] std::string escape_html(std::string_view text);

}  // namespace phaselaw::report
