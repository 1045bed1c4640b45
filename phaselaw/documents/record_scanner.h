// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Lines of delimited text, one after the other, as cells.
//
// A line ends with LF, CR LF or CR. A cell that begins with a quote ends with the next single quote; inside, "" and \"
// are a quote, and line ends belong to the cell. A quote elsewhere in a cell is kept. Blanks around cells are removed.
// The apostrophe that guards a formula against spreadsheets (base/csv.h) is removed.
namespace phaselaw::documents {

enum class Separator : unsigned char {
  comma,
  semicolon,
  tab,
  bar,
  wide_blanks,  // two or more blanks, or a tab
  blanks,       // any run of blanks and tabs
  positions,    // columns of fixed width
  none,         // a line is one cell
};
[[nodiscard]] std::string_view words_of(Separator separator);  // "comma", "runs of spaces", ...

// A column of fixed width, in characters from the beginning of the line; the last column extends to the end of the line.
// A line with characters between the columns is not aligned: it is one cell.
struct CharacterRange {
  std::size_t begin = 0, end = 0;
};

enum class LineKind {
  record,
  comment,  // begins with # or // or %
  rule,     // a line of ---, ===, + and | only
};

class RecordScanner {
 public:
  static constexpr std::size_t kMostCells = std::size_t{1} << 19;    // of a line; the rest of the line is one more cell
  static constexpr std::size_t kLongestLine = std::size_t{1} << 24;  // bytes, for those who check raw()

  // `text` begins at line `line` of its document.
  RecordScanner(std::string_view text, Separator separator, long line = 1,
                std::span<const CharacterRange> columns = {});

  // Goes to the next line that is not blank; false at the end. Cost: 1 ns for each byte and 5 ns for each cell.
  bool next();

  [[nodiscard]] LineKind kind() const { return kind_; }
  // Views into the text; a cell with an escaped quote is a copy that lives until the next call of next().
  [[nodiscard]] std::span<const std::string_view> cells() const { return cells_; }
  [[nodiscard]] std::string_view raw() const { return text_.substr(begin_, end_ - begin_); }
  [[nodiscard]] long line() const { return line_; }  // on which the record begins
  [[nodiscard]] bool after_blank_line() const { return after_blank_; }
  [[nodiscard]] bool is_terminated() const { return end_ < text_.size(); }  // by an end of line
  // Column, from 1, of a quote that is never closed; 0 if there is none. The record then extends to the end.
  [[nodiscard]] long open_quote() const { return open_quote_; }

 private:
  void pass_line_end();
  void classify();
  void split_separated(char separator);
  void split_blanks(bool wide);
  void split_positions();
  [[nodiscard]] std::size_t end_of_line(std::size_t from) const;
  bool quoted_cell();
  [[nodiscard]] bool at_line_end() const { return at_ >= text_.size() || text_[at_] == '\n' || text_[at_] == '\r'; }

  std::string_view text_;
  Separator separator_;
  std::span<const CharacterRange> columns_;
  std::size_t at_ = 0, begin_ = 0, end_ = 0;
  long line_, next_line_, open_quote_ = 0;
  bool after_blank_ = false;
  LineKind kind_ = LineKind::record;
  std::vector<std::string_view> cells_;
  std::deque<std::string> unescaped_;
};

}  // namespace phaselaw::documents
