// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/curve/scaled_curve.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "phaselaw/advice/curve/late_changes.h"
#include "phaselaw/base/format.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {

namespace {

constexpr std::size_t kLeastRowsOfCurve = 8, kLeastRowsForWild = 200;
constexpr double kLargestLoss = 1e100;  // relative to the median; squares stay finite

std::string rows_left_out(std::size_t rows, const std::string& why) {
  return std::to_string(rows) + (rows == 1 ? " row was" : " rows were") + " left out" + why + ".";
}

// Orders and cleans the rows; false if too few are left, or a loss is not positive.
bool prepare_rows(const CurveRows& rows, ScaledCurve& curve, CurveClaims& claims) {
  curve.rows = rows_in_order(rows);
  CleanRows& clean = curve.rows;
  if (clean.not_finite > 0) claims.notes.push_back(rows_left_out(clean.not_finite, ", without a finite step and loss"));
  if (clean.resumed)
    claims.notes.emplace_back(
        "The step counter falls and the loss continues at an earlier level, so the run was resumed from a checkpoint; "
        "the repeated steps count once.");
  if (clean.reset)
    claims.notes.emplace_back(
        "The step counter was set back during the record; only the rows after that are used, and no exponent, gain or "
        "early form is claimed, because their steps are not those of the whole training.");
  if (clean.step.size() < kLeastRowsOfCurve) {
    claims.notes.push_back("A curve needs at least 8 rows with a rising step and a finite loss; this one has " +
                           std::to_string(clean.step.size()) + ".");
    return false;
  }
  if (*std::min_element(clean.loss.begin(), clean.loss.end()) <= 0) {
    claims.notes.emplace_back(
        "The loss is zero or negative in some rows, and the laws hold for positive losses only; nothing is claimed.");
    return false;
  }
  curve.step_unit = clean.step.back();
  curve.loss_unit = numerics::median(clean.loss);
  const auto usable = [](double unit) { return unit > 1e-200 && unit < 1e200; };
  if (!usable(curve.step_unit) || !usable(curve.loss_unit)) {
    claims.notes.emplace_back(
        "The steps or losses lie outside 1e-200 to 1e200, so nothing is claimed; check the units.");
    return false;
  }
  for (double& t : clean.step) t /= curve.step_unit;
  for (double& l : clean.loss) l = std::min(l / curve.loss_unit, kLargestLoss);
  curve.end = 1;
  claims.last_step = curve.step_unit;
  return clean.step.front() > 1e-200;
}

// Noise, spikes, wild rows, and the blocks.
void measure_rows(ScaledCurve& curve, CurveClaims& claims) {
  CleanRows& rows = curve.rows;
  curve.noise = row_noise(rows.step, rows.loss);
  curve.rounding = rounding_unit(rows.loss);
  const double time = curve.correlation_time();
  claims.correlation_time = time;
  if (curve.noise) claims.noise = curve.noise->relative;
  claims.spikes = cut_spikes(rows, time);
  for (CurveSpike& spike : claims.spikes) spike.step *= curve.step_unit;
  if (curve.noise && !curve.correlated() && rows.step.size() >= kLeastRowsForWild) {
    leave_out_wild_rows(rows, curve.noise->relative);
    if (rows.wild > 0) claims.notes.push_back(rows_left_out(rows.wild, ", far from the rows around"));
  }
  if (curve.correlated()) {
    curve.dropped = std::min(static_cast<std::size_t>(std::ceil(4 * time)), rows.step.size());
    claims.notes.push_back("The first " + rows_left_out(curve.dropped, "") +
                           " Neighbouring rows are correlated or smoothed over " + base::format_number(time, 2) +
                           " rows, which hides how the curve begins.");
  }
  curve.blocks = blocks_of(curve.used_steps(), curve.used_losses(), curve.noise, curve.rounding);
}

}  // namespace

bool prepare_curve(const CurveRows& rows, ScaledCurve& curve, CurveClaims& claims) {
  if (!prepare_rows(rows, curve, claims)) return false;
  measure_rows(curve, claims);
  return true;
}

void leave_out_before_jump(ScaledCurve& curve, CurveClaims& claims) {
  const LevelJump jump = curve.blocks.known ? level_jump_of(curve.blocks) : LevelJump{};
  if (!(jump.relative > 0)) return;
  const double from = curve.blocks.step[jump.peak];
  const auto first = std::lower_bound(curve.rows.step.begin(), curve.rows.step.end(), from);
  curve.dropped = static_cast<std::size_t>(first - curve.rows.step.begin());
  curve.blocks = blocks_of(curve.used_steps(), curve.used_losses(), curve.noise, curve.rounding);
  claims.notes.push_back("The loss rose by " + base::format_percent(jump.relative) + " until step " +
                         base::format_number(from * curve.step_unit) +
                         " and falls again, for example after a change of the data or a restarted schedule; only the "
                         "rows after that are used.");
}

}  // namespace phaselaw::advice
