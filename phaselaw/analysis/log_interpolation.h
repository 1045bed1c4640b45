// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

namespace phaselaw::analysis {

// A positive curve, its ascending times from >= 0 on, read at other times: ln value linear in ln t between two points;
// NaN where there is no point with t > 0 before and one at or after.
[[nodiscard]] std::vector<double> log_interpolated(const std::vector<double>& times, const std::vector<double>& values,
                                                   const std::vector<double>& at);

}  // namespace phaselaw::analysis
