// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/advice/diagnose/curve_schedule.h"
#include "phaselaw/tables/runs.h"

// A loss curve prepared for fitting: a clock, and a few dozen block means that are worth what they are said to be
// worth.
//
//   clock    lr_sum (S1) where the learning rate varies and is known or stated; else compute, tokens or step, the first
//            that the record has
//   blocks   rows in bins evenly spaced in ln(clock), about 100 over the curve: mean loss at the geometric mean clock.
//            10,000 noisy steps at the end count as the few blocks that they are. Curves of 120 rows or fewer keep
//            their rows.
//   noise    of one row, as standard deviation of ln loss about a straight line in ln(clock) inside each block; its
//            autocorrelation time tau = 1 + 2 sum rho_k, the sum up to the first rho_k <= 0, pooled over blocks of 32
//            rows and more [T]; a block's mean then has the sd  noise sqrt(tau/rows)
//   decay    where the learning rate decays: rows after its begin are left out when the stable phase before it holds
//            half of the steps and spans a factor 4 of the clock, else laws carry the annealing term - K S2
//   rise     a curve that ends 2 % above its minimum, and by five standard errors, is cut there (where rows do not tell
//            their noise: the last third or half rises by three standard errors of its slope); what rose is said by the
//            signature
// Rows with clock 0 (before the first step) and rows that are not positive and finite are left out, and counted.
// Cost: O(n log n); 100,000 rows some 20 ms.
namespace phaselaw::advice {

struct LossCurve {
  tables::Role role = tables::Role::unspecified;
  std::string name, quantity, clock, unit;                       // clock: a known column's name
  std::vector<double> x, loss, sd, drop, first_step, last_step;  // of the blocks; sd 0: not known; drop: S2
  std::vector<std::size_t> rows;
  std::size_t n_rows = 0;  // recorded
  std::size_t n_used = 0;  // in blocks
  std::size_t n_not_finite = 0, n_before = 0, n_decay = 0, n_rise = 0;
  double noise = 0;             // of one row's ln loss; 0: not known
  double correlation_time = 1;  // tau, in rows
  bool thinned = false;
  bool annealed = false;                                // laws carry - K S2
  double warmup_end = 0, decay_begin = base::kNaN;      // steps; NaN: no decay
  double min_loss = base::kNaN, end_loss = base::kNaN;  // block means: the lowest, and the last one before any cut
  double min_step = base::kNaN;                         // clock position of the minimum, in steps
  std::vector<double> all_x, all_step, all_loss;        // usable rows in order, for drawing and for positions
  std::vector<std::string> notes;

  // The step (or what stands for it) at a clock position, by interpolation; NaN outside.
  [[nodiscard]] double step_at(double clock_position) const;
};

// Never throws for what a run did; InputError for a stated schedule that does not fit. A curve without a usable row has
// no blocks.
[[nodiscard]] LossCurve prepare(const tables::Curve& data, const StatedSchedule& schedule = {});

// Block means of rows (x ascending), as above; at most about `blocks` of them.
struct Blocks {
  std::vector<double> x, loss, sd, drop, first_step, last_step;
  std::vector<std::size_t> rows;
  double noise = 0, correlation_time = 1;
  bool thinned = false;
};
[[nodiscard]] Blocks block_means(const std::vector<double>& x, const std::vector<double>& loss,
                                 const std::vector<double>& drop, const std::vector<double>& step);

// The noise of one row, from second differences, which do not see a smooth trend: their size is sqrt 6 times as great.
// The median makes it blind to outliers. 0 for fewer than 3 values.
[[nodiscard]] double roughness(const std::vector<double>& values);

}  // namespace phaselaw::advice
