// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <vector>

#include "phaselaw/store/store.h"

// The store as one flat table with a row for each measurement, ordered by run, then step.
//
// Columns: run, key, status | the settings that differ between the runs | the numbers of the summaries | the fields of
// a measurement (measurement.h) | the derived columns. A setting is named by its last word (n_data) if that is unique in the table, otherwise
// by its whole path (data.n_data; summary.train_loss). Numbers read back to the same double. Unknown: an empty field in
// CSV, null in JSONL. Infinity: inf in CSV, null in JSONL. Nothing depends on time, machine, threads, or the order in
// which the runs were stored. A run without measurements gives one row with these fields unknown. RunError if writing
// to the stream fails.
namespace phaselaw::store {

// A number that the caller computes for each row, such as the compute that a study charges (sweep/accounting.h).
struct DerivedColumn {
  std::string name;
  std::function<double(const RunRecord&, const Measurement&)> value;
};

void export_csv(const std::vector<RunRecord>& runs, std::ostream& out,
                const std::vector<DerivedColumn>& derived = {});  // RFC 4180, with a header line
void export_jsonl(const std::vector<RunRecord>& runs, std::ostream& out,
                  const std::vector<DerivedColumn>& derived = {});  // one object a line

}  // namespace phaselaw::store
