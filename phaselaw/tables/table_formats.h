// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "phaselaw/tables/table.h"

// Formats of tables other than delimited text.
namespace phaselaw::tables {

// Whether the first character other than a byte order mark and white space is '{' or '['.
[[nodiscard]] bool looks_like_json(std::string_view text);

// Measurements as one JSON object per line, as training logs are written.
//
// Nested keys are joined with dots: {"config": {"lr": 1}} has the column config.lr. Columns are in the order of their
// first appearance; a key that is missing from a line, and null, are missing fields; lists are skipped. NaN, Infinity
// and -Infinity, which Python writes although they are not JSON, are accepted. Empty lines are skipped.
//
// Fields have a line and no column. InputError at source:line for a line that is not an object.
[[nodiscard]] Table parse_json_lines(std::string_view text, const std::string& source);

// Charts exported by W&B have one column for each run: Step, "run a - train/loss", "run a - train/loss__MIN", ...
//
// Returns the table with one row for each run and step: the columns without " - ", then run, then one column for each
// metric; cells without a number give no row. Metrics that end in __MIN or __MAX, or begin with "_", are skipped. A
// table is a chart if all columns except at most two contain " - "; other tables are returned unchanged.
[[nodiscard]] Table long_table(Table table);

}  // namespace phaselaw::tables
