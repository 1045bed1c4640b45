// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/documents/reading.h"
#include "phaselaw/store/store.h"
#include "phaselaw/sweep/accounting.h"
#include "phaselaw/tables/rows.h"

// The input of a verb: documents of any shape (documents/document.h), or the runs of studies in their stores. All become
// one table, so that every verb accepts each of them.
namespace phaselaw::verbs {

// The runs of a study as the table that `phaselaw export` writes, with additional columns:
//   run      "3: n_data 16, seed 1": the index with the settings in which the runs differ; `labels` false: the index
//   n_data   also if it is the same for all runs
//   charged_compute  what the study's accounting charges, unless that is the exact FLOP
//   lr       the mean learning rate from this row to the next, from the stored sum of learning rates
[[nodiscard]] tables::Table table_of(const std::vector<store::RunRecord>& runs, const std::string& source,
                                     bool labels = true, const sweep::Accounting& accounting = {sweep::Compute::flop});

// Whether every measurement of every run has an excess risk.
[[nodiscard]] bool knows_excess_risk(const std::vector<store::RunRecord>& runs);

// The documents and stores (study.db) at these paths, each as one table (documents::read_each). For a store, if the user has named no loss column,
// `read` gets excess_risk if every run has it, otherwise test_loss. `whole_runs`: keep all runs as recorded, including
// diverged ones, for curves; otherwise rows of runs that did not finish, and rows without a positive loss, are skipped
// and counted. `compute` is the exact FLOP unless the user names the column charged_compute; a note says so if the study
// charges another compute.
[[nodiscard]] std::vector<documents::Reading> read_inputs(const std::vector<std::string>& paths,
                                                          tables::ReadOptions& read, bool whole_runs = false);
// All as one table.
[[nodiscard]] documents::Reading read_input(const std::vector<std::string>& paths, tables::ReadOptions& read,
                                            bool whole_runs = false);

}  // namespace phaselaw::verbs
