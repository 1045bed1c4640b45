// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "phaselaw/documents/record_scanner.h"

// Columns that are aligned with spaces, as programs print tables for people. Cells may hold spaces or be empty.
namespace phaselaw::documents {

// The columns of the lines of a sample: the runs of dashes of a rule "---- -----", or else what lies between the
// character positions that are blank in every line. Empty if there are fewer than three lines or two columns, if the
// first line holds a number, or if no column below it consists of numbers. Cost: linear in the sample.
[[nodiscard]] std::vector<CharacterRange> fixed_columns(std::string_view sample, long line);

}  // namespace phaselaw::documents
