// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "phaselaw/tables/row_columns.h"
#include "phaselaw/tables/rows.h"

// Whether the sizes of the columns agree with each other and with what they count. Columns for which the user or the
// heading gives a factor are taken as they are.
//
//   n_params   whole numbers from 10 to 20,000 beside losses of language models (1.2 to 8): most likely millions. Models
//              that small have such losses only over an alphabet of letters, so it is asked
//   tokens     all below 1e5 beside models above 1e6 parameters, or more than 1e6 per parameter
//   compute    more than a factor 1,000 from 6 n_params tokens
// Each is the reason why the column is not in the rows (Rows::unusable), with the factor that would make sense and the
// flag to take the numbers as they are. Smaller contradictions are warnings.
namespace phaselaw::tables {

void check_magnitudes(const Factors& factors, const std::string& output, Rows& out);

}  // namespace phaselaw::tables
