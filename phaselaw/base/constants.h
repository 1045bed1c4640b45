// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>

// Short names for NaN and infinity.
namespace phaselaw::base {

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();  // unknown or not available
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace phaselaw::base
