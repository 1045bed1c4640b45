// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "phaselaw/advice/curve/claims.h"
#include "phaselaw/advice/curve/curve_blocks.h"

// What no falling law describes: a rise, and a fall that becomes faster.
//
// Cost: O(rows).
namespace phaselaw::advice {

// The highest rise above an earlier lower level from which the curve falls again, after the first 5 % of the steps: a
// change of the data, a restarted schedule, or a second descent.
struct LevelJump {
  double relative = 0;   // height; 0: there is none
  std::size_t peak = 0;  // block
};
[[nodiscard]] LevelJump level_jump_of(const CurveBlocks& blocks);

// How far the end lies above the lowest level: means of 3 blocks (single blocks, if there are fewer than 12). Blocks of a
// loss that explodes have errors as large as their differences, so a rise is certain, too, if every block of the end is
// at least twice as high as the lowest level: noise, correlated or not, does not double a level.
struct CurveRise {
  double relative = 0, errors = 0;  // of the difference, and in its standard errors
  std::size_t lowest = 0;           // block with the lowest loss
  bool doubled = false;             // by every block of the end
  [[nodiscard]] bool certain() const { return doubled || (relative > 0.005 && errors > 6); }
};
[[nodiscard]] CurveRise rise_at_end(const CurveBlocks& blocks);

// The largest z of: the slope in a late window is steeper than in the window before it. Powers and exponentials are
// convex, so that a large value contradicts all of them. Windows ((e - 2h) T, (e - h) T) and ((e - h) T, e T) of the
// rows, e in {1, 0.9, 0.8}, h in {0.25, 0.15, 0.1, 0.05}. A window that holds a jump, a bump or a period has a larger
// error.
inline constexpr double kAcceleration = 4.5;
[[nodiscard]] double acceleration_of(std::span<const double> step, std::span<const double> loss,
                                     double correlation_time);

enum class TrainingTrend { unknown, falls, rises };
// The training loss from `step` to its end: means at both ends, 4 standard errors.
[[nodiscard]] TrainingTrend training_trend_from(const CurveRows& rows, double step, double correlation_time);
// Whether the training loss falls by 0.2 % and 4 standard errors between the last two sixths of its rows.
[[nodiscard]] bool training_still_falls(const CurveRows& rows, double correlation_time);

}  // namespace phaselaw::advice
