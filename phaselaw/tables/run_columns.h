// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/tables/recognise.h"
#include "phaselaw/tables/table.h"

// Which columns name the run of each row.
//
//   named      by the user (--col run=a+b), or by a usual name: run, run_id, name, exp, model, ...
//   groups     the columns of --by are part of every run's name
//   files      without a column of runs, each file of a table from several files is a run, named by its stem
//   seeds      a column seed, rep, replicate or trial that varies within such a run is part of the name
//   searched   if these do not tell the rows of a run apart (run_search.h)
// Cost: linear in the rows.
namespace phaselaw::tables {

// The cells of a row in these columns, joined with '/'.
[[nodiscard]] std::string joined(const Table& table, std::size_t row, const std::vector<std::size_t>& columns);

// The column of progress within a run: step, tokens or compute, the first that the table has; otherwise kNoColumn.
[[nodiscard]] std::size_t progress_column(const Recognised& found);
// Its values; NaN where there is no number, and everywhere without such a column.
[[nodiscard]] std::vector<double> counters(const Table& table, const Recognised& found);

[[nodiscard]] bool is_run_name(std::string_view header);
[[nodiscard]] bool is_seed_name(std::string_view header);
[[nodiscard]] std::string stem_of(const std::string& source);  // "runs/a.csv.gz" is a

struct RunKey {
  std::vector<std::size_t> columns;  // their cells together name the run
  bool by_file = false;              // the file is part of the name
  bool from_user = false;            // not to be changed
  std::vector<std::size_t> seeds{};  // of the columns: shown as "seed 3"
  [[nodiscard]] bool known() const { return by_file || !columns.empty(); }
};

// Runs as they are named. `by`: columns of groups. `streams`: columns that name streams and so no run.
// `curves`: rows of one run are its curve. Otherwise they are rows for a fit, and seeds and groups alone name no run.
[[nodiscard]] RunKey named_runs(const Table& table, const Recognised& found, const std::vector<std::size_t>& by,
                                const std::vector<std::size_t>& streams, bool curves);

struct RunIds {
  std::vector<std::uint32_t> id;   // of each row
  std::vector<std::string> names;  // of each id, in the order of first rows; distinct. Empty name: no column of runs
};
[[nodiscard]] RunIds run_ids(const Table& table, const RunKey& key);

// "config+kind", "file+run"
[[nodiscard]] std::string text_of(const Table& table, const RunKey& key);

}  // namespace phaselaw::tables
