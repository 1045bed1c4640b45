// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/advice/diagnose/loss_curve.h"

// What a loss curve shows that no law of learning does: spikes, divergence, stretches without progress.
//
//   level        the median of up to 9 neighbouring rows of ln loss (1 row where the record is sparse)
//   baseline     the lowest median of up to 100 rows (a twentieth of the record) so far
//   excursion    the level rises above the baseline by more than  max(0.1, 8 sd of a level);  it ends where half of
//                that is undone; instability
//   divergence   losses that are not finite up to the end, or an excursion that does not end and undoes half of what
//   was
//                learnt; instability. A smaller one that does not end is instability in a training loss; in a held-out
//                loss it is a late rise: overfitting, or a model that saturates
//   plateau      a window of a factor 2 or more of the clock in which the loss falls by less than 1 % a doubling, while
//                over some factor 2 before and some factor 2 after it falls four times as fast or more, all at three
//                standard errors; or a flat end: over the last factor 1.5 of the clock (more where there are fewer than
//                4 blocks) the 95 % interval of the fall lies below 0.5 % a doubling; or a late rise
// Thresholds are this library's [R]. One noisy batch moves no median. Cost: O(n).
namespace phaselaw::advice {

struct Excursion {
  double from_step = 0, to_step = 0;  // of rows above the threshold
  double height = 0;                  // largest rise of ln loss above the lowest level before
  bool ended = true;
};

struct FallRate {
  double per_doubling = base::kNaN;  // relative fall of the loss for twice the clock
  double error = base::kNaN;         // its standard error
  std::size_t blocks = 0;
  double factor = base::kNaN;  // of the clock that it was measured over
};

struct CurveSignature {
  std::string word = "none";  // none | plateau | instability
  std::string reading;        // what was seen, in words; empty: nothing
  std::vector<Excursion> excursions;
  bool diverged = false, late_rise = false, flat_end = false;
  bool quickens = false;            // falls faster over the last factor 1.4 of the clock than over the factor 4 before
  double diverged_at = base::kNaN;  // step
  double plateau_from = base::kNaN, plateau_to = base::kNaN;  // steps, of a plateau that ended
  std::size_t n_not_finite = 0, n_grad_spikes = 0;
  FallRate end;  // over the last factor 1.5 of the clock or more
};
// A flat end, too: the best form expects `gain` (relative) from twice the clock, less than 0.5 %, and what was measured
// does not contradict it.
void expect_gain(double gain, CurveSignature& signature);
[[nodiscard]] CurveSignature signature_of(const tables::Curve& data, const LossCurve& curve);

// Least-squares slope of ln loss over blocks with lo <= x <= hi.
[[nodiscard]] FallRate fall_rate(const LossCurve& curve, double lo, double hi);

}  // namespace phaselaw::advice
