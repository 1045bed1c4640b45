// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

// How long something took. The clock never jumps, whatever is done to the machine's date.
namespace phaselaw::base {

using Clock = std::chrono::steady_clock;

[[nodiscard]] inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace phaselaw::base
