// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/documents/reading.h"

// One convention of numbers for each column, decided from all its cells. Evidence, in the order of its weight:
//
//   1. the cells themselves: 3.5 has a decimal point, 1.234.567 has points between thousands;
//   2. --decimal, where the cells leave both readings open;
//   3. cells without any sign beside 1.000: 500, 1.000, 2.000 continue as 1000, 2000, whereas 3, 2.891 do not;
//   4. in a table that is separated by semicolons, cells such as 1.000, 2.000 that all end in 0: not clear;
//   5. the decimal sign of the other columns, since a document has one country;
//   6. the usual rule: 1.234 has a decimal point and 1,234 a comma between thousands. A comma is not clear in a table
//      that is separated by semicolons, nor where other columns write thousands without a sign; a point is not clear
//      where another column has points between thousands.
//
// Where both readings stay open, the column gets an ambiguity (Table::ambiguity) and no style.
namespace phaselaw::documents {

// Sets the style or the ambiguity of every column of text, and adds a note for each convention that is not plain.
// `separator`: as in Reading. Cost: one pass over the cells, 10 ns for a plain one; at most two more over columns that
// are not plain.
void decide_styles(Table& table, const DocumentOptions& options, std::vector<std::string>& notes,
                   std::string_view separator = "");

}  // namespace phaselaw::documents
