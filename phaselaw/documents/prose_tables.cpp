// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/prose_tables.h"

#include <algorithm>
#include <array>
#include <string>
#include <unordered_map>
#include <utility>

#include "phaselaw/documents/prose_table.h"
#include "phaselaw/documents/text_lines.h"

namespace phaselaw::documents {

namespace {

bool has_word(std::string_view line, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return line.find(word) != std::string_view::npos; });
}

// A line such as "step 100 | loss 3.1": words of a log, and a number.
bool is_log_record(std::string_view line) {
  constexpr std::size_t kLooked = 400;
  line = line.substr(0, kLooked);
  return has_word(line, {"step", "Step", "iter", "Iter", "epoch", "Epoch"}) && has_word(line, {"loss", "Loss"}) &&
         line.find_first_of("0123456789") != std::string_view::npos;
}

// Lines around a table, which are no part of it.
class Surroundings {
 public:
  explicit Surroundings(const std::vector<ProseTable>& tables) : tables_(tables) {}

  void see(const TextLine& line) {
    while (next_ < tables_.size() && line.number > tables_[next_].last_line) ++next_;
    const bool inside = next_ < tables_.size() && line.number >= tables_[next_].first_line;
    if (inside || without_blanks(line.text).empty()) return;
    around_.add(line.number, line.text);
    if (is_log_record(line.text)) ++records_;
  }
  [[nodiscard]] std::size_t records() const { return records_; }
  [[nodiscard]] const Skipped& around() const { return around_; }

 private:
  const std::vector<ProseTable>& tables_;
  std::size_t next_ = 0, records_ = 0;
  Skipped around_ = {.reason = "lines around the table"};
};

std::vector<ProseTable> all_tables(std::string_view text) {
  std::vector<ProseTable> found, out;
  find_bar_tables(text, found);
  find_simple_tables(text, found);
  find_latex_tables(text, found);
  find_html_tables(text, found);
  std::stable_sort(found.begin(), found.end(),
                   [](const ProseTable& a, const ProseTable& b) { return a.begin < b.begin; });
  for (ProseTable& table : found)
    if (out.empty() || table.begin >= out.back().end) out.push_back(std::move(table));  // not inside another
  return out;
}

// Headings from --names, from the table, or names for those that are empty or not unique.
std::vector<std::string> headings_of(const ProseTable& table, const Document& document, const DocumentOptions& options,
                                     std::vector<std::string>& notes) {
  std::vector<std::string> names = table.header;
  if (!options.names.empty()) {
    names.clear();
    for (std::size_t begin = 0; begin <= options.names.size();) {
      const std::size_t end = std::min(options.names.find(',', begin), options.names.size());
      names.emplace_back(without_blanks(std::string_view(options.names).substr(begin, end - begin)));
      begin = end + 1;
    }
    const std::size_t width = table.header.empty() ? table.width(0) : table.header.size();
    if (names.size() != width)
      throw base::InputError(
          {"--names"}, fmt::format("expected {} names, one for each column of the table at {}:{}, found {}", width,
                                   document.source, table.line, names.size()));
  }
  if (names.empty())
    throw base::InputError(
        {document.source, table.line},
        fmt::format("the {} has no heading; name its {} columns by position, as in --names step,loss", table.syntax,
                    table.width(0)));
  std::unordered_map<std::string, std::size_t> seen;
  for (std::size_t c = 0; c < names.size(); ++c) {
    if (names[c].empty()) {
      names[c] = c == 0 ? "name" : fmt::format("column_{}", c + 1);
      notes.push_back(fmt::format("Column {} has no heading; it is called '{}'.", c + 1, names[c]));
    }
    const std::string own = names[c];
    while (seen.contains(names[c])) names[c] = fmt::format("{}_{}", own, ++seen[own]);
    if (names[c] != own)
      notes.push_back(fmt::format("Two columns have the heading '{}'; one is called '{}'.", own, names[c]));
    seen.emplace(names[c], 1);
  }
  return names;
}

void read_rows(const ProseTable& found, Table& table) {
  for (std::size_t r = 0; r < found.rows.size(); ++r) {
    const std::size_t row = table.add_row(found.rows[r].line), width = found.width(r);
    for (std::size_t c = 0; c < width; ++c) table.set(row, c, found.cells[found.rows[r].first + c]);
  }
}

Reading reading_of(const ProseTable& found, std::size_t n_found, std::size_t number, const Document& document,
                   const DocumentOptions& options) {
  if (!found.fault_text.empty())
    throw base::InputError({document.source, found.fault.line, found.fault.column}, found.fault_text);
  if (found.rows.empty())
    throw base::InputError({document.source, found.line}, fmt::format("the {} has no rows", found.syntax));
  Reading reading;
  reading.shape = found.syntax;
  reading.compression = document.compression;
  reading.encoding = document.encoding;
  reading.table = Table(document.source, document.text);
  if (n_found > 1)
    reading.notes.push_back(fmt::format("The table is number {} of {} in the document.", number + 1, n_found));
  for (std::string& name : headings_of(found, document, options, reading.notes))
    reading.table.add_column(std::move(name));
  reading.notes.insert(reading.notes.end(), found.notes.begin(), found.notes.end());
  reading.skipped = found.skipped;
  constexpr std::size_t kAlwaysRead = 1'000'000, kLeastFilled = 50;  // cells, and 1 in 50 of them
  if (const std::size_t all = reading.table.n_columns() * found.rows.size();
      all > kAlwaysRead && all / kLeastFilled > found.cells.size())
    throw base::InputError({document.source, found.line},
                           fmt::format("the {} has {} columns and most rows are far shorter; write all cells of a row",
                                       found.syntax, reading.table.n_columns()));
  read_rows(found, reading.table);
  return reading;
}

std::vector<FoundTable> listed(const std::vector<ProseTable>& tables) {
  std::vector<FoundTable> out;
  for (const ProseTable& table : tables)
    out.push_back({std::to_string(out.size() + 1), table.line, table.rows.size(), table.header});
  return out;
}

}  // namespace

std::optional<Reading> read_prose_tables(const Document& document, const DocumentOptions& options) {
  const std::string_view text = *document.text;
  std::vector<ProseTable> tables = all_tables(text);
  if (tables.empty()) return {};
  if (std::any_of(tables.begin(), tables.end(), [](const ProseTable& t) { return !t.rows.empty(); }))
    std::erase_if(tables, [](const ProseTable& t) { return t.rows.empty() && t.fault_text.empty(); });
  std::size_t rows = 0;
  for (const ProseTable& table : tables) rows += table.rows.size();
  Surroundings all(tables);
  TextLines lines(text);
  while (const auto line = lines.next()) all.see(*line);
  constexpr std::size_t kFewRecords = 4;
  if (options.table.empty() && all.records() > std::max(rows, kFewRecords)) return {};

  if (tables.size() >= kMostTables && options.table.empty())
    throw base::InputError({document.source},
                           fmt::format("the document holds more than {} tables; take the one to read "
                                       "out of it, or choose one with --table 1",
                                       kMostTables - 1));
  const std::size_t number = chosen_table(listed(tables), document, options);
  Reading reading = reading_of(tables[number], tables.size(), number, document, options);
  if (all.around().count > 0) reading.skipped.push_back(all.around());
  std::size_t others = 0;
  for (const ProseTable& table : tables) others += table.rows.size();
  if (others > tables[number].rows.size())
    reading.skipped.push_back({.reason = "rows of other tables", .count = others - tables[number].rows.size()});
  return reading;
}

}  // namespace phaselaw::documents
