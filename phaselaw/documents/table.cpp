// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/table.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "phaselaw/base/csv.h"

namespace phaselaw::documents {

namespace {

constexpr unsigned kLengthBits = 24;
constexpr std::uint64_t kLongest = (std::uint64_t{1} << kLengthBits) - 1;
constexpr std::uint64_t kCopies = std::uint64_t{1} << 39U;  // places from here on are in the copies

std::uint64_t packed(std::uint64_t place, std::uint64_t length) { return (place << kLengthBits) | length; }

bool lies_within(const std::string& text, std::string_view cell) {
  const std::less_equal<> before;
  return before(text.data(), cell.data()) && before(cell.data() + cell.size(), text.data() + text.size());
}

std::uint32_t line_number(long line) {
  return static_cast<std::uint32_t>(std::clamp<long>(line, 0, std::numeric_limits<std::uint32_t>::max()));
}

template <class T>
std::vector<T> chosen(const std::vector<T>& all, std::span<const std::size_t> rows) {
  std::vector<T> out;
  out.reserve(rows.size());
  for (const std::size_t row : rows) out.push_back(all[row]);
  return out;
}

}  // namespace

Table::Table(std::string source, std::shared_ptr<const std::string> text) : source_(std::move(source)) {
  if (!text) text = std::make_shared<const std::string>();
  parts_.push_back({source_, text, std::make_shared<const LineStarts>(text), 0});
}

std::optional<std::size_t> Table::find(std::string_view name) const {
  const auto at = std::find(header.begin(), header.end(), name);
  if (at == header.end()) return {};
  return static_cast<std::size_t>(at - header.begin());
}

std::size_t Table::column(std::string_view name) const {
  if (const auto at = find(name)) return *at;
  throw base::InputError({source_, 1, 0}, base::unknown_name("column", name, header));
}

std::string_view Table::at(Cell cell) const {
  const std::uint64_t place = cell >> kLengthBits, length = cell & kLongest;
  if (length == 0) return {};
  if (place >= kCopies) return std::string_view(*copies_).substr(place - kCopies, length);
  if (parts_.size() == 1) return std::string_view(*parts_.front().text).substr(place, length);
  const auto part = std::prev(std::upper_bound(parts_.begin(), parts_.end(), place,
                                               [](std::uint64_t p, const Part& x) { return p < x.begin; }));
  return std::string_view(*part->text).substr(place - part->begin, length);
}

std::string_view Table::view(std::size_t row, std::size_t column) const {
  PHASELAW_CHECK(!columns_[column]->numeric);
  return at(columns_[column]->cells[row]);
}

std::string Table::text(std::size_t row, std::size_t column) const {
  if (!columns_[column]->numeric) return std::string(view(row, column));
  return is_empty(row, column) ? "" : fmt::format("{}", columns_[column]->numbers[row]);
}

bool Table::is_empty(std::size_t row, std::size_t column) const {
  const Column& c = *columns_[column];
  if (c.numeric) return !c.empty.empty() && c.empty[row];
  return (c.cells[row] & kLongest) == 0;
}

base::Number Table::number(std::size_t row, std::size_t column) const {
  const Column& c = *columns_[column];
  if (!c.ambiguity.empty() && !c.numeric && (c.cells[row] & kLongest) != 0) return {base::NumberKind::not_a_number, 0};
  if (!c.numeric) return parse_number(at(c.cells[row]), c.style);
  if (is_empty(row, column)) return {base::NumberKind::missing, 0};
  const double value = c.numbers[row];
  return {std::isfinite(value) ? base::NumberKind::finite : base::NumberKind::not_finite, value};
}

base::Number Table::count(std::size_t row, std::size_t column) const {
  const base::Number plain = number(row, column);
  if (plain.kind != base::NumberKind::not_a_number || columns_[column]->numeric || !columns_[column]->ambiguity.empty())
    return plain;
  return base::parse_count(view(row, column));
}

std::uint64_t Table::hash(std::size_t row, std::size_t column) const {
  const Column& c = *columns_[column];
  if (!c.numeric) return std::hash<std::string_view>()(at(c.cells[row]));
  return is_empty(row, column) ? 0 : std::bit_cast<std::uint64_t>(c.numbers[row]) * 0x9e3779b97f4a7c15U + 1;
}

bool Table::same(std::size_t a, std::size_t b, std::size_t column) const {
  const Column& c = *columns_[column];
  if (!c.numeric) return at(c.cells[a]) == at(c.cells[b]);
  if (is_empty(a, column) || is_empty(b, column)) return is_empty(a, column) && is_empty(b, column);
  return std::bit_cast<std::uint64_t>(c.numbers[a]) == std::bit_cast<std::uint64_t>(c.numbers[b]);
}

const std::string& Table::source(std::size_t row) const { return parts_[(*origin_)[row].part].source; }

base::Location Table::place(std::size_t row, std::size_t column) const {
  const Column& c = *columns_[column];
  if (c.numeric || c.cells[row] == 0) return place(row);
  const std::uint64_t where = c.cells[row] >> kLengthBits;
  const Part& part = parts_[(*origin_)[row].part];
  if (where < part.begin || where - part.begin > part.text->size()) return place(row);  // a copy
  const LineStarts::Place at = part.lines->place(where - part.begin);
  return {part.source, at.line, at.column};
}

Table::Cell Table::kept(std::string_view text) {
  if (text.data() == nullptr) return 0;
  if (text.size() > kLongest)
    throw base::InputError({source_}, fmt::format("a cell has {} bytes, which is more than the {} that are allowed",
                                                  text.size(), kLongest));
  const Part& part = parts_.front();
  if (lies_within(*part.text, text))
    return packed(part.begin + static_cast<std::uint64_t>(text.data() - part.text->data()), text.size());
  if (text.empty()) return 0;
  if (lies_within(*copies_, text))
    return packed(kCopies + static_cast<std::uint64_t>(text.data() - copies_->data()), text.size());
  const std::uint64_t place = kCopies + copies_->size();
  copies_.own().append(text);
  return packed(place, text.size());
}

std::size_t Table::add_column(std::string name) {
  if ((n_columns() + 1) * n_rows() > kMostCells)
    throw base::InputError({source_}, fmt::format("the table would have more than {} cells: {} rows of {} columns; "
                                                  "most of them are empty, so the records may be of many kinds",
                                                  kMostCells, n_rows(), n_columns() + 1));
  header.push_back(std::move(name));
  columns_.emplace_back().own().cells.resize(n_rows());
  return n_columns() - 1;
}

std::size_t Table::add_numbers(std::string name, std::vector<double> values) {
  if (columns_.empty() && n_rows() == 0)
    for (std::size_t row = 0; row < values.size(); ++row)
      origin_.own().push_back({line_number(static_cast<long>(row) + 1), 0});
  PHASELAW_CHECK_EQ(values.size(), n_rows());
  header.push_back(std::move(name));
  Column& column = columns_.emplace_back().own();
  column.numeric = true;
  column.numbers = std::move(values);
  return n_columns() - 1;
}

void Table::set_empty(std::size_t row, std::size_t column) {
  Column& c = columns_[column].own();
  if (!c.numeric) {
    c.cells[row] = 0;
    return;
  }
  c.empty.resize(n_rows());
  c.empty[row] = true;
}

void Table::refuse_too_many_cells(long line) const {
  if (n_columns() * (n_rows() + 1) > kMostCells)
    throw base::InputError({source_, line},
                           fmt::format("the table would have more than {} cells: {} rows of {} columns; "
                                       "split the document",
                                       kMostCells, n_rows() + 1, n_columns()));
}

std::size_t Table::add_row(long line) {
  refuse_too_many_cells(line);
  for (auto& column : columns_) {
    PHASELAW_CHECK(!column->numeric);
    column.own().cells.push_back(0);
  }
  origin_.own().push_back({line_number(line), 0});
  return n_rows() - 1;
}

std::size_t Table::add_row(long line, std::span<const std::string_view> cells) {
  PHASELAW_CHECK_EQ(cells.size(), n_columns());
  refuse_too_many_cells(line);
  for (std::size_t c = 0; c < cells.size(); ++c) columns_[c].own().cells.push_back(kept(cells[c]));
  origin_.own().push_back({line_number(line), 0});
  return n_rows() - 1;
}

void Table::reserve(std::size_t rows) {
  if (n_columns() > 0) rows = std::min(rows, kMostCells / n_columns());
  for (auto& column : columns_)
    if (!column->numeric) column.own().cells.reserve(rows);
  origin_.own().reserve(rows);
}

void Table::set(std::size_t row, std::size_t column, std::string_view cell) {
  const Cell place = kept(cell);
  columns_[column].own().cells[row] = place;
}

void Table::keep(std::span<const std::size_t> rows) {
  for (auto& column : columns_) {
    Column fewer{.numeric = column->numeric, .cells = {}, .numbers = {}, .empty = {}};
    if (fewer.numeric)
      fewer.numbers = chosen(column->numbers, rows);
    else
      fewer.cells = chosen(column->cells, rows);
    if (!column->empty.empty()) fewer.empty = chosen(column->empty, rows);
    fewer.style = column->style;
    fewer.ambiguity = column->ambiguity;
    column.replace(std::move(fewer));
  }
  origin_.replace(chosen(*origin_, rows));
}

void Table::drop_column(std::size_t column) {
  header.erase(header.begin() + static_cast<long>(column));
  columns_.erase(columns_.begin() + static_cast<long>(column));
}

void Table::drop_columns(const std::vector<bool>& dropped) {
  PHASELAW_CHECK_EQ(dropped.size(), n_columns());
  std::size_t kept_columns = 0;
  for (std::size_t c = 0; c < dropped.size(); ++c) {
    if (dropped[c]) continue;
    if (kept_columns != c) {
      header[kept_columns] = std::move(header[c]);
      columns_[kept_columns] = std::move(columns_[c]);
    }
    ++kept_columns;
  }
  header.resize(kept_columns);
  columns_.resize(kept_columns);
}

void Table::append(const Table& other) {
  const std::size_t rows = n_rows(), own_columns = n_columns();
  std::unordered_map<std::string_view, std::size_t> other_column, own_column;
  for (std::size_t c = 0; c < other.n_columns(); ++c) other_column.emplace(other.header[c], c);
  for (std::size_t c = 0; c < own_columns; ++c) own_column.emplace(header[c], c);
  std::vector<std::string> added;
  for (const std::string& name : other.header)
    if (!own_column.contains(name)) added.push_back(name);
  if ((own_columns + added.size()) * (rows + other.n_rows()) > kMostCells)
    throw base::InputError({other.source_}, fmt::format("the joined table would have more than {} cells", kMostCells));
  for (std::string& name : added) add_column(std::move(name));
  const std::uint64_t texts = parts_.back().begin + parts_.back().text->size(), copies = copies_->size();
  const auto shift = static_cast<std::uint32_t>(parts_.size());
  for (const Part& part : other.parts_) parts_.push_back({part.source, part.text, part.lines, part.begin + texts});
  if (!other.copies_->empty()) copies_.own() += *other.copies_;
  for (const Origin& origin : *other.origin_) origin_.own().push_back({origin.line, origin.part + shift});
  for (std::size_t c = 0; c < n_columns(); ++c) {
    const auto from = other_column.find(header[c]);
    if (from == other_column.end()) {
      if (columns_[c]->numeric) plain_text(c, rows);
      columns_[c].own().cells.resize(n_rows());
    } else {
      append_column(c, other, from->second, {rows, texts, copies, c >= own_columns || rows == 0});
    }
  }
}

void Table::append_column(std::size_t c, const Table& other, std::size_t from, const Joint& joint) {
  Column& column = columns_[c].own();
  const Column& more = *other.columns_[from];
  if (joint.fresh && more.numeric) {
    column.numeric = true;
    column.cells.clear();
    column.numbers.resize(joint.rows);
    if (joint.rows > 0) column.empty.assign(joint.rows, true);
  }
  if (column.numeric && more.numeric) {
    if (!column.empty.empty() || !more.empty.empty()) {
      column.empty.resize(joint.rows);
      column.empty.insert(column.empty.end(), more.empty.begin(), more.empty.end());
      column.empty.resize(n_rows());
    }
    column.numbers.insert(column.numbers.end(), more.numbers.begin(), more.numbers.end());
    return;
  }
  if (joint.fresh) column.style = more.style;
  if (column.ambiguity.empty()) column.ambiguity = more.ambiguity;
  const bool same_style = !column.numeric && !more.numeric && column.style == more.style;
  if (!same_style) plain_text(c, joint.rows);
  column.cells.resize(n_rows());
  for (std::size_t row = 0; row < other.n_rows(); ++row) {
    if (!same_style) {
      column.cells[joint.rows + row] = kept(other.plain(row, from));
    } else if (const Cell cell = more.cells[row]; cell != 0) {
      const std::uint64_t place = cell >> kLengthBits;
      column.cells[joint.rows + row] = packed(place + (place >= kCopies ? joint.copies : joint.texts), cell & kLongest);
    }
  }
}

std::string Table::plain(std::size_t row, std::size_t column) const {
  if (columns_[column]->numeric || columns_[column]->style.is_plain()) return text(row, column);
  const base::Number value = number(row, column);
  return value.kind == base::NumberKind::finite ? base::csv_number(value.value) : text(row, column);
}

void Table::plain_text(std::size_t column, std::size_t rows) {
  std::vector<Cell> cells(rows);
  for (std::size_t row = 0; row < rows; ++row) cells[row] = kept(plain(row, column));
  Column& own = columns_[column].own();
  const std::string ambiguity = std::move(own.ambiguity);
  own = {};
  own.cells = std::move(cells);
  own.ambiguity = ambiguity;
}

}  // namespace phaselaw::documents
