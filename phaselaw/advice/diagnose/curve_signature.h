// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/advice/diagnose/loss_curve.h"

// Detects what no learning law describes in a loss curve: spikes, divergence, and stretches without progress.
//
//   level        median of ln loss over up to 9 neighbouring rows (1 row if the record is sparse)
//   baseline     lowest median so far, over up to 100 rows (a twentieth of the record)
//   excursion    the level rises above the baseline by more than max(0.1, 8 sd of a level). It ends when half of the
//                rise is undone. Counts as an instability.
//   divergence   losses that are not finite up to the end, or an excursion that does not end and undoes at least half
//                of the progress. Counts as an instability. A smaller rise that does not end is an instability in a
//                training loss and a late rise in a held-out loss (overfitting, or a model that saturates).
//   overfitting  a held-out loss that rises late while the training loss of the same run falls on. The rise may undo any
//                part of the progress: it is no divergence. A held-out loss without a training loss beside it is read as
//                a late rise, and not as a divergence, if no single step makes half of the rise
//   plateau      a window of at least a factor 2 of the clock in which the loss falls by less than 1 % per doubling,
//                while it falls at least four times as fast over some factor 2 before and some factor 2 after, all at
//                three standard errors; or a late rise; or a flat end: over the last factor 1.5 of the clock (more if
//                this holds fewer than 4 blocks) the 95 % interval of the fall lies below 0.5 % per doubling
// The thresholds are this library's [R]. A single noisy batch changes no median. Cost: O(n).
namespace phaselaw::advice {

struct Excursion {
  double from_step = 0, to_step = 0;  // first and last step above the threshold
  double height = 0;                  // largest rise of ln loss above the lowest earlier level
  bool ended = true;
};

struct FallRate {
  double per_doubling = base::kNaN;  // relative fall of the loss per doubling of the clock
  double error = base::kNaN;         // its standard error
  std::size_t blocks = 0;
  double factor = base::kNaN;  // factor of the clock over which it was measured
};

struct CurveSignature {
  std::string word = "none";  // none | plateau | instability | overfitting
  std::string reading;        // description of what was found; empty if nothing
  std::vector<Excursion> excursions;
  bool diverged = false, late_rise = false, flat_end = false;
  bool overfitting = false;  // late_rise while the training loss falls; of a training loss: its held-out loss does so
  double overfits_from = base::kNaN,
         overfit_rise = base::kNaN;  // step of the lowest held-out loss; relative rise since
  bool quickens = false;  // falls faster over the last factor 1.4 of the clock than over the preceding factor 4
  double diverged_at = base::kNaN;                            // step
  double plateau_from = base::kNaN, plateau_to = base::kNaN;  // first and last step of a plateau that ended
  std::size_t n_not_finite = 0, n_grad_spikes = 0;
  FallRate end;  // over the last factor 1.5 of the clock or more
};
// Also marks a flat end if the best form predicts a relative `gain` below 0.5 % from doubling the clock and the
// measured fall does not contradict it.
void expect_gain(double gain, CurveSignature& signature);
[[nodiscard]] CurveSignature signature_of(const tables::Curve& data, const LossCurve& curve);
// Sets the word and the reading from the findings.
void name_signature(const LossCurve& curve, CurveSignature& signature);

// Least-squares slope of ln loss over the blocks with lo <= x <= hi.
[[nodiscard]] FallRate fall_rate(const LossCurve& curve, double lo, double hi);

}  // namespace phaselaw::advice
