// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/rows.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <unordered_set>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/memory.h"
#include "phaselaw/base/number.h"
#include "phaselaw/documents/document.h"
#include "phaselaw/tables/computed_columns.h"
#include "phaselaw/tables/left_out_rows.h"
#include "phaselaw/tables/magnitudes.h"
#include "phaselaw/tables/messages.h"
#include "phaselaw/tables/precisions.h"
#include "phaselaw/tables/restarts.h"
#include "phaselaw/tables/row_columns.h"
#include "phaselaw/tables/row_filter.h"
#include "phaselaw/tables/run_columns.h"
#include "phaselaw/tables/run_search.h"
#include "phaselaw/tables/segments.h"
#include "phaselaw/tables/streams.h"
#include "phaselaw/tables/units.h"

namespace phaselaw::tables {

namespace {

// What the rows of a table need, with the table itself: measured, see base/memory.h.
void require_memory_for_rows(const Table& table, const ReadOptions& options, std::size_t runs) {
  const bool curves = options.every_stream && !options.check_only;
  const auto rows = static_cast<double>(table.n_rows()), columns = static_cast<double>(table.n_columns());
  const double row_bytes = curves ? 100 + 30 * columns : 40 + 25 * columns;
  constexpr double kRunBytes = 800;  // a curve with its name
  base::require_memory(base::kProgramBytes + rows * row_bytes + static_cast<double>(runs) * kRunBytes,
                       base::memory_limit_bytes(options.memory_limit),
                       fmt::format("{}: a table of {} rows and {} columns{}", table.source(), table.n_rows(),
                                   table.n_columns(), runs > 1 ? fmt::format(" with {} runs", runs) : ""),
                       "split the document");
}

// Before rows are left out, because the sums need the learning rates of the whole run.
void add_schedule(Recognised& found, const RunKey& key, const Factors& factors, const ReadOptions& options, Rows& out) {
  const bool stated = options.schedules.stated.given();
  if (options.check_only && !stated) return;
  std::vector<std::string> run;  // not needed where there are no rates
  if (stated || found.column.contains("lr")) {
    RunIds runs = run_ids(out.table, key);
    run = RowNames(std::move(runs.id), std::move(runs.names));
  }
  const std::string reason = add_schedule_columns(out.table, found, run, factors, options.schedules, out.notes);
  if (!reason.empty()) out.unusable["lr_sum"] = out.unusable["lr_drop"] = out.table.source() + ": " + reason;
}

// A program that counts whole epochs from 0 records a value at the end of its epoch.
void count_epochs_from_one(Table& table, Recognised& found, std::vector<std::string>& notes) {
  const auto step = found.column.find("step"), epochs = found.column.find("epochs");
  if (step == found.column.end() || epochs == found.column.end() || step->second != epochs->second) return;
  std::vector<double> ends(table.n_rows(), base::kNaN);
  bool from_zero = false;
  for (std::size_t row = 0; row < ends.size(); ++row) {
    const base::Number epoch = table.number(row, step->second);
    if (epoch.kind != base::NumberKind::finite) continue;
    if (epoch.value != std::floor(epoch.value) || epoch.value < 0) return;
    from_zero = from_zero || epoch.value == 0;
    ends[row] = epoch.value + 1;
  }
  if (!from_zero) return;
  const std::string heading = table.header[step->second] + " + 1";
  if (table.find(heading)) return;
  notes.push_back(fmt::format(
      "{} counts from 0, so the steps of the curves are {}: a value is taken to be that at the end of its epoch",
      table.header[step->second], heading));
  step->second = table.add_numbers(heading, std::move(ends));
  for (std::size_t row = 0; row < table.n_rows(); ++row)
    if (table.number(row, step->second).kind != base::NumberKind::finite) table.set_empty(row, step->second);
}

// A curve needs to know what its steps are. The first of these that the table has is its progress.
void require_progress(const Recognised& found) {
  for (const char* name : {"step", "tokens", "compute"}) {
    if (found.column.contains(name)) return;
    if (const auto at = found.ambiguous.find(name); at != found.ambiguous.end()) throw base::InputError(at->second);
  }
}

// A column that a condition names by its heading is compared as it is written; one named by its meaning, in its unit.
void choose_rows(const ReadOptions& options, const Recognised& found, const std::vector<ComputedColumn>& computed,
                 const Factors& factors, Table& table) {
  const std::vector<std::size_t> rows =
      rows_where(table, options.where, [&](const std::string& name) -> ComparedColumn {
        const std::size_t column = found.find(table.header, name, "--where");
        const double* factor = table.header[column] == name ? nullptr : factor_of(factors, column);
        return {column, factor == nullptr ? 1 : *factor};
      });
  for (const ComputedColumn& column : computed) column.require(table, rows);
  if (rows.size() < table.n_rows()) table.keep(rows);
}

// "a+b" as columns of the table
std::vector<std::size_t> group_columns(const Table& table, const Recognised& found, const std::string& by) {
  std::vector<std::size_t> out;
  if (by.empty()) return out;
  for (std::size_t from = 0; from <= by.size();) {
    const std::size_t plus = std::min(by.find('+', from), by.size());
    out.push_back(found.find(table.header, by.substr(from, plus - from), "--by"));
    from = plus + 1;
  }
  return out;
}

// The rows of a fit and their runs.
void take_rows(const ReadOptions& options, const Recognised& found, const std::vector<std::size_t>& streams, RunKey key,
               Rows& out) {
  if (!streams.empty()) keep_stream(out.table, found, streams, out.notes);
  leave_out_missing(out.table, found.column.at(options.output), options.output, out.warnings);
  leave_out_copies(out.table, out.warnings);
  if (options.last && !key.known())
    throw base::InputError({"--last"},
                           "a column that names the run of each row is needed; name it with --col run=COLUMN");
  if (!options.last) tell_fitted_runs_apart(out.table, found, key, out.notes, out.warnings);
  RunIds runs = run_ids(out.table, key);
  if (const std::string why = options.last && !key.from_user ? several_sizes(out.table, found, runs) : ""; !why.empty())
    throw base::InputError({"--last"},
                           fmt::format("{} names groups and not single runs, because {}; name the runs with "
                                       "--col run=COLUMN, or --col run=a+b for several columns",
                                       text_of(out.table, key), why));
  if (key.known()) follow_restarts(out.table, found, runs, out.notes);
  if (options.last) keep_last(out.table, found, runs);
  out.run_column = text_of(out.table, key);
  std::vector<bool> seen(runs.names.size(), false);
  for (const std::uint32_t id : runs.id) {
    if (!seen[id]) out.run_names.push_back(runs.names[id]);
    seen[id] = true;
  }
  out.run = RowNames(std::move(runs.id), std::move(runs.names));
  out.line.reserve(out.table.n_rows());
  for (std::size_t row = 0; row < out.table.n_rows(); ++row) out.line.push_back(out.table.line(row));
  out.stream.resize(out.line.size());
}

bool rise_within_runs(const std::vector<double>& counter, const RunIds& runs) {
  const Segments segments = segments_of(counter, runs.id, runs.names.size());
  return segments.restarts.empty() && segments.unsorted.empty() && segments.n_falls == 0;
}

// The rows of curves and their runs.
void take_curves(const Recognised& found, const std::vector<std::size_t>& streams, const Factors& factors, RunKey key,
                 const ReadOptions& options, Rows& out) {
  tell_runs_apart(out.table, found, loss_rows(out.table, found, streams), streams, key, out.notes);
  RunIds runs = run_ids(out.table, key);
  require_memory_for_rows(out.table, options, runs.names.size());
  if (!key.known() && !runs.names.empty()) runs.names.front() = stem_of(out.table.source());
  for (const auto& [name, column] : found.column) out.column_of[name] = out.table.header[column];
  out.run_column = text_of(out.table, key);
  // Without restarts, lr and grad_norm divide no run, and need only a check.
  const bool check_only = options.check_only && rise_within_runs(counters(out.table, found), runs);
  follow_restarts(runs, add_streams(found, streams, factors, check_only, out), out);
}

}  // namespace

Rows rows_from(Table raw, const ReadOptions& options) {
  for (const auto& [name, factor] : options.scale)
    if (!(factor > 0) || std::isinf(factor))
      throw base::InputError({"--scale"}, fmt::format("expected a positive factor for {}, found {}", name, factor));
  if (options.every_stream && options.last)
    throw base::InputError({"--last"}, "a curve needs all rows of its run; omit --last");
  require_memory_for_rows(raw, options, 0);
  Rows out;
  out.table = std::move(raw);
  Table& table = out.table;
  NamedColumns named = {options.col, options.inputs};
  if (!options.loss.empty()) {
    const auto [at, is_new] = named.columns.emplace("loss", options.loss);
    if (!is_new && at->second != options.loss)
      throw base::InputError({"--loss"}, fmt::format("expected one column of the loss, found '{}' here and '{}' with "
                                                     "--col loss; omit one of them",
                                                     options.loss, at->second));
  }
  const std::vector<ComputedColumn> computed = add_computed_columns(table, named.columns);
  for (const ComputedColumn& column : computed) out.computed.push_back(table.header[column.column()]);
  std::vector<std::size_t> streams;
  if (options.output == "loss") streams = stream_columns(table, named.columns);
  Recognised found = recognise(table, named, options.output, options.every_stream);
  if (found.outputs.size() != 1) streams.clear();
  out.notes = found.notes;
  out.unusable = found.ambiguous;
  if (options.every_stream) {
    require_progress(found);
    count_epochs_from_one(table, found, out.notes);
  }
  Factors factors;
  for (const auto& [name, factor] : options.scale) factors[found.find(table.header, name, "--scale")] = factor;
  add_heading_factors(found, options.output, computed, factors, out);
  const std::vector<std::size_t> by = group_columns(table, found, options.by);
  const RunKey key = named_runs(table, found, by, streams, options.every_stream);
  if (found.run.empty() && by.empty()) found.run = key.columns;
  if (!options.every_stream) add_schedule(found, key, factors, options, out);
  choose_rows(options, found, computed, factors, table);
  const std::size_t output = found.column.at(options.output);
  out.output_column = table.header[output];
  if (options.every_stream) {
    take_curves(found, streams, factors, key, options, out);
    return out;
  }
  take_rows(options, found, streams, key, out);
  out.streams = {{options.output, out.output_column, role_of(out.output_column)}};
  add_output(options, factors, output, out);
  add_columns(found, factors, options.output, options.check_only, out);
  check_magnitudes(factors, options.output, out);
  warn_of_precisions(out);
  return out;
}

documents::DocumentOptions ReadOptions::document_options() const {
  const double limit = base::memory_limit_bytes(memory_limit);
  if (!decimal.empty() && decimal != "." && decimal != ",")
    throw base::InputError({"--decimal"}, fmt::format("expected . or , as the decimal sign, found '{}'", decimal));
  return {table, names, decimal, static_cast<std::size_t>(limit)};
}

Rows rows_from(documents::Reading reading, const ReadOptions& options) {
  Rows out = rows_from(std::move(reading.table), options);
  std::vector<std::string> notes = std::move(reading.notes);
  for (const documents::Skipped& skipped : reading.skipped)
    notes.push_back("not in the table: " + documents::sentence(skipped));
  out.notes.insert(out.notes.begin(), notes.begin(), notes.end());
  return out;
}

Rows read_rows(const std::string& path, const ReadOptions& options) {
  return rows_from(documents::read(path, options.document_options()), options);
}

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
      std::string similar = similar_column(name, free);
      // Sizes are often written as 12M under a heading of any name.
      for (std::size_t i = 0; i < free.size() && similar.empty() && name == "n_params"; ++i)
        if (table.style(table.column(free[i])).counts) similar = free[i];
      throw base::InputError(
          {table.source(), 1},
          fmt::format("the law needs the column {}, found: {}; {}name it with --col '{}={}'", name,
                      listed(table.header), similar.empty() ? "" : fmt::format("did you mean '{}'? ", similar), name,
                      similar.empty() ? "COLUMN" : similar));
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
  out.run = run.rows(chosen);
  out.stream = picked(stream, chosen);
  out.line = picked(line, chosen);
  return out;
}

std::size_t Rows::n_runs() const {
  std::vector<bool> seen(run.names().size(), false);
  for (const std::uint32_t id : run.ids()) seen[id] = true;
  std::unordered_set<std::string_view> names;  // several ids may have the same name
  for (std::size_t id = 0; id < seen.size(); ++id)
    if (seen[id]) names.insert(run.names()[id]);
  return names.size();
}

}  // namespace phaselaw::tables
