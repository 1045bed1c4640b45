// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "phaselaw/tables/computed_columns.h"
#include "phaselaw/tables/recognise.h"
#include "phaselaw/tables/rows.h"
#include "phaselaw/tables/streams.h"

// The columns of a table as numbers of its rows: the factors of their units, the output, and the inputs of laws.
namespace phaselaw::tables {

// Units given in headings: "tokens (B)" and "tokens_B" are multiplied by 1e9, unless the user sets a scale, and a note
// says so. The heading of a computed column is an expression, and no unit.
// InputError for a unit that is not known, because numbers in a wrong unit would be fitted in silence.
void add_heading_factors(const Recognised& found, const std::string& output,
                         const std::vector<ComputedColumn>& computed, Factors& factors, Rows& out);

// The output of every row. InputError at the first one that a fit cannot use.
void add_output(const ReadOptions& options, const Factors& factors, std::size_t column, Rows& out);

// All other columns with numbers; `unusable` says why a column is not among them.
// `check_only`: of the others, only the columns that check_magnitudes compares are kept.
void add_columns(const Recognised& found, const Factors& factors, const std::string& output, bool check_only,
                 Rows& out);

}  // namespace phaselaw::tables
