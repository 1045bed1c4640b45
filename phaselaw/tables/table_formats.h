// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "phaselaw/tables/table.h"

// The forms of tables other than delimited text.
namespace phaselaw::tables {

// The first character other than a byte order mark and white space is '{' or '['.
[[nodiscard]] bool looks_like_json(std::string_view text);

// Measurements as one JSON object a line, the way training logs are written.
//
// Nested keys are joined with dots: {"config": {"lr": 1}} has the column config.lr. Columns are in the order of their
// first appearance; a key that a line lacks, and null, are a missing field; lists are left out. NaN, Infinity and
// -Infinity, which Python writes and JSON does not know, are read as such. Empty lines are skipped.
//
// Fields have a line and no column. InputError at source:line for what is not an object.
[[nodiscard]] Table parse_json_lines(std::string_view text, const std::string& source);

// Charts exported by W&B hold one column for each run: Step, "run a - train/loss", "run a - train/loss__MIN", ...
//
// The table with one row for each run and step: the columns without " - ", then run, then one for each metric; cells
// without a number are no rows. Metrics that end in __MIN or __MAX, or begin with "_", are left out. A table of another
// kind is returned as it is: unless all columns but two at most hold " - ".
[[nodiscard]] Table long_table(Table table);

}  // namespace phaselaw::tables
