// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/laws/law.h"
#include "phaselaw/tables/rows.h"

// How the names of a law meet the columns of a table.
//
//   exact      a name in the user's expression, or after '@', that is exactly a heading is that column, whatever other
//              column has the same meaning: of params and non_embedding_params the law reads the one that it names
//   own name   --col x=step*batch defines x, which the expression may then read
//   by word    --col A=A says that A is the column of this name and no parameter
// Errors: InputError for a law that cannot be read, for a name with two readings (row_checks.h), and for two columns
// with one meaning in one law.
namespace phaselaw::advice {

// Adds to `read` what the law says about the columns.
[[nodiscard]] laws::Law law_for_table(const std::string& text, const std::vector<std::string>& header,
                                      tables::ReadOptions& read);

}  // namespace phaselaw::advice
