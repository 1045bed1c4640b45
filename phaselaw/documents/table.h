// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/number.h"
#include "phaselaw/documents/line_starts.h"
#include "phaselaw/documents/number_style.h"
#include "phaselaw/documents/shared_until_changed.h"

// A table as every reader of documents leaves it: named columns of cells, and the place in the document from which each
// cell comes. A cell of text is a place in the text of its document (8 bytes), so a table of a file needs about the
// size of the file and 8 bytes for each cell. A column that never was text (NumPy, Arrow, TensorBoard) holds numbers.
//
// Columns have equal length. An empty cell was not recorded. Headings are distinct and not empty.
namespace phaselaw::documents {

class Table {
 public:
  std::vector<std::string> header;

  // Without a text: a table of numbers, or of cells that `set` copies.
  explicit Table(std::string source = "", std::shared_ptr<const std::string> text = nullptr);

  [[nodiscard]] const std::string& source() const { return source_; }
  [[nodiscard]] std::size_t n_rows() const { return origin_->size(); }
  [[nodiscard]] std::size_t n_columns() const { return header.size(); }

  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;
  [[nodiscard]] std::size_t column(std::string_view name) const;  // InputError with the nearest heading if it is absent

  // The cell as it is written; a number of a column of numbers as its shortest digits, "nan" or "inf".
  [[nodiscard]] std::string text(std::size_t row, std::size_t column) const;
  // The same, but a number in plain digits whatever the style of its column is.
  [[nodiscard]] std::string plain(std::size_t row, std::size_t column) const;
  // The cell without a copy, for columns of text only.
  [[nodiscard]] std::string_view view(std::size_t row, std::size_t column) const;
  // The cell as a number in the style of its column; not_a_number if the column is ambiguous.
  [[nodiscard]] base::Number number(std::size_t row, std::size_t column) const;
  // The same, where a count may also have a letter of its own: 70M in a column of plain numbers.
  [[nodiscard]] base::Number count(std::size_t row, std::size_t column) const;
  [[nodiscard]] bool is_empty(std::size_t row, std::size_t column) const;
  [[nodiscard]] bool holds_numbers(std::size_t column) const { return columns_[column]->numeric; }
  // Equal for cells with equal text; for a column of numbers, with equal numbers.
  [[nodiscard]] std::uint64_t hash(std::size_t row, std::size_t column) const;
  [[nodiscard]] bool same(std::size_t a, std::size_t b, std::size_t column) const;

  [[nodiscard]] const NumberStyle& style(std::size_t column) const { return columns_[column]->style; }
  void set_style(std::size_t column, const NumberStyle& style) { columns_[column].own().style = style; }
  // Why the numbers of a column cannot be read, with both readings; empty if they can.
  [[nodiscard]] const std::string& ambiguity(std::size_t column) const { return columns_[column]->ambiguity; }
  void set_ambiguity(std::size_t column, std::string why) { columns_[column].own().ambiguity = std::move(why); }

  // Line of a row in its file, from 1; for files of records, the number of the record. 0: unknown.
  [[nodiscard]] long line(std::size_t row) const { return (*origin_)[row].line; }
  // The file of a row; the source of the table unless it was joined from several.
  [[nodiscard]] const std::string& source(std::size_t row) const;
  [[nodiscard]] base::Location place(std::size_t row) const { return {source(row), line(row), 0}; }
  // The line and column of a cell; as far as they are known. Cost: line_starts.h.
  [[nodiscard]] base::Location place(std::size_t row, std::size_t column) const;

  // Building. Columns may be added at any time: their cells in earlier rows are empty.
  std::size_t add_column(std::string name);
  std::size_t add_numbers(std::string name, std::vector<double> values);  // as long as the table, or its first column
  void set_empty(std::size_t row, std::size_t column);                    // of a column of numbers: not recorded
  // A row of empty cells. InputError if the table would exceed kMostCells, as a sparse document makes it do.
  std::size_t add_row(long line);
  // A row of these cells, one for each column, each as `set` takes it. Cost: 5 ns for each cell.
  std::size_t add_row(long line, std::span<const std::string_view> cells);
  void reserve(std::size_t rows);
  // A view of the text of the table, or of another of its cells, is kept as a place; any other text is copied.
  void set(std::size_t row, std::size_t column, std::string_view cell);

  // Keeps these rows, in this order.
  void keep(std::span<const std::size_t> rows);
  void drop_column(std::size_t column);
  void drop_columns(const std::vector<bool>& dropped);  // one entry for each column
  // The rows of another table below these; columns are matched by their names.
  void append(const Table& other);

  // Rearranging, in table_cells.cpp. Cells keep their places, and no text is copied.
  // A table with these rows of this table and no columns yet.
  [[nodiscard]] Table without_columns(std::span<const std::size_t> rows) const;
  // A column of such a table: in row i the cell of `from`, from which the table was made, at rows[i] and columns[i];
  // an empty cell for kNoColumn.
  std::size_t add_cells(std::string name, const Table& from, std::span<const std::size_t> rows,
                        std::span<const std::size_t> columns);
  // A column with words[which[i]] in row i; each word is stored once.
  std::size_t add_words(std::string name, std::span<const std::string> words, std::span<const std::size_t> which);
  static constexpr std::size_t kNoColumn = static_cast<std::size_t>(-1);

  static constexpr std::size_t kMostCells = std::size_t{1} << 28;

 private:
  // 40 bits of place and 24 of length. A place is counted over all texts of the table, one after the other.
  using Cell = std::uint64_t;
  struct Column {
    bool numeric = false;
    std::vector<Cell> cells;
    std::vector<double> numbers;
    std::vector<bool> empty;  // of numbers; no entries if none is empty
    NumberStyle style = {};
    std::string ambiguity = {};
  };
  struct Origin {
    std::uint32_t line = 0, part = 0;
  };
  struct Part {
    std::string source;
    std::shared_ptr<const std::string> text;
    std::shared_ptr<const LineStarts> lines;
    std::uint64_t begin = 0;
  };

  [[nodiscard]] std::string_view at(Cell cell) const;
  [[nodiscard]] Cell kept(std::string_view text);
  void refuse_too_many_cells(long line) const;
  // Where the rows of another table begin in this one.
  struct Joint {
    std::size_t rows = 0;
    std::uint64_t texts = 0, copies = 0;
    bool fresh = false;  // the column has no cells of its own
  };
  void append_column(std::size_t column, const Table& other, std::size_t from, const Joint& joint);
  void plain_text(std::size_t column, std::size_t rows);

  std::string source_;
  std::vector<Part> parts_;
  SharedUntilChanged<std::string> copies_;  // text that is not in the document
  std::vector<SharedUntilChanged<Column>> columns_;
  SharedUntilChanged<std::vector<Origin>> origin_;
};

}  // namespace phaselaw::documents
