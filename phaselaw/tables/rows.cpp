// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/rows.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <set>
#include <unordered_map>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/number.h"
#include "phaselaw/tables/magnitudes.h"
#include "phaselaw/tables/precisions.h"
#include "phaselaw/tables/row_columns.h"
#include "phaselaw/tables/row_filter.h"
#include "phaselaw/tables/seen_rows.h"
#include "phaselaw/tables/table_formats.h"
#include "phaselaw/tables/units.h"

namespace phaselaw::tables {

namespace {

// "lines 3, 7 and 12 more"
std::string lines_of(const std::vector<long>& lines) {
  constexpr std::size_t kShown = 5;
  const std::vector<long> shown(lines.begin(), lines.begin() + static_cast<long>(std::min(lines.size(), kShown)));
  return fmt::format("line{} {}{}", lines.size() == 1 ? "" : "s", fmt::join(shown, ", "),
                     lines.size() > kShown ? fmt::format(" and {} more", lines.size() - kShown) : "");
}

std::string rows_of(std::size_t n) { return fmt::format("{} row{}", n, n == 1 ? "" : "s"); }

std::string joined(const Table& table, std::size_t row, const std::vector<std::size_t>& columns) {
  std::string out;
  for (std::size_t i = 0; i < columns.size(); ++i) out += (i > 0 ? "/" : "") + table.text(row, columns[i]);
  return out;
}

void leave_out_missing(Table& table, std::size_t output, const std::string& name, std::vector<std::string>& warnings) {
  std::vector<long> lines;
  if (table.n_rows() == 0)  // the export of a chart without any value
    throw base::InputError({table.source()}, fmt::format("no row has a {} in column {}", name, table.header[output]));
  std::vector<std::size_t> kept;
  for (std::size_t row = 0; row < table.n_rows(); ++row) {
    if (table.number(row, output).kind == base::NumberKind::missing)
      lines.push_back(table.line(row));
    else
      kept.push_back(row);
  }
  if (kept.empty())
    throw base::InputError(table.place(0, output),
                           fmt::format("no row has a {} in column {}", name, table.header[output]));
  if (lines.empty()) return;
  table.keep(kept);
  warnings.push_back(fmt::format("{} without a {} skipped ({})", rows_of(lines.size()), name, lines_of(lines)));
}

void leave_out_copies(Table& table, std::vector<std::string>& warnings) {
  std::vector<std::size_t> every(table.header.size()), kept;
  std::iota(every.begin(), every.end(), std::size_t{0});
  SeenRows seen(table, every);
  std::vector<long> lines;
  long copied = 0;
  for (std::size_t row = 0; row < table.n_rows(); ++row) {
    const std::size_t first = seen.first_like(row);
    if (first == row) {
      kept.push_back(row);
      continue;
    }
    if (lines.empty()) copied = table.line(first);
    lines.push_back(table.line(row));
  }
  if (lines.empty()) return;
  table.keep(kept);
  warnings.push_back(
      fmt::format("{} that repeat an earlier row in every field skipped ({}; the first repeats line {}); "
                  "if different runs may agree in all fields, add a column that distinguishes them",
                  rows_of(lines.size()), lines_of(lines), copied));
}

// Columns of progress within a run; the first that the table has is used.
std::size_t progress_column(const Recognised& found) {
  for (const char* name : {"step", "tokens", "compute"})
    if (const auto at = found.column.find(name); at != found.column.end()) return at->second;
  return kNoColumn;
}

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

// The value recorded in a cell; unset if the cell is empty. NaN and infinity are numbers here: the run left the finite
// numbers.
std::optional<double> recorded(const Table& table, std::size_t row, std::size_t column, bool count) {
  base::Number number = table.number(row, column);
  if (count && number.kind == base::NumberKind::not_a_number) number = base::parse_count(table.text(row, column));
  switch (number.kind) {
    case base::NumberKind::finite:
      return number.value;
    case base::NumberKind::missing:
      return {};
    case base::NumberKind::not_finite:
      return table.text(row, column).find_first_of("iI") != std::string::npos ? base::kInfinity : base::kNaN;
    case base::NumberKind::out_of_range:
      return base::kInfinity;
    case base::NumberKind::not_a_number:
      break;
  }
  throw base::InputError(table.place(row, column), fmt::format("expected a number in {}, found '{}'",
                                                               table.header[column], table.text(row, column)));
}

// One row for each recorded value of a stream, with its place in the table.
void add_stream(const std::string& name, const Factors& factors, std::size_t column, Rows& out,
                std::vector<std::size_t>& origin) {
  const double* factor = factor_of(factors, column);
  for (std::size_t row = 0; row < out.table.n_rows(); ++row) {
    const auto value = recorded(out.table, row, column, false);
    if (!value) continue;
    out.data.output.push_back(factor != nullptr ? *value * *factor : *value);
    out.stream.push_back(out.streams.size());
    origin.push_back(row);
  }
  out.streams.push_back({name, out.table.header[column], role_of(out.table.header[column])});
}

void add_streams(const Recognised& found, const Factors& factors, Rows& out) {
  std::vector<std::size_t> origin;
  for (const std::size_t column : found.outputs) add_stream("loss", factors, column, out, origin);
  for (const char* name : {"lr", "grad_norm"})
    if (const auto at = found.column.find(name); at != found.column.end())
      add_stream(name, factors, at->second, out, origin);
  for (const char* name : {"step", "tokens", "compute", "flops_per_step", "n_params", "n_data", "unique_tokens"}) {
    const auto at = found.column.find(name);
    if (at == found.column.end()) continue;
    const double* factor = factor_of(factors, at->second);
    std::vector<double> all(out.table.n_rows());
    for (std::size_t row = 0; row < all.size(); ++row)
      all[row] =
          recorded(out.table, row, at->second, is_count(name)).value_or(base::kNaN) * (factor != nullptr ? *factor : 1);
    out.data.columns.add(name, picked(all, origin));
  }
  out.run = picked(out.run, origin);
  out.line = picked(out.line, origin);
}

// Before rows are left out, because the sums need the learning rates of the whole run.
void add_schedule(Recognised& found, const Factors& factors, const ReadOptions& options, Rows& out) {
  std::vector<std::string> run;
  for (std::size_t row = 0; row < out.table.n_rows(); ++row) run.push_back(joined(out.table, row, found.run));
  const std::string reason = add_schedule_columns(out.table, found, run, factors, options.schedules, out.notes);
  if (!reason.empty()) out.unusable["lr_sum"] = out.unusable["lr_drop"] = out.table.source() + ": " + reason;
}

}  // namespace

Rows rows_from(Table raw, const ReadOptions& options) {
  for (const auto& [name, factor] : options.scale)
    if (!(factor > 0) || std::isinf(factor))
      throw base::InputError({"--scale"}, fmt::format("expected a positive factor for {}, found {}", name, factor));
  if (options.every_stream && options.last)
    throw base::InputError({"--last"}, "a curve needs all rows of its run; omit --last");
  Rows out;
  out.table = long_table(std::move(raw));
  Table& table = out.table;
  std::map<std::string, std::string> columns = options.col;
  if (!options.loss.empty()) columns["loss"] = options.loss;
  Recognised found = recognise(table, columns, options.output, options.every_stream);
  out.notes = found.notes;
  Factors factors;
  for (const auto& [name, factor] : options.scale) factors[found.find(table.header, name, "--scale")] = factor;
  add_heading_factors(found, options.output, factors, out);
  if (!options.every_stream) add_schedule(found, factors, options, out);
  const std::size_t output = found.column.at(options.output);
  const std::vector<std::string> header = table.header;
  table = filtered(std::move(table), options.where,
                   [&](const std::string& name) { return found.find(header, name, "--where"); });
  if (!options.every_stream) {
    leave_out_missing(table, output, options.output, out.warnings);
    leave_out_copies(table, out.warnings);
    if (options.last)
      keep_last(table, found);
    else
      warn_of_crossed_runs(table, found, out.warnings);
  }

  out.output_column = table.header[output];
  out.run_column = found.run_name;
  SeenRows named(table, found.run);
  std::set<std::string> names;  // joined fields may agree where the fields do not
  for (std::size_t row = 0; row < table.n_rows(); ++row) {
    out.line.push_back(table.line(row));
    out.run.push_back(joined(table, row, found.run));
    if (named.first_like(row) == row && names.insert(out.run.back()).second) out.run_names.push_back(out.run.back());
  }
  if (options.every_stream) {
    add_streams(found, factors, out);
    return out;
  }
  out.streams = {{options.output, out.output_column, role_of(out.output_column)}};
  out.stream.resize(out.line.size());
  add_output(options, factors, output, out);
  add_columns(found, factors, options.output, out);
  warn_of_units(out);
  warn_of_precisions(out);
  return out;
}

Rows read_rows(const std::string& path, const ReadOptions& options) { return rows_from(read_table(path), options); }

void Rows::require(const std::vector<std::string>& names) const {
  for (const std::string& name : names) {
    if (const auto fault = unusable.find(name); fault != unusable.end()) throw base::InputError(fault->second);
    try {
      (void)data.columns.get(name);
    } catch (const base::InputError&) {
      // It could have been derived from these.
      for (const char* part : {"n_params", "tokens", "step", "flops_per_step", "epochs", "unique_tokens"})
        if (const auto fault = unusable.find(part); fault != unusable.end()) throw base::InputError(fault->second);
      std::vector<std::string> free = table.header;
      std::erase_if(free, [&](const std::string& own) {
        return own == output_column ||
               std::any_of(column_of.begin(), column_of.end(), [&](const auto& entry) { return entry.second == own; });
      });
      const std::string similar = similar_column(name, free);
      throw base::InputError(
          {table.source(), 1},
          fmt::format("the law needs the column {}, found: {}; {}name it with --col '{}={}'", name,
                      fmt::join(table.header, ", "), similar.empty() ? "" : fmt::format("did you mean '{}'? ", similar),
                      name, similar.empty() ? "COLUMN" : similar));
    }
  }
}

std::vector<double> Rows::numbers(const std::string& name) const {
  const std::string canonical = canonical_column(name);
  for (const std::string& key : {name, canonical}) {
    if (const auto fault = unusable.find(key); fault != unusable.end()) throw base::InputError(fault->second);
    if (data.columns.has(key)) return data.columns.get(key);
    if (column_of.contains(key) && column_of.at(key) == output_column) return data.output;
  }
  throw base::InputError({table.source(), 1}, base::unknown_name("column", name, table.header));
}

std::vector<std::string> Rows::texts(const std::string& name) const {
  if (name == "run" && !run_column.empty()) return run;
  const auto known = column_of.find(canonical_column(name));
  const bool own = std::find(table.header.begin(), table.header.end(), name) != table.header.end();
  const std::size_t column = table.column(own || known == column_of.end() ? name : known->second);
  std::vector<std::string> out;
  for (std::size_t row = 0; row < table.n_rows(); ++row) out.push_back(table.text(row, column));
  return out;
}

std::string Rows::own_name(const std::string& name) const {
  for (const std::string& key : {name, canonical_column(name)})
    if (const auto own = column_of.find(key); own != column_of.end()) return own->second;
  return name;
}

base::Location Rows::place(const std::string& name, std::size_t row) const {
  const auto at = table.find(own_name(name));
  return at ? table.place(row, *at) : table.place(row);
}

Rows Rows::rows(std::span<const std::size_t> chosen) const {
  Rows out = *this;
  out.data = data.rows(chosen);
  out.table.keep(chosen);
  out.run = picked(run, chosen);
  out.stream = picked(stream, chosen);
  out.line = picked(line, chosen);
  return out;
}

std::size_t Rows::n_runs() const { return std::set<std::string>(run.begin(), run.end()).size(); }

}  // namespace phaselaw::tables
