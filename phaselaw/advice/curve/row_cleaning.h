// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/advice/curve/claims.h"

// The rows of a curve that its laws can describe.
//
//   step counter   Where it does not rise from one row to the next, the earlier row with the same step is looked up. If
//                  the level there (a median of up to 15 rows) equals the level now, within 2 % or 6 standard errors,
//                  the run was resumed from an earlier checkpoint: the later rows replace the earlier ones. Otherwise
//                  the counter was set back: only the rows from there on are used, and their steps are no longer the
//                  steps of the whole training. A repeated step keeps its last row.
//   spike          a median of 9 rows that lies above the running median of these medians (half width the largest of 60
//                  rows, 2 % of the rows and 10 correlation times) by more than 10 % and by 7 standard deviations of
//                  this difference. Each is cut out with the rows of its recovery.
//   wild row       a row that differs from the median of 15 rows by 7 standard deviations of the noise
// The thresholds are this library's [R]. Cost: O(n log n).
namespace phaselaw::advice {

struct CleanRows {
  std::vector<double> step, loss;
  bool reset = false, resumed = false;
  std::size_t not_finite = 0, wild = 0;
};

// Rows with a finite loss and a finite step above 0, with a rising step counter.
[[nodiscard]] CleanRows rows_in_order(const CurveRows& rows);

// Cuts the spikes out of the rows. `correlation_time` is that of the noise, in rows.
[[nodiscard]] std::vector<CurveSpike> cut_spikes(CleanRows& rows, double correlation_time);

// Leaves out single wild rows, unless they are more than 1 % of all. `noise` is the relative standard deviation.
void leave_out_wild_rows(CleanRows& rows, double noise);

// The unit of the last recorded digit where the losses are rounded enough for it to matter, otherwise 0.
[[nodiscard]] double rounding_unit(std::span<const double> loss);

}  // namespace phaselaw::advice
