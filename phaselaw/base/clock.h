// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

// Measures elapsed time with a steady clock, which does not jump when the machine's date is changed.
namespace phaselaw::base {

using Clock = std::chrono::steady_clock;

[[nodiscard]] inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace phaselaw::base
