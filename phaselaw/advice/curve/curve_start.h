// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "phaselaw/advice/curve/curve_blocks.h"
#include "phaselaw/advice/curve/shape_fit.h"

// Where the laws begin to describe a curve, and which forms describe it from there.
//
// Starts   0, 5, ..., 85 % of the range of ln(step), with 12 blocks left (7 if the errors are not known). A start is
//          stable if the power fits and its best exponent and floor lie inside the intervals of every second later
//          start. The first stable start is still slightly biased: the next one is taken.
// Forms    power and two-stage at a constant learning rate, and power under the falling rates of falling_rates.h,
//          which a warm-up of unknown length or an unknown decay may imitate.
// Decay    a falling rate describes the curve better by 20 s2 (25 if the errors are not known) and explains at least
//          0.4 % of the loss.
// Cost: up to 18 fits for the starts and up to 14 at each of at most 5 starts.
namespace phaselaw::advice {

struct CurveForms {
  std::size_t start = 0;  // first block
  std::vector<ShapeFit> fits;
  std::size_t best = 0, best_constant = 0;
  bool known = false;  // the errors of the blocks
  // Without known errors a bias from a warm-up is not seen: the power from the next start on, which must agree.
  std::optional<ShapeFit> later;
  [[nodiscard]] double gain_of_falling_rate() const {  // in units of s2
    return (fits[best_constant].chi2 - fits[best].chi2) / fits[best].s2;
  }
  // A falling rate is certain.
  [[nodiscard]] bool decays(double last_loss) const;
};

struct CurveStart {
  std::optional<CurveForms> forms;  // empty if no form describes the end of the curve
  bool decays = false;              // a falling rate describes more of the record, and no start is stable early on
  bool ambiguous = false;           // the same, although a start is stable: a long warm-up looks like this
};

// `end` is the last step of the curve.
[[nodiscard]] CurveStart start_of_laws(const CurveBlocks& blocks, double end, bool correlated);

// All forms from one block on, of which `power` is the first.
[[nodiscard]] CurveForms forms_from(const CurveBlocks& blocks, std::size_t first, const ShapeFit& power, double end);

// A part of the blocks from `first` on, as a fit of a power at a constant rate.
[[nodiscard]] FitProblem problem_from(const CurveBlocks& blocks, std::size_t first, double end);

}  // namespace phaselaw::advice
