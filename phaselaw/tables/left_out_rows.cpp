// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/left_out_rows.h"

#include <algorithm>
#include <numeric>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/number.h"
#include "phaselaw/tables/seen_rows.h"

namespace phaselaw::tables {

namespace {

// Leaves out these rows, which are in ascending order.
void keep_others(Table& table, const std::vector<std::size_t>& left_out) {
  std::vector<std::size_t> kept;
  kept.reserve(table.n_rows() - left_out.size());
  auto next = left_out.begin();
  for (std::size_t row = 0; row < table.n_rows(); ++row) {
    if (next != left_out.end() && *next == row)
      ++next;
    else
      kept.push_back(row);
  }
  table.keep(kept);
}

}  // namespace

std::string lines_of(const std::vector<long>& lines) {
  constexpr std::size_t kShown = 5;
  const std::vector<long> shown(lines.begin(), lines.begin() + static_cast<long>(std::min(lines.size(), kShown)));
  return fmt::format("line{} {}{}", lines.size() == 1 ? "" : "s", fmt::join(shown, ", "),
                     lines.size() > kShown ? fmt::format(" and {} more", lines.size() - kShown) : "");
}

std::string rows_of(std::size_t n) { return fmt::format("{} row{}", n, n == 1 ? "" : "s"); }

void leave_out_missing(Table& table, std::size_t output, const std::string& name, std::vector<std::string>& warnings) {
  std::vector<long> lines;
  if (table.n_rows() == 0)  // the export of a chart without any value
    throw base::InputError({table.source()}, fmt::format("no row has a {} in column {}", name, table.header[output]));
  std::vector<std::size_t> empty;
  for (std::size_t row = 0; row < table.n_rows(); ++row)
    if (table.number(row, output).kind == base::NumberKind::missing) empty.push_back(row);
  if (empty.size() == table.n_rows())
    throw base::InputError(table.place(0, output),
                           fmt::format("no row has a {} in column {}", name, table.header[output]));
  if (empty.empty()) return;
  for (const std::size_t row : empty) lines.push_back(table.line(row));
  keep_others(table, empty);
  warnings.push_back(fmt::format("{} without a {} skipped ({})", rows_of(lines.size()), name, lines_of(lines)));
}

void leave_out_copies(Table& table, std::vector<std::string>& warnings) {
  std::vector<std::size_t> every(table.header.size());
  std::iota(every.begin(), every.end(), std::size_t{0});
  SeenRows seen(table, every);
  std::vector<std::size_t> copies;
  long copied = 0;
  for (std::size_t row = 0; row < table.n_rows(); ++row) {
    const std::size_t first = seen.first_like(row);
    if (first == row) continue;
    if (copies.empty()) copied = table.line(first);
    copies.push_back(row);
  }
  if (copies.empty()) return;
  std::vector<long> lines;
  for (const std::size_t row : copies) lines.push_back(table.line(row));
  keep_others(table, copies);
  warnings.push_back(
      fmt::format("{} that repeat an earlier row in every field skipped ({}; the first repeats line {}); "
                  "if different runs may agree in all fields, add a column that distinguishes them",
                  rows_of(lines.size()), lines_of(lines), copied));
}

}  // namespace phaselaw::tables
