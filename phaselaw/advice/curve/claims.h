// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/fields.h"

// What a loss curve shows by itself when its learning-rate schedule is not recorded: claims that hold for every form
// that the rows do not refute, and no claim where they disagree.
//
// The rows become about 100 block means with known errors (row_cleaning.h, row_noise.h, curve_blocks.h). A rise and a
// faster fall are tested first (late_changes.h). Then powers, two-stage curves and powers under a falling learning rate
// are fitted from the first step on from which later steps agree (shape_fit.h, curve_start.h), and claims are unions
// over the forms that are left (form_claims.h).
//
// Limits: a constant, a linear and a cosine learning rate cannot be told apart over short ranges. `falling` is still
// said of some cosines: of about one in six with a decay that hardly changes the loss, and of half of the records that
// end after 60 % of a cosine, which may even claim a gain. Claims need losses above 0.
// Accuracy: over 52 kinds of simulated curves with 20 seeds each, fewer than 1 % of the curves have a wrong claim;
// intervals are three standard errors wide.
// Cost: O(n log n) in the rows, 10 ms for 10,000 rows and 0.6 s for 1,000,000, of which up to 30 ms are for the fits.
// Memory: about 20 numbers for each row. Errors: none; what prevents a claim is a note.
// Source: this library's rules [R] from least squares [T].
namespace phaselaw::advice {

struct Interval {
  double lo = 0, hi = 0;
};

// The rows of one curve in the order of the record. A loss that is not finite is skipped.
struct CurveRows {
  std::span<const double> step, loss;
  bool held_out = false;                                 // a validation or test loss
  std::span<const double> training_step, training_loss;  // the training loss beside a held-out one; may be empty
  bool rate_known = false;  // the steps are sums of learning rates: no falling rate can explain the curve
};

// A fitted curve that the rows do not refute, without the terms of a falling learning rate:
//   power      E + A (1 + (t - start)/(q scale))^-q; q infinite: E + A exp(-(t - start)/scale)
//   two-stage  E + A exp(-q W0((t - start)/scale))
struct AcceptedShape {
  bool two_stage = false;
  double start = 0, q = 0, scale = 0, floor = 0, amplitude = 0;
  // The floor may differ by this much with the same shape, the end of the curve staying where it is.
  double floor_error = 0;
  double level_error = 0;  // the loss at the end of the curve may differ by this much with the same shape
  double from =
      0;  // it describes the curve from this step; one that was fitted under a falling rate, only beyond the end
  bool best = false;
  [[nodiscard]] double shape_at(double step) const;  // 1 at the start, 0 after infinitely many steps
};

struct CurveSpike {
  double step = 0, height = 0;  // height: relative to the level before
};

enum class CurveState {
  unknown,
  falling,      // still falling at a constant learning rate
  finished,     // doubling the steps lowers the loss by less than 1 %
  decaying,     // falls faster at the end than before: a learning rate that decays, or a new drop
  overfitting,  // the held-out loss rises while the training loss falls
  memorising,   // the held-out loss is flat while the training loss falls
  diverged,     // the training loss rises at the end, or both losses rise
  rising,       // a held-out loss rises; no training loss shows the cause
};

[[nodiscard]] base::EnumNames<CurveState> enum_names(CurveState);

struct CurveClaims {
  CurveState state = CurveState::unknown;
  // Of the forms that are not refuted, three standard errors each; empty where nothing can be claimed.
  std::optional<Interval> exponent, floor, bend;  // bend: in steps from the start of training
  std::optional<Interval> gain;                   // relative fall of the loss when the steps double at a constant rate
  std::string early_form;                         // "power", "exponential", or empty
  std::vector<CurveSpike> spikes;
  double rise = 0, lowest_step = base::kNaN;  // relative rise of the end above the lowest level, and its step
  double correlation_time = 1;                // of the noise, in rows
  double noise = base::kNaN;                  // relative standard deviation of a row; NaN: not known
  double first_step_used = base::kNaN;        // the laws describe the curve from there
  double last_step = base::kNaN;              // of the rows that were used
  std::vector<AcceptedShape> shapes;          // empty if no form describes the end of the curve
  // The loss at a step at a constant learning rate, over all accepted shapes and their floors; from first_step_used on.
  // Empty without shapes, and before that step.
  [[nodiscard]] std::optional<Interval> loss_at(double step) const;
  std::vector<std::string> notes;  // whole sentences: what was left out, and what prevents a claim
};

[[nodiscard]] CurveClaims claims_of(const CurveRows& rows);

}  // namespace phaselaw::advice
