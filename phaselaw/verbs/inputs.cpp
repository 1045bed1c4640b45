// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/verbs/inputs.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <sstream>

#include "phaselaw/base/csv.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/number.h"
#include "phaselaw/documents/document.h"
#include "phaselaw/store/export.h"
#include "phaselaw/sweep/check.h"

namespace phaselaw::verbs {

namespace {

using tables::Table;

constexpr std::size_t kMostSettings = 3;  // in the name of a run

void add_column(Table& table, const std::string& name, const std::vector<std::string>& cells) {
  const std::size_t column = table.add_column(name);
  for (std::size_t row = 0; row < table.n_rows(); ++row) table.set(row, column, cells[row]);
}

// Columns between the status and the steps that are settings, and not numbers of the summary.
std::vector<std::size_t> settings_of(const Table& table) {
  std::vector<std::size_t> settings;
  for (std::size_t c = table.column("status") + 1; c < table.column("step"); ++c)
    if (const std::string& name = table.header[c]; !name.starts_with("summary.") && !name.starts_with("n_params"))
      settings.push_back(c);
  return settings;
}

std::string label_of(const Table& table, std::size_t row, const std::vector<std::size_t>& settings) {
  std::vector<std::string> parts;
  for (const std::size_t c : settings)
    if (parts.size() < kMostSettings && !table.is_empty(row, c))
      parts.push_back(table.header[c] + " " + table.text(row, c));
  return table.text(row, 0) + (parts.empty() ? "" : ": ") + fmt::format("{}", fmt::join(parts, ", "));
}

std::vector<std::string> rates_of(const Table& table) {
  const std::size_t run = table.column("run"), step = table.column("step"), time = table.column("time");
  const auto number = [&](std::size_t row, std::size_t column) {
    const base::Number n = table.number(row, column);
    return n.kind == base::NumberKind::finite ? n.value : NAN;
  };
  std::vector<std::string> rates(table.n_rows());
  for (std::size_t i = 0; i + 1 < table.n_rows(); ++i) {
    if (!table.same(i, i + 1, run)) continue;
    const double rate = (number(i + 1, time) - number(i, time)) / (number(i + 1, step) - number(i, step));
    if (rate >= 0 && std::isfinite(rate)) rates[i] = base::csv_number(rate);
  }
  return rates;
}

// Removes rows to which no law can be fitted.
void leave_out_unusable(documents::Reading& reading, const std::string& loss) {
  Table& table = reading.table;
  const std::size_t status = table.column("status"), column = table.column(loss);
  documents::Skipped unfinished{.reason = "rows of runs that did not finish"};
  documents::Skipped unusable{.reason = fmt::format("rows without a positive {}", loss)};
  std::vector<std::size_t> kept;
  for (std::size_t row = 0; row < table.n_rows(); ++row) {
    const base::Number value = table.number(row, column);
    if (table.view(row, status) != "finished")
      unfinished.add(table.line(row), table.view(row, 0));
    else if (value.kind != base::NumberKind::finite || !(value.value > 0))
      unusable.add(table.line(row), table.view(row, 0));
    else
      kept.push_back(row);
  }
  table.keep(kept);
  if (kept.empty())
    throw base::InputError({table.source()},
                           fmt::format("expected a finished run with a positive {}; found none", loss));
  for (documents::Skipped* skipped : {&unfinished, &unusable})
    if (skipped->count > 0) reading.skipped.push_back(std::move(*skipped));
}

documents::Reading read_store(const std::string& path, tables::ReadOptions& read, bool whole_runs) {
  const auto store = store::Store::open_read(path);
  const auto runs = store.runs();
  const auto accounting = sweep::accounting_of(store);
  documents::Reading reading;
  reading.table = table_of(runs, path, true, accounting);
  reading.shape = "store of a study";
  if (std::string missing = sweep::missing_runs(store); !missing.empty()) reading.notes.push_back(std::move(missing));
  if (!accounting.is_flop() && !read.col.contains("compute"))
    reading.notes.push_back(fmt::format(
        "compute is the exact FLOP; the study charges {}, which is the column charged_compute; to use it, set "
        "--col compute=charged_compute",
        sweep::in_words(accounting)));
  if (read.loss.empty() && !read.col.contains("loss"))
    read.loss = knows_excess_risk(runs) ? "excess_risk" : "test_loss";
  if (!whole_runs) leave_out_unusable(reading, read.loss.empty() ? read.col.at("loss") : read.loss);
  return reading;
}

bool is_store(const std::string& path) { return std::filesystem::path(path).extension() == ".db"; }

}  // namespace

bool knows_excess_risk(const std::vector<store::RunRecord>& runs) {
  return std::all_of(runs.begin(), runs.end(), [](const store::RunRecord& run) {
    return std::all_of(run.measurements.begin(), run.measurements.end(),
                       [](const store::Measurement& m) { return !std::isnan(m.excess_risk); });
  });
}

Table table_of(const std::vector<store::RunRecord>& runs, const std::string& source, bool labels,
               const sweep::Accounting& accounting) {
  std::ostringstream text;
  store::export_csv(runs, text, sweep::charged_column(accounting));
  Table table = documents::read_text(text.str(), source).table;
  const std::vector<std::size_t> settings = settings_of(table);
  std::map<std::string, std::string> n_data;
  for (const store::RunRecord& run : runs)
    n_data[fmt::to_string(run.index)] =
        fmt::to_string(base::parse_json(run.configuration, source).at("data").at("n_data").integer());
  const auto has = [&](const char* name) {
    return std::find(table.header.begin(), table.header.end(), name) != table.header.end();
  };
  if (!has("n_data")) {
    std::vector<std::string> cells;
    for (std::size_t row = 0; row < table.n_rows(); ++row) cells.push_back(n_data.at(table.text(row, 0)));
    add_column(table, "n_data", cells);
  }
  if (!has("lr")) add_column(table, "lr", rates_of(table));
  if (!labels) return table;
  for (std::size_t row = 0; row < table.n_rows(); ++row) table.set(row, 0, label_of(table, row, settings));
  return table;
}

std::vector<documents::Reading> read_inputs(const std::vector<std::string>& paths, tables::ReadOptions& read,
                                            bool whole_runs) {
  std::vector<std::string> files;
  std::vector<documents::Reading> all;
  for (const std::string& path : paths) {
    if (is_store(path))
      all.push_back(read_store(path, read, whole_runs));
    else
      files.push_back(path);
  }
  if (!files.empty())
    for (documents::Reading& one : documents::read_each(files, read.document_options())) all.push_back(std::move(one));
  return all;
}

documents::Reading read_input(const std::vector<std::string>& paths, tables::ReadOptions& read, bool whole_runs) {
  return documents::joined(read_inputs(paths, read, whole_runs));
}

}  // namespace phaselaw::verbs
