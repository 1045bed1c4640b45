// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "phaselaw/laws/curve_table.h"

// Loss curves from tables and stores, for `diagnose`.
namespace phaselaw::verbs {

// A table as laws/curve_table.h reads it; study.db: its runs, diverged ones too, as excess risk where every run knows
// it. `columns`: a meaning of laws::curve_meanings() to the table's own name; InputError with the nearest known one.
[[nodiscard]] std::vector<laws::CurveData> read_curves(const std::string& path,
                                                       const std::map<std::string, std::string>& columns);
[[nodiscard]] std::vector<laws::CurveData> curves_of(const laws::Table& table,
                                                     const std::map<std::string, std::string>& columns);

// Those of these names only, if any are given; InputError with the nearest name.
void keep_runs(std::vector<laws::CurveData>& curves, const std::vector<std::string>& names);

}  // namespace phaselaw::verbs
