// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/format.h"

#include <algorithm>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/visible_text.h"

namespace phaselaw::report {

namespace {

// Characters that a terminal shows; continuation bytes of UTF-8 take no room.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// One column of a table: where its cells begin and how wide they are.
class Column {
 public:
  Column(const std::vector<std::vector<std::string>>& rows, std::size_t at) {
    std::vector<std::string_view> cells;
    for (std::size_t i = 1; i < rows.size(); ++i)
      if (at < rows[i].size()) cells.emplace_back(rows[i][at]);
    std::string_view heading;
    if (at < rows.front().size()) heading = rows.front()[at];
    numbers_ = !cells.empty() && std::all_of(cells.begin(), cells.end(), reads_as_number);
    heading_is_number_ = numbers_ && reads_as_number(heading);
    if (heading_is_number_) cells.push_back(heading);
    for (const std::string_view cell : cells) {
      if (!numbers_) break;
      number_width_ = std::max(number_width_, width_of(number_of(cell)));
      more_ = more_ || number_of(cell).size() < cell.size();
    }
    width_ = before(heading, true) + width_of(heading);
    for (const std::string_view cell : cells) width_ = std::max(width_, before(cell, false) + width_of(cell));
  }

  // The cell with blanks on both sides.
  [[nodiscard]] std::string padded(const std::string& cell, bool heading) const {
    std::size_t left = before(cell, heading);
    if (numbers_ && !more_) left = width_ - width_of(cell);
    return std::string(left, ' ') + cell + std::string(width_ - left - width_of(cell), ' ');
  }

 private:
  // What stands before an interval or a unit: "0.21" of "0.21 [0.07, 0.97]", "2.6" of "2.6 %".
  static std::string_view number_of(std::string_view cell) {
    if (cell.starts_with('[')) return {};
    const std::size_t digit = cell.find_first_of("0123456789");
    return digit == std::string_view::npos ? cell : cell.substr(0, cell.find(' ', digit));
  }
  [[nodiscard]] std::size_t before(std::string_view cell, bool heading) const {
    return numbers_ && (!heading || heading_is_number_) ? number_width_ - width_of(number_of(cell)) : 0;
  }
  bool numbers_ = false, heading_is_number_ = false, more_ = false;  // more_: some have an interval or a unit
  std::size_t number_width_ = 0, width_ = 0;
};

}  // namespace

bool reads_as_number(std::string_view cell) {
  if (cell.empty() || cell == "–") return true;
  const std::size_t first = cell.find_first_not_of("[<>=~+-−≈ ");
  return first != std::string_view::npos && cell[first] >= '0' && cell[first] <= '9';
}

std::string text_table(const std::vector<std::vector<std::string>>& given) {
  std::vector<std::vector<std::string>> rows = given;
  for (auto& row : rows)
    for (std::string& cell : row) cell = base::one_line(cell);
  std::size_t n_columns = 0;
  for (const auto& row : rows) n_columns = std::max(n_columns, row.size());
  std::vector<Column> columns;
  for (std::size_t at = 0; at < n_columns; ++at) columns.emplace_back(rows, at);
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t at = 0; at < row.size(); ++at)
      line += (at > 0 ? "  " : "") + columns[at].padded(row[at], &row == &rows.front());
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string clean_text(std::string_view text) {
  // U+FFFE and U+FFFF, which are no characters of XML
  const auto is_noncharacter = [](std::string_view s) { return s == "\xef\xbf\xbe" || s == "\xef\xbf\xbf"; };
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = base::utf8_length(text.substr(i, 4));
    const std::string_view sequence = text.substr(i, std::max<std::size_t>(length, 1));
    const auto c = static_cast<unsigned char>(text[i]);
    if (length == 0 || is_noncharacter(sequence))
      out += "\xef\xbf\xbd";
    else if (length > 1 ? !base::is_hidden_character(sequence) : c == '\n' || c == '\t' || (c >= 0x20 && c != 0x7f))
      out += sequence;
    i += sequence.size();
  }
  return out;
}

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (const char c : clean_text(text)) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&#39;";
    else
      out += c;
  }
  return out;
}

}  // namespace phaselaw::report
