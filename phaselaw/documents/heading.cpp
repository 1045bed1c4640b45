// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/heading.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "phaselaw/documents/number_parts.h"

namespace phaselaw::documents {

namespace {

using Cells = std::vector<std::string>;

constexpr std::size_t kShownNames = 4;

bool is_written_number(const std::string& cell) { return !cell.empty() && could_be_number(cell); }

std::string shown_cells(const Cells& cells) {
  const auto end = cells.begin() + static_cast<long>(std::min(kShownNames, cells.size()));
  return fmt::format("{}{}", fmt::join(cells.begin(), end, ", "), cells.size() > kShownNames ? ", ..." : "");
}

// What the lines from `from` on hold in each column.
struct ColumnKinds {
  std::vector<bool> numeric, fraction;  // all cells are numbers; one of them is not whole
  std::size_t numeric_columns = 0;
};

ColumnKinds kinds_of(const std::vector<Cells>& records, std::size_t from, std::size_t width) {
  ColumnKinds kinds;
  kinds.numeric.assign(width, false);
  kinds.fraction.assign(width, false);
  for (std::size_t c = 0; c < width; ++c) {
    std::size_t cells = 0, numbers = 0;
    for (std::size_t r = from; r < records.size(); ++r) {
      const std::string& cell = records[r][c];
      if (cell.empty()) continue;
      ++cells;
      numbers += could_be_number(cell);
      if (cell.find_first_of(".,") != std::string::npos) kinds.fraction[c] = true;
    }
    kinds.numeric[c] = cells > 0 && numbers == cells;
    kinds.numeric_columns += kinds.numeric[c];
  }
  return kinds;
}

// Whether a first line of numbers is the heading of a matrix: x values that increase, whole numbers above fractions,
// beside a cell of words that does not occur below it.
bool heads_a_matrix(const std::vector<Cells>& records, const ColumnKinds& kinds) {
  const Cells& first = records.front();
  double last = 0;
  std::size_t numbers = 0, others = 0;
  for (std::size_t c = 0; c < first.size(); ++c) {
    const base::Number x = base::parse_number(first[c]);
    if (x.kind != base::NumberKind::finite) {
      ++others;
      for (std::size_t r = 1; r < records.size(); ++r)
        if (!first[c].empty() && records[r][c] == first[c]) return false;
      continue;
    }
    if (!kinds.fraction[c] || (first[c].find('.') != std::string::npos && first[c].find('e') == std::string::npos))
      return false;
    if (numbers > 0 && !(x.value > last)) return false;
    last = x.value;
    ++numbers;
  }
  return others == 1 && numbers >= 2;
}

std::string names_to_suggest(const ColumnKinds& kinds) {
  std::vector<std::string> names;
  bool step = false, stream = false, loss = false;
  for (std::size_t c = 0; c < kinds.numeric.size() && c < 8; ++c) {
    bool& used = !kinds.numeric[c] ? stream : !step ? step : loss;
    names.push_back(used               ? fmt::format("column{}", c + 1)
                    : &used == &stream ? "stream"
                    : &used == &step   ? "step"
                                       : "loss");
    used = true;
  }
  return fmt::format("{}{}", fmt::join(names, ","), kinds.numeric.size() > 8 ? ",..." : "");
}

// A letter that is no exponent: of a unit, a factor, or a word such as nan.
bool has_letter(std::string_view cell) {
  return std::any_of(cell.begin(), cell.end(),
                     [](char c) { return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) && c != 'e' && c != 'E'; });
}

// "1B tokens" above "3.41" is a heading and no number of the column.
bool is_number_of_column(const std::vector<Cells>& records, std::size_t c) {
  const std::string& cell = records.front()[c];
  if (!could_be_number(cell)) return false;
  if (!has_letter(cell) || base::parse_number(cell).kind != base::NumberKind::not_a_number) return true;
  return records.size() == 1 ||
         std::any_of(records.begin() + 1, records.end(), [&](const Cells& record) { return has_letter(record[c]); });
}

// Whether the first line is a row: it holds numbers above numbers, and no words above numbers.
bool first_is_a_row(const std::vector<Cells>& records, const ColumnKinds& kinds) {
  std::size_t numbers = 0, words = 0;
  for (std::size_t c = 0; c < records.front().size(); ++c) {
    const std::string& cell = records.front()[c];
    if (cell.empty() || (!kinds.numeric[c] && records.size() > 1)) continue;
    (is_number_of_column(records, c) ? numbers : words) += 1;
  }
  if (numbers == 0 || (words > 0 && records.size() > 1)) return false;
  return !heads_a_matrix(records, kinds);
}

void refuse_second_heading(const FirstLines& first, std::size_t width, const Document& document) {
  const std::vector<Cells>& records = first.records;
  if (records.size() < 4) return;
  const ColumnKinds kinds = kinds_of(records, 2, width);
  std::size_t words = 0, numbers = 0;
  for (std::size_t c = 0; c < width; ++c)
    if (kinds.numeric[c] && !records[1][c].empty()) (could_be_number(records[1][c]) ? numbers : words) += 1;
  if (numbers > 0 || words == 0 || 2 * words < kinds.numeric_columns) return;
  throw base::InputError(
      {document.source, first.lines[1]},
      fmt::format("two lines of words are above the numbers: line {} ({}) and line {} ({}); put # in "
                  "front of the line that is not the heading",
                  first.lines[0], shown_cells(records[0]), first.lines[1], shown_cells(records[1])));
}

Cells names_given(const FirstLines& first, std::size_t width, bool is_row, const Document& document,
                  const DocumentOptions& options) {
  if (!is_row && std::none_of(first.records[0].begin(), first.records[0].end(), is_written_number))
    throw base::InputError({"--names"}, fmt::format("the table has a heading at line {} of {} ({}); leave out --names",
                                                    first.lines[0], document.source, shown_cells(first.records[0])));
  Cells names(1);
  for (const char c : options.names) {
    if (c == ',')
      names.emplace_back();
    else if (c != ' ' || !names.back().empty())
      names.back() += c;
  }
  std::size_t used = width;  // without empty columns at the end
  while (used > 1 && std::all_of(first.records.begin(), first.records.end(),
                                 [&](const Cells& record) { return record[used - 1].empty(); }))
    --used;
  if (names.size() != width && names.size() != used)
    throw base::InputError({"--names"},
                           fmt::format("expected {} names for the columns of {}, found {}; line {} reads {}", used,
                                       document.source, names.size(), first.lines[0], shown_cells(first.records[0])));
  if (std::find(names.begin(), names.end(), "") != names.end())
    throw base::InputError({"--names"}, fmt::format("expected a name between the commas, found '{}'", options.names));
  names.resize(width);
  return names;
}

// A heading with one cell less than the lines below it: the rows have a name or number in front, or end with a
// separator.
Cells with_missing_name(const FirstLines& first, std::size_t width, const Document& document) {
  const auto all = [&](auto holds) { return std::all_of(first.records.begin(), first.records.end(), holds); };
  Cells names = first.short_heading;
  if (all([&](const Cells& record) { return record[width - 1].empty(); })) {
    names.emplace_back();
    return names;
  }
  long expected = -1;
  const bool counts = all([&](const Cells& record) {
    const auto value = base::parse_integer(record[0]);
    const bool next = value && (expected < 0 ? *value == 0 || *value == 1 : *value == expected);
    if (value) expected = *value + 1;
    return next;
  });
  if (counts || all([](const Cells& record) { return !could_be_number(record[0]); })) {
    names.emplace(names.begin());
    return names;
  }
  throw base::InputError({document.source, first.lines[0]},
                         fmt::format("expected {} cells as in the heading ({}), found {}: {}; add the missing name to "
                                     "the heading, or quote numbers that hold a separator",
                                     width - 1, shown_cells(names), width, shown_cells(first.records[0])));
}

bool is_empty_column(const Table& table, std::size_t column) {
  for (std::size_t row = 0; row < table.n_rows(); ++row)
    if (!table.is_empty(row, column)) return false;
  return true;
}

bool numbers_the_rows(const Table& table, std::size_t column) {
  std::int64_t expected = 0;
  for (std::size_t row = 0; row < table.n_rows(); ++row) {
    const auto value = base::parse_integer(table.view(row, column));
    if (!value || (row == 0 ? *value != 0 && *value != 1 : *value != expected)) return false;
    expected = *value + 1;
  }
  return table.n_rows() > 0;
}

bool is_index_name(std::string_view name) { return name.empty() || name.starts_with("Unnamed: "); }

// Of columns with one name, only the first stays if all hold the same cells.
std::size_t drop_copies(const Table& table, long heading_line, std::vector<bool>& dropped) {
  std::unordered_map<std::string_view, std::size_t> first;
  std::size_t copies = 0;
  for (std::size_t c = 0; c < table.n_columns(); ++c) {
    if (dropped[c] || table.header[c].empty()) continue;
    const auto [at, is_new] = first.try_emplace(table.header[c], c);
    if (is_new) continue;
    for (std::size_t row = 0; row < table.n_rows(); ++row)
      if (table.view(row, at->second) != table.view(row, c))
        throw base::InputError(
            table.place(row, c),
            fmt::format("columns {} and {} are both called '{}' at line {} but hold different cells: "
                        "'{}' and '{}'; rename one of them",
                        at->second + 1, c + 1, table.header[c], heading_line, table.view(row, at->second),
                        table.view(row, c)));
    dropped[c] = true;
    ++copies;
  }
  return copies;
}

}  // namespace

Heading heading_of(const FirstLines& first, std::size_t width, const Document& document,
                   const DocumentOptions& options) {
  const std::vector<Cells>& records = first.records;
  const ColumnKinds kinds = kinds_of(records, 1, width);
  const bool is_row = first_is_a_row(records, kinds);
  if (!options.names.empty()) return {names_given(first, width, is_row, document, options), true, 0};
  if (!is_row) {
    refuse_second_heading(first, width, document);
    return {records.front(), false, first.lines.front()};
  }
  if (!first.comment.empty()) return {first.comment, true, first.comment_line};
  if (!first.short_heading.empty()) return {with_missing_name(first, width, document), true, first.lines.front() - 1};
  const ColumnKinds all = kinds_of(records, 0, width);
  throw base::InputError(
      {document.source, first.lines.front()},
      fmt::format(
          "expected a heading, found numbers ({}) as in the lines below{}; name the {} column{} by position, such "
          "as --names {}, which keeps this line as a row",
          shown_cells(records.front()), first.above, width, width == 1 ? "" : "s", names_to_suggest(all)));
}

void tidy_columns(Table& table, long heading_line, std::vector<std::string>& notes) {
  std::vector<bool> dropped(table.n_columns());
  std::size_t empty = 0, index = 0;
  for (std::size_t c = 0; c < table.n_columns(); ++c) {
    if (table.header[c].empty() && is_empty_column(table, c)) {
      dropped[c] = true;
      ++empty;
    } else if (is_index_name(table.header[c]) && table.n_columns() > 1 && numbers_the_rows(table, c)) {
      dropped[c] = true;
      ++index;
    }
  }
  if (empty > 0)
    notes.push_back(empty == 1 ? "A column without a heading and without cells was left out."
                               : fmt::format("{} columns without a heading and without cells were left out.", empty));
  if (index > 0)
    notes.push_back(index == 1
                        ? "A column without a heading that numbers the rows was left out."
                        : fmt::format("{} columns without a heading that number the rows were left out.", index));
  if (const std::size_t copies = drop_copies(table, heading_line, dropped); copies > 0)
    notes.push_back(fmt::format("{} column{} with the name and the cells of another column {} left out.", copies,
                                copies == 1 ? "" : "s", copies == 1 ? "was" : "were"));
  std::unordered_set<std::string> used(table.header.begin(), table.header.end());
  std::size_t unnamed = 0, number = 0;
  for (std::size_t c = 0; c < table.n_columns(); ++c)
    if (!dropped[c] && table.header[c].empty()) {
      do table.header[c] = ++number == 1 ? "unnamed" : fmt::format("unnamed {}", number);
      while (used.contains(table.header[c]));
      if (++unnamed == 1)
        notes.push_back(fmt::format("Column {} has no heading; it is called `{}`.", c + 1, table.header[c]));
    }
  if (unnamed > 1)
    notes.back() = fmt::format("{} columns have no heading; they are called `unnamed`, `unnamed 2` ...", unnamed);
  table.drop_columns(dropped);
}

}  // namespace phaselaw::documents
