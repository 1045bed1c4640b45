// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>

// The two doubles that are no measurement, by short names.
namespace phaselaw::base {

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();  // unknown, or not to be had
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace phaselaw::base
