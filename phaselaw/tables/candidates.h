// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/tables/columns.h"
#include "phaselaw/tables/table.h"

// The columns of a table that could be each known column (columns.h), by their headings.
//
// A heading is compared without its unit: "params (M)", "tokens [B]", "params_M", "compute_1e18" (units.h). Closeness:
//   own        its name or its letter: n_params, N
//   usual      another usual name: params, model size
//   loose      a usual name that often means something else: time for step
//   path       only the last part of a path: config.n_params; then its closeness within that part counts. A prefix that
//              several headings share and that trackers write (params_, user_attrs_, ...) is such a path, too
// Cost: linear in the headings.
namespace phaselaw::tables {

struct Candidate {
  std::size_t column = 0;
  int closeness = 0;        // 0: own, 1: usual, 2: loose; 3 more for the last part of a path
  std::size_t order = 0;    // place among the usual names, the most likely first
  bool has_factor = false;  // the heading says a unit, and the numbers are to be multiplied by `factor`
  double factor = 1;
};

// For each of known_columns(), its candidates in the order of the table.
[[nodiscard]] std::vector<std::vector<Candidate>> candidates_of(const Table& table);

// Whether a column has any number, also a count such as 70M: a column of words is no candidate beside one of numbers.
[[nodiscard]] bool has_numbers(const Table& table, std::size_t column);

// Whether two columns have the same number in every row, after multiplication by their factors, up to rounding.
// Otherwise `row` is the first in which they differ.
[[nodiscard]] bool same_numbers(const Table& table, const Candidate& a, const Candidate& b, std::size_t& row);

}  // namespace phaselaw::tables
