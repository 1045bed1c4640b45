// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "phaselaw/tables/table.h"

// Measurements as one JSON object a line, the way training logs are written.
//
// Nested keys are joined with dots: {"config": {"lr": 1}} has the column config.lr. Columns are in the order of their
// first appearance; a key that a line lacks, and null, are a missing field; lists are left out. NaN, Infinity and
// -Infinity, which Python writes and JSON does not know, are read as such. Empty lines are skipped.
namespace phaselaw::tables {

// The first character other than a byte order mark and white space is '{' or '['.
[[nodiscard]] bool looks_like_json(std::string_view text);

// Fields have a line and no column. InputError at source:line for what is not an object.
[[nodiscard]] Table parse_json_lines(std::string_view text, const std::string& source);

}  // namespace phaselaw::tables
