// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "phaselaw/advice/curve/claims.h"
#include "phaselaw/advice/curve/curve_blocks.h"
#include "phaselaw/advice/curve/row_cleaning.h"
#include "phaselaw/advice/curve/row_noise.h"

// A curve prepared for its fits: rows in order, in units of the last step and of the median loss, without spikes and
// wild rows, and their blocks. In these units the claims do not depend on the units of the record.
namespace phaselaw::advice {

struct ScaledCurve {
  CleanRows rows;
  double step_unit = 1, loss_unit = 1;
  double end = 0;           // last step before spikes and wild rows were left out
  std::size_t dropped = 0;  // first rows, useless because of smoothing or before a jump of the level
  std::optional<RowNoise> noise;
  double rounding = 0;
  CurveBlocks blocks;
  [[nodiscard]] double correlation_time() const { return noise ? noise->correlation_time : 1; }
  [[nodiscard]] std::span<const double> used_steps() const { return std::span(rows.step).subspan(dropped); }
  [[nodiscard]] std::span<const double> used_losses() const { return std::span(rows.loss).subspan(dropped); }
  [[nodiscard]] bool correlated() const { return correlation_time() > kCorrelatedTime; }
};

// Orders, scales, measures and cleans the rows, and says in `claims` what it left out. False, with the reason as a
// note, if nothing can be claimed: fewer than 8 rows, a loss that is not positive, or units beyond 1e200.
[[nodiscard]] bool prepare_curve(const CurveRows& rows, ScaledCurve& curve, CurveClaims& claims);

// Leaves out what lies before the peak of a rise from which the curve falls again.
void leave_out_before_jump(ScaledCurve& curve, CurveClaims& claims);

}  // namespace phaselaw::advice
