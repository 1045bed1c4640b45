// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/run_exports.h"

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "phaselaw/documents/melting.h"

namespace phaselaw::documents {

namespace {

struct RunHeading {
  std::string_view run, metric;
};

bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }

// "ABC-12/train/loss": a key of a project and a number.
std::optional<RunHeading> neptune_heading(std::string_view name) {
  const std::size_t slash = name.find('/'), dash = name.find('-');
  if (dash == std::string_view::npos || slash == std::string_view::npos || dash < 2 || dash + 1 >= slash ||
      slash + 1 == name.size())
    return {};
  if (!std::all_of(name.begin(), name.begin() + static_cast<long>(dash), is_capital)) return {};
  const std::string_view digits = name.substr(dash + 1, slash - dash - 1);
  if (digits.find_first_not_of("0123456789") != std::string_view::npos) return {};
  return RunHeading{name.substr(0, slash), name.substr(slash + 1)};
}

std::optional<RunHeading> run_heading(std::string_view name) {
  const std::size_t dash = name.rfind(" - ");
  if (dash == std::string_view::npos) return neptune_heading(name);
  if (dash == 0 || dash + 3 == name.size()) return {};
  return RunHeading{name.substr(0, dash), name.substr(dash + 3)};
}

// Names in the order of their first appearance.
class NameList {
 public:
  std::size_t at(std::string_view name) {
    const auto [found, added] = index_.emplace(std::string(name), names_.size());
    if (added) names_.emplace_back(name);
    return found->second;
  }
  [[nodiscard]] std::optional<std::size_t> find(const std::string& name) const {
    const auto found = index_.find(name);
    if (found == index_.end()) return {};
    return found->second;
  }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::size_t> index_;
};

struct RunColumn {
  std::size_t column = 0, run = 0;
};

struct RunExport {
  std::vector<std::size_t> plain;
  NameList runs, metrics;
  std::vector<std::vector<RunColumn>> of_metric;  // the columns of each metric, each of another run

  [[nodiscard]] std::vector<std::size_t> by_run(std::size_t metric) const {
    std::vector<std::size_t> columns(runs.names().size(), Table::kNoColumn);
    for (const RunColumn& c : of_metric[metric]) columns[c.run] = c.column;
    return columns;
  }
};

bool is_extreme(std::string_view metric) { return metric.ends_with("__MIN") || metric.ends_with("__MAX"); }
bool is_internal(std::string_view metric) { return metric.starts_with('_'); }

RunExport columns_of_runs(const Table& table) {
  RunExport out;
  for (std::size_t c = 0; c < table.n_columns(); ++c) {
    const auto heading = run_heading(table.header[c]);
    if (!heading) {
      out.plain.push_back(c);
      continue;
    }
    const std::size_t metric = out.metrics.at(heading->metric);
    if (metric == out.of_metric.size()) out.of_metric.emplace_back();
    out.of_metric[metric].push_back({c, out.runs.at(heading->run)});
  }
  return out;
}

bool is_run_export(const Table& table, const RunExport& all) {
  constexpr std::size_t kMostPlain = 2;
  if (all.runs.names().empty() || all.plain.size() > kMostPlain || table.n_rows() == 0) return false;
  const auto& metrics = all.metrics.names();
  constexpr std::size_t kAlways = 1'000'000, kLeastFilled = 64;
  if (const std::size_t pairs = all.runs.names().size() * metrics.size();
      pairs > kAlways && pairs / kLeastFilled > table.n_columns())
    return false;
  const bool certain =
      std::any_of(metrics.begin(), metrics.end(), [](const std::string& m) { return is_extreme(m) || m == "_step"; });
  if (all.plain.empty() && !all.metrics.find("_step")) return false;
  for (const std::size_t c : all.plain)
    if (!holds_only_numbers(table, c)) return false;
  if (certain) return true;
  const auto complete = [&](const auto& columns) { return columns.size() == all.runs.names().size(); };
  if (!std::all_of(all.of_metric.begin(), all.of_metric.end(), complete)) return false;
  const auto& runs = all.runs.names();
  return !std::all_of(runs.begin(), runs.end(), names_a_metric) ||
         std::all_of(metrics.begin(), metrics.end(), names_a_metric);
}

bool equal_cells(const Table& table, std::size_t row, std::size_t a, std::size_t b) {
  if (!table.holds_numbers(a) && !table.holds_numbers(b) && table.view(row, a) == table.view(row, b)) return true;
  const base::Number x = table.number(row, a), y = table.number(row, b);
  return x.kind == y.kind && x.kind != base::NumberKind::not_a_number && x.value == y.value;
}

// Whether the columns of one metric repeat those of another wherever they hold something. `other`: a column for each
// run, or kNoColumn.
bool repeats(const Table& table, const std::vector<RunColumn>& columns, const std::vector<std::size_t>& other) {
  for (const RunColumn& c : columns) {
    if (other[c.run] == Table::kNoColumn) return false;
    for (std::size_t row = 0; row < table.n_rows(); ++row)
      if (!holds_nothing(table, row, c.column) && !equal_cells(table, row, c.column, other[c.run])) return false;
  }
  return true;
}

// The metrics of the long form: without MIN and MAX that repeat the value.
std::vector<std::size_t> kept_metrics(const Table& table, const RunExport& all, Reading& reading) {
  std::vector<std::size_t> kept;
  Skipped repeated{.reason = "columns of minima and maxima that repeat the value"};
  constexpr std::size_t kSuffix = 5;
  for (std::size_t m = 0; m < all.metrics.names().size(); ++m) {
    const std::string& name = all.metrics.names()[m];
    const auto value = is_extreme(name) ? all.metrics.find(name.substr(0, name.size() - kSuffix)) : std::nullopt;
    if (!value || !repeats(table, all.of_metric[m], all.by_run(*value)))
      kept.push_back(m);
    else
      for (const RunColumn& c : all.of_metric[m]) repeated.add(1, table.header[c.column]);
  }
  if (repeated.count > 0) reading.skipped.push_back(std::move(repeated));
  return kept;
}

struct LongRows {
  std::vector<std::size_t> rows, runs;  // of each row of the long form
};

LongRows long_rows(const Table& table, const RunExport& all, Reading& reading) {
  std::vector<std::vector<std::size_t>> values(all.runs.names().size());
  for (std::size_t m = 0; m < all.of_metric.size(); ++m)
    if (!is_internal(all.metrics.names()[m]))
      for (const RunColumn& c : all.of_metric[m]) values[c.run].push_back(c.column);
  LongRows out;
  Skipped empty{.reason = "steps at which a run has no value"};
  for (std::size_t row = 0; row < table.n_rows(); ++row)
    for (std::size_t run = 0; run < values.size(); ++run) {
      const auto& columns = values[run];
      if (std::all_of(columns.begin(), columns.end(), [&](std::size_t c) { return holds_nothing(table, row, c); })) {
        empty.add(table.line(row), all.runs.names()[run]);
        continue;
      }
      out.rows.push_back(row);
      out.runs.push_back(run);
    }
  if (empty.count > 0) reading.skipped.push_back(std::move(empty));
  return out;
}

// How the columns _step of the runs relate to the axis of the export.
enum class OwnStep { absent, repeats_axis, replaces_axis, beside_axis };

struct OwnAxis {
  OwnStep step = OwnStep::absent;
  std::size_t axis = Table::kNoColumn;  // the plain column that is a step
};

OwnAxis own_axis(const Table& table, const RunExport& all) {
  OwnAxis out;
  const auto step = all.metrics.find("_step");
  if (!step) return out;
  out.step = OwnStep::beside_axis;
  for (const std::size_t c : all.plain)
    if (plain_word(table.header[c]) == "step") out.axis = c;
  if (out.axis == Table::kNoColumn) return out;
  const std::vector<std::size_t> axis(all.runs.names().size(), out.axis);
  out.step = repeats(table, all.of_metric[*step], axis) ? OwnStep::repeats_axis : OwnStep::replaces_axis;
  return out;
}

void add_axes(Table& out, const Table& table, const RunExport& all, const OwnAxis& own, const LongRows& rows) {
  std::vector<std::size_t> columns(rows.rows.size());
  for (const std::size_t c : all.plain) {
    const bool replaced = own.step == OwnStep::replaces_axis && c == own.axis;
    const auto steps = replaced ? all.by_run(*all.metrics.find("_step")) : std::vector<std::size_t>();
    for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = replaced ? steps[rows.runs[i]] : c;
    out.add_cells(table.header[c], table, rows.rows, columns);
  }
}

void note_export(Reading& reading, const RunExport& all, const OwnAxis& own, const Table& out) {
  const auto& runs = all.runs.names();
  reading.notes.push_back(
      fmt::format("The export has columns for each of {} run{}; their rows are told apart by the "
                  "column run.",
                  runs.size(), runs.size() == 1 ? "" : "s"));
  if (own.step == OwnStep::replaces_axis)
    reading.notes.emplace_back(
        "The column _step of each run is its axis; the axis of the export differs from it and is left out.");
  const bool spread = std::any_of(out.header.begin(), out.header.end(), is_extreme);
  if (spread)
    reading.notes.emplace_back(
        "Columns that end in __MIN and __MAX are the spread of a group of runs or of the steps that a point stands for; the "
        "value is their mean.");
}

}  // namespace

bool melt_run_exports(Reading& reading) {
  const Table& table = reading.table;
  const RunExport all = columns_of_runs(table);
  if (!is_run_export(table, all)) return false;
  const std::vector<Skipped> skipped = reading.skipped;
  const OwnAxis own = own_axis(table, all);
  std::vector<std::size_t> metrics = kept_metrics(table, all, reading);
  if (own.step == OwnStep::repeats_axis || own.step == OwnStep::replaces_axis)
    std::erase(metrics, *all.metrics.find("_step"));
  const LongRows rows = long_rows(table, all, reading);
  if (rows.rows.empty() || is_out_of_proportion(table, rows.rows.size(), metrics.size() + all.plain.size() + 1)) {
    reading.skipped = skipped;
    return false;
  }
  Table out = table.without_columns(rows.rows);
  add_axes(out, table, all, own, rows);
  out.add_words(free_name(out.header, "run"), all.runs.names(), rows.runs);
  const std::vector<std::string> axes = out.header;
  std::vector<std::size_t> columns(rows.rows.size());
  for (const std::size_t metric : metrics) {
    const auto by_run = all.by_run(metric);
    for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = by_run[rows.runs[i]];
    out.add_cells(free_name(axes, all.metrics.names()[metric]), table, rows.rows, columns);
  }
  note_export(reading, all, own, out);
  reading.table = std::move(out);
  reading.shape += ", columns for each run";
  return true;
}

}  // namespace phaselaw::documents
