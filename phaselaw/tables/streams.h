// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include "phaselaw/tables/recognise.h"
#include "phaselaw/tables/rows.h"

// Rows for curves: one row for each recorded value of each output, of lr and of grad_norm, stream after stream.
namespace phaselaw::tables {

using Factors = std::map<std::size_t, double>;  // by column
[[nodiscard]] const double* factor_of(const Factors& factors, std::size_t column);

// Fills the data, streams, runs and lines of `out` from its table and its runs of each row of the table.
void add_streams(const Recognised& found, const Factors& factors, Rows& out);

}  // namespace phaselaw::tables
