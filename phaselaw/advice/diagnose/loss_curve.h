// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/tables/runs.h"
#include "phaselaw/tables/schedule.h"

// A loss curve prepared for fitting: a clock, and a few dozen block means with known standard deviations.
//
//   clock    lr_sum (S1) if the learning rate varies and is known or stated; otherwise compute, tokens or step,
//            whichever the record has first
//   blocks   rows in bins evenly spaced in ln(clock), about 100 per curve: the mean loss at the geometric mean clock,
//            so that 10,000 noisy steps at the end count as a few blocks. Curves of at most 120 rows keep their rows.
//   noise    of one row: the standard deviation of ln loss about a straight line in ln(clock) within each block. Its
//            autocorrelation time is tau = 1 + 2 sum rho_k, summed up to the first rho_k <= 0 and pooled over blocks
//            of at least 32 rows [T]. The mean of a block then has the standard deviation noise sqrt(tau/rows).
//   decay    of the learning rate: rows after its start are not used if the stable phase before it contains half of the
//            steps and spans a factor 4 of the clock; otherwise the laws include the annealing term - K S2
//   rise     a curve that ends 2 % above its minimum, and by five standard errors, is cut at the minimum (if the rows
//            do not show their noise: if the last third or half rises by three standard errors of its slope); the
//            signature reports the rise
//   rounding of a loss that is recorded with a fixed number of decimals: if the curve ends below ten units of the last
//            one, the rows from there on are not used, because rounding changes them by up to 5 % or more
// Rows with clock 0 (before the first step) and rows that are not positive and finite are skipped and counted.
// Cost: O(n log n); about 20 ms for 100,000 rows.
namespace phaselaw::advice {

struct LossCurve {
  tables::Role role = tables::Role::unspecified;
  std::string name, quantity, clock, unit;                       // name of the known column that is the clock
  std::vector<double> x, loss, sd, drop, first_step, last_step;  // of the blocks; sd is 0 if unknown; drop: S2
  std::vector<std::size_t> rows;
  std::size_t n_rows = 0;  // recorded
  std::size_t n_used = 0;  // in blocks
  std::size_t n_not_finite = 0, n_before = 0, n_decay = 0, n_rise = 0;
  std::size_t n_rounded = 0;         // rows not used because of the rounding
  double rounding = 0;               // unit of the last recorded decimal, if n_rounded > 0
  double rounded_from = base::kNaN;  // first step of these rows
  double noise = 0;                  // standard deviation of one row's ln loss; 0 if unknown
  double correlation_time = 1;       // tau, in rows
  bool thinned = false;
  bool annealed = false;                                // the laws include - K S2
  double warmup_end = 0, decay_begin = base::kNaN;      // step; NaN if there is no decay
  double min_loss = base::kNaN, end_loss = base::kNaN;  // lowest block mean, and the last one before any cut
  double min_step = base::kNaN;                         // clock position of the minimum, in steps
  std::vector<double> all_x, all_step, all_loss;        // usable rows in order, for figures and positions
  std::vector<std::string> notes;

  // The step (or its substitute) at a clock position, by interpolation; NaN outside the curve.
  [[nodiscard]] double step_at(double clock_position) const;
};

// Throws InputError for a stated schedule that does not fit the curve, and nothing else. A curve without usable rows
// has no blocks.
[[nodiscard]] LossCurve prepare(const tables::Curve& data, const tables::StatedSchedule& schedule = {});

// Block means of rows (x ascending), as above; at most about `blocks` of them.
struct Blocks {
  std::vector<double> x, loss, sd, drop, first_step, last_step;
  std::vector<std::size_t> rows;
  double noise = 0, correlation_time = 1;
  bool thinned = false;
};
[[nodiscard]] Blocks block_means(const std::vector<double>& x, const std::vector<double>& loss,
                                 const std::vector<double>& drop, const std::vector<double>& step);

// The noise of one row from second differences, which cancel a smooth trend and are sqrt 6 times as large. The median
// makes the estimate insensitive to outliers. Returns 0 for fewer than 3 values.
[[nodiscard]] double roughness(const std::vector<double>& values);

}  // namespace phaselaw::advice
