// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/run_columns.h"

#include <unordered_map>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/number.h"
#include "phaselaw/tables/seen_rows.h"

namespace phaselaw::tables {

namespace {

double finite_number(const Table& table, std::size_t row, std::size_t column) {
  const base::Number number = table.number(row, column);
  if (number.kind == base::NumberKind::finite) return number.value;
  throw base::InputError(table.place(row, column),
                         number.kind == base::NumberKind::out_of_range
                             ? fmt::format("expected a number within double precision in column {}, found {}",
                                           table.header[column], table.text(row, column))
                             : fmt::format("expected a finite number in column {}, found '{}'", table.header[column],
                                           table.text(row, column)));
}

}  // namespace

std::string joined(const Table& table, std::size_t row, const std::vector<std::size_t>& columns) {
  std::string out;
  for (std::size_t i = 0; i < columns.size(); ++i) out += (i > 0 ? "/" : "") + table.text(row, columns[i]);
  return out;
}

std::size_t progress_column(const Recognised& found) {
  for (const char* name : {"step", "tokens", "compute"})
    if (const auto at = found.column.find(name); at != found.column.end()) return at->second;
  return kNoColumn;
}

void keep_last(Table& table, const Recognised& found) {
  if (found.run.empty())
    throw base::InputError({"--last"},
                           "a column that names the run of each row is needed; name it with --col run=COLUMN");
  const std::size_t progress = progress_column(found);
  const auto at_row = [&](std::size_t row) { return finite_number(table, row, progress); };
  std::unordered_map<std::string, std::size_t> last;
  for (std::size_t row = 0; row < table.n_rows(); ++row) {
    const auto [at, is_new] = last.emplace(joined(table, row, found.run), row);
    if (is_new) continue;
    if (progress == kNoColumn || at_row(row) > at_row(at->second)) {
      at->second = row;
    } else if (at_row(row) == at_row(at->second)) {
      throw base::InputError(
          table.place(row),
          fmt::format(
              "run {} is at {} {} here and in line {}, so more than one run has this name; join columns with --col run=a+b",
              at->first, table.header[progress], table.text(row, progress), table.line(at->second)));
    }
  }
  std::vector<std::size_t> kept;
  for (std::size_t row = 0; row < table.n_rows(); ++row)
    if (last.at(joined(table, row, found.run)) == row) kept.push_back(row);
  table.keep(kept);
}

void warn_of_crossed_runs(const Table& table, const Recognised& found, std::vector<std::string>& warnings) {
  const std::size_t progress = progress_column(found);
  if (found.run.empty() || progress == kNoColumn) return;
  SeenRows runs(table, found.run);
  std::size_t n_runs = 0;
  for (std::size_t row = 0; row < table.n_rows(); ++row) n_runs += runs.first_like(row) == row ? 1 : 0;
  if (n_runs == table.n_rows()) return;
  std::vector<std::size_t> place = found.run;
  place.push_back(progress);
  SeenRows seen(table, place);
  for (std::size_t i = 0; i < table.n_rows(); ++i) {
    const std::size_t first = seen.first_like(i);
    if (first == i) continue;
    warnings.push_back(fmt::format(
        "run {} has two rows at {} {} (lines {} and {}): more than one run has this name, or the run was resumed; "
        "join columns with --col run=a+b",
        joined(table, i, found.run), table.header[progress], table.text(i, progress), table.line(first),
        table.line(i)));
    return;
  }
}

}  // namespace phaselaw::tables
