// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/tables/run_columns.h"

// Rows of one run and stream that repeat a counter, or at which it falls, are those of several runs if other columns of
// the table tell them apart; otherwise they are those of restarts (segments.h).
//
// A column of text, a seed, or another number with few values may tell rows apart, unless it has an empty cell, more
// values than half of the rows, or a name that changes when a run is resumed (host, job, time). The smallest set of at
// most three such columns is added to the key of runs, with a note; columns of text and seeds come before numbers. A
// set tells the rows apart if no two runs are then crossed, hardly any begins again, and the counter falls less often.
// Cost: linear in the cells; the sets are compared on at most 8,192 rows, and the chosen one is tried on all.
namespace phaselaw::tables {

// Rows with a recorded value of one stream.
struct StreamRows {
  std::string name;  // heading
  std::vector<std::size_t> rows;
};

// For curves. InputError if several sets divide the rows differently, or if none does and no restarts explain the rows.
void tell_runs_apart(const Table& table, const Recognised& found, const std::vector<StreamRows>& streams,
                     const std::vector<std::size_t>& stream_columns, RunKey& key, std::vector<std::string>& notes);

// "run a has several values of n_params (lines 2 and 8)", which no single run has; empty if every run has one size and
// one amount of data.
[[nodiscard]] std::string several_sizes(const Table& table, const Recognised& found, const RunIds& runs);

// For a fit, with rows of whole runs, each with one size and amount of data: only columns with usual names of runs are added. If none tells the rows
// apart, the column found automatically names groups and not runs, which a note says, and each row is a run; if the user
// named it, a warning says so.
void tell_fitted_runs_apart(const Table& table, const Recognised& found, RunKey& key, std::vector<std::string>& notes,
                            std::vector<std::string>& warnings);

}  // namespace phaselaw::tables
