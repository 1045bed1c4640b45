// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/rows.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/number.h"
#include "phaselaw/tables/left_out_rows.h"
#include "phaselaw/tables/restarts.h"
#include "phaselaw/tables/row_filter.h"
#include "phaselaw/tables/run_columns.h"
#include "phaselaw/tables/run_search.h"
#include "phaselaw/tables/streams.h"
#include "phaselaw/tables/table_formats.h"
#include "phaselaw/tables/units.h"

namespace phaselaw::tables {

namespace {

// Units given in headings: "tokens (B)" is multiplied by 1e9, unless the user sets a scale. A unit that is not known is
// refused, because numbers in a wrong unit would be fitted in silence.
void add_heading_factors(const Recognised& found, const std::string& output, Factors& factors, Rows& out) {
  for (const KnownColumn& known : known_columns()) {
    const auto column = found.column.find(known.name);
    if (column == found.column.end() || factors.contains(column->second)) continue;
    const std::string& header = out.table.header[column->second];
    const std::string unit = heading_of(header).unit;
    const auto factor = unit_factor(known, unit);
    if (!factor && looks_like_a_unit(unit) && known.name != output)
      throw base::InputError({out.table.source(), 1},
                             fmt::format("expected a unit of {} in the heading '{}', found '{}'; "
                                         "give the factor with --scale {}=FACTOR, or 1 to take the numbers as they are",
                                         known.unit == "1" ? known.name : known.unit, header, unit, known.name));
    if (!factor || *factor == 1) continue;
    factors[column->second] = *factor;
    out.notes.push_back(
        fmt::format("{} is {} times {}, as its heading says (use --scale {}=1 to take the numbers as they are)",
                    known.name, header, base::format_number(*factor, 3, base::Notation::power), known.name));
  }
}

void add_column(const Factors& factors, std::size_t column, const std::string& name, Rows& out) {
  const double* factor = factor_of(factors, column);
  NumericColumn numbers = numeric_column(out.table, column, name, factor);
  if (numbers.fault.empty() && factor == nullptr) numbers.fault = unit_fault(out.table, column, name, numbers.values);
  if (numbers.fault.empty())
    out.data.columns.add(name, std::move(numbers.values));
  else
    out.unusable[name] = numbers.fault;
}

void add_output(const ReadOptions& options, const Factors& factors, std::size_t column, Rows& out) {
  const NumericColumn numbers = numeric_column(out.table, column, options.output, factor_of(factors, column), true);
  if (!numbers.fault.empty()) throw base::InputError(numbers.fault);
  const auto fail = [&](std::size_t row, const std::string& what) {
    throw base::InputError(out.table.place(row, column), what);
  };
  for (std::size_t row = 0; row < numbers.values.size(); ++row) {
    const double value = numbers.values[row];
    const auto text = [&] { return out.table.text(row, column); };
    if (!options.any_sign && !(value > 0))
      fail(row, fmt::format("expected a positive {}, found {}; leave the row out with --where '{}>0'{}", options.output,
                            text(), out.output_column, options.if_not_positive));
    if (value != 0 && std::abs(value) < std::numeric_limits<double>::min())
      fail(row, fmt::format("expected a {} of at least 2.2e-308, below which numbers lose their digits, found {}; "
                            "multiply the column by a factor with --scale {}=FACTOR",
                            options.output, text(), options.output));
  }
  out.data.output = numbers.values;
  if (options.output != "loss") return;
  const auto largest = std::max_element(numbers.values.begin(), numbers.values.end());
  if (*largest > 50)
    out.warnings.push_back(
        fmt::format("{} is {} in line {}, which is large for a loss in nats; if it is a perplexity, take its logarithm",
                    out.output_column, base::format_number(*largest, 6),
                    out.line[static_cast<std::size_t>(largest - numbers.values.begin())]));
}

double median(std::vector<double> x) {
  const auto middle = x.begin() + static_cast<long>(x.size() / 2);
  std::nth_element(x.begin(), middle, x.end());
  return *middle;
}

// Columns that contradict each other by orders of magnitude are in different units.
void warn_of_units(Rows& out) {
  const Columns& columns = out.data.columns;
  if (!columns.has("n_params") || !columns.has("tokens")) return;
  const std::vector<double> n = columns.get("n_params"), d = columns.get("tokens");
  std::vector<double> ratio;
  for (std::size_t i = 0; i < n.size(); ++i)
    if (d[i] > 0) ratio.push_back(d[i] / n[i]);
  if (ratio.empty()) return;
  const double per_parameter = median(ratio);
  if (per_parameter > 1e5 || per_parameter < 1e-3)
    out.warnings.push_back(fmt::format(
        "{} tokens per parameter (median) are implausible; "
        "check that {} and {} have the same units, and set one with --scale n_params=1e6 or --scale tokens=1e9",
        base::format_number(per_parameter, 2), out.column_of.at("n_params"), out.column_of.at("tokens")));
  if (!columns.has("compute")) return;
  const std::vector<double> c = columns.get("compute");
  ratio.clear();
  for (std::size_t i = 0; i < n.size(); ++i)
    if (d[i] > 0 && c[i] > 0) ratio.push_back(c[i] / (6 * n[i] * d[i]));
  if (ratio.empty()) return;
  const double convention = median(ratio);
  if (convention > 20 || convention < 0.05)
    out.warnings.push_back(fmt::format(
        "{} is {} times 6 n_params tokens (median), which is implausible; check that the units are FLOP, parameters and tokens",
        out.column_of.at("compute"), base::format_number(convention, 2)));
  else if (std::abs(convention - 1) > 0.005)
    out.notes.push_back(fmt::format("{} is {} times 6 n_params tokens (median; {} to {})", out.column_of.at("compute"),
                                    base::format_number(convention),
                                    base::format_number(*std::min_element(ratio.begin(), ratio.end())),
                                    base::format_number(*std::max_element(ratio.begin(), ratio.end()))));
}

std::size_t precision_column(const Table& table) {
  const auto at = std::find_if(table.header.begin(), table.header.end(), [](const std::string& name) {
    const std::string last = name.substr(name.find_last_of("./") + 1);  // npos + 1 = 0
    return last == "precision" || last == "dtype";
  });
  return at == table.header.end() ? kNoColumn : static_cast<std::size_t>(at - table.header.begin());
}

// Rounding shifts losses, which a law would attribute to its columns.
void warn_of_precisions(Rows& out) {
  const auto precisions = out.precisions();
  if (precisions.size() < 2) return;
  std::vector<std::string> parts;
  for (const auto& [name, rows] : precisions) parts.push_back(fmt::format("{} in {}", name, rows_of(rows)));
  out.warnings.push_back(fmt::format(
      "one fit mixes runs of {} precisions ({}): rounding shifts losses, so the law may describe the precision instead of its columns; "
      "fit one precision at a time, for example with --where {}={}",
      precisions.size(), fmt::join(parts, ", "), out.table.header[precision_column(out.table)],
      precisions.begin()->first));
}

void add_columns(const Recognised& found, const Factors& factors, const std::string& output, Rows& out) {
  std::vector<bool> taken(out.table.header.size(), false);
  for (const auto& [name, column] : found.column) {
    out.column_of[name] = out.table.header[column];
    taken[column] = true;
    if (name != output) add_column(factors, column, name, out);
  }
  for (std::size_t c = 0; c < out.table.header.size(); ++c)
    if (!taken[c] && !out.data.columns.has(out.table.header[c])) add_column(factors, c, out.table.header[c], out);
}

// Before rows are left out, because the sums need the learning rates of the whole run.
void add_schedule(Recognised& found, const RunKey& key, const Factors& factors, const ReadOptions& options, Rows& out) {
  const RunIds runs = run_ids(out.table, key);
  std::vector<std::string> run;
  for (const std::uint32_t id : runs.id) run.push_back(runs.names[id]);
  const std::string reason = add_schedule_columns(out.table, found, run, factors, options.schedules, out.notes);
  if (!reason.empty()) out.unusable["lr_sum"] = out.unusable["lr_drop"] = out.table.source() + ": " + reason;
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
    out.run.push_back(runs.names[id]);
    if (!seen[id]) out.run_names.push_back(runs.names[id]);
    seen[id] = true;
  }
  for (std::size_t row = 0; row < out.table.n_rows(); ++row) out.line.push_back(out.table.line(row));
  out.stream.resize(out.line.size());
}

// The rows of curves and their runs.
void take_curves(const Recognised& found, const std::vector<std::size_t>& streams, const Factors& factors, RunKey key,
                 Rows& out) {
  tell_runs_apart(out.table, found, loss_rows(out.table, found, streams), streams, key, out.notes);
  RunIds runs = run_ids(out.table, key);
  if (!key.known() && !runs.names.empty()) runs.names.front() = stem_of(out.table.source());
  for (const auto& [name, column] : found.column) out.column_of[name] = out.table.header[column];
  out.run_column = text_of(out.table, key);
  follow_restarts(runs, add_streams(found, streams, factors, out), out);
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
  std::vector<std::size_t> streams;
  if (options.output == "loss") streams = stream_columns(table, columns);
  Recognised found = recognise(table, columns, options.output, options.every_stream);
  if (found.outputs.size() != 1) streams.clear();
  out.notes = found.notes;
  Factors factors;
  for (const auto& [name, factor] : options.scale) factors[found.find(table.header, name, "--scale")] = factor;
  add_heading_factors(found, options.output, factors, out);
  const std::vector<std::size_t> by = group_columns(table, found, options.by);
  const RunKey key = named_runs(table, found, by, streams, options.every_stream);
  if (found.run.empty() && by.empty()) found.run = key.columns;
  if (!options.every_stream) add_schedule(found, key, factors, options, out);
  const std::vector<std::string> header = table.header;
  table = filtered(std::move(table), options.where,
                   [&](const std::string& name) { return found.find(header, name, "--where"); });
  const std::size_t output = found.column.at(options.output);
  out.output_column = table.header[output];
  if (options.every_stream) {
    take_curves(found, streams, factors, key, out);
    return out;
  }
  take_rows(options, found, streams, key, out);
  out.streams = {{options.output, out.output_column, role_of(out.output_column)}};
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

std::map<std::string, std::size_t> Rows::precisions() const {
  std::map<std::string, std::size_t> found;
  const std::size_t column = precision_column(table);
  for (std::size_t row = 0; row < table.n_rows(); ++row)
    if (column != kNoColumn && !table.is_empty(row, column)) ++found[table.text(row, column)];
  return found;
}

std::size_t Rows::n_runs() const { return std::set<std::string>(run.begin(), run.end()).size(); }

}  // namespace phaselaw::tables
