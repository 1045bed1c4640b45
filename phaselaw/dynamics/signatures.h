// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/fields.h"

// Detects signs of trouble while a trajectory runs.
//
// instability   any of
//   * the loss is NaN or infinite
//   * the smoothed loss is above its running minimum by the factor `rise`, and by `noise_deviations` standard
//     deviations of its own noise. Smoothed: s <- s + (ln loss - s) 2/(smoothing + 1), with s the mean so far during
//     the first `smoothing` points. Noise: the standard deviation v of ln loss about s, smoothed with a span ten times
//     longer, gives that of s: v sqrt(1/smoothing).
//   * the kernel drift ||H(t) - H(0)||_2 is above lambda_min(H(0))/2                         [S]
//   * the radius is above radius_max                                                         [S]
//   Once detected it remains the verdict of the run.
// plateau       over the last factor `window` in time the slope b of ln loss = a + b ln t has an interval of level
//   `confidence` entirely above `flat_slope` (least squares over at least `least_points` points, Student's t, standard
//   error widened for first-order autocorrelation of the residuals), while the smoothed loss is above `floor_factor`
//   times the given floor. A rising loss that is no instability is a plateau too, because it does not improve.
//   Detection starts at `plateau_from`; by default once the smoothed loss has fallen by a tenth, because a flow
//   recorded from times below 1/rate on begins flat, which is no plateau. It is checked whenever the time has grown by
//   the factor `check_every`, and declared at the second such check in a row. It ends when a check finds an interval
//   entirely below flat_slope.
//
// The drift and radius rules are the theory's conditions, not measured divergence; `cause` tells which rule applied.
// False alarms on noisy power laws t^-0.1 .. t^-1, log-normal noise up to 20 % per point, 200 to 2000 points: below 1 %
// of runs each for plateau and instability (tested).
// Cost: O(1) per point and O(points in the window) per check. Memory: the points of the last factor `window`.
// Source: kernel instability and stalled training as signatures [S]; the rules [R].
namespace phaselaw::dynamics {

enum class Signature { none, plateau, instability };
[[nodiscard]] base::EnumNames<Signature> enum_names(Signature);

enum class SignatureCause { none, loss_not_finite, loss_rises, kernel_drift, radius, flat_loss };
[[nodiscard]] base::EnumNames<SignatureCause> enum_names(SignatureCause);

struct SignatureOptions {
  double rise = 2;                // > 1
  double noise_deviations = 6;    // >= 0
  std::int64_t smoothing = 8;     // points, >= 1
  double window = 4;              // > 1
  double flat_slope = -0.02;      // < 0
  double confidence = 0.99;       // of the two-sided interval, in (0, 1)
  std::int64_t least_points = 8;  // >= 4
  double check_every = 1.1;       // > 1
  double floor = 0;               // irreducible loss if known, e.g. xi^2; 0: not given
  double floor_factor = 1.1;      // >= 1
  double plateau_from = base::kNaN;
};

// NaN: not measured at this point.
struct TrajectoryPoint {
  double time = 0;  // flow time, step or compute: > the last one
  double loss = 0;  // training loss, > 0
  double drift_norm = base::kNaN, lambda_min = base::kNaN;
  double radius = base::kNaN, radius_max = base::kNaN;
};

struct SignatureEvent {
  Signature signature = Signature::none;
  SignatureCause cause = SignatureCause::none;
  double onset = 0;         // plateau: start of the flat window; instability: the point
  double seen_at = 0;       // the point at which it was declared
  double end = base::kNaN;  // end of a plateau that was left
  std::string reason;       // explanation with numbers
};

class SignatureDetector {
 public:
  // std::domain_error for options outside their domain.
  explicit SignatureDetector(const SignatureOptions& options = {});

  // Times ascend strictly (PHASELAW_CHECK). Returns current().
  Signature observe(const TrajectoryPoint& point);

  // instability once there was one, otherwise plateau while one lasts, otherwise none.
  [[nodiscard]] Signature current() const { return current_; }
  [[nodiscard]] const std::vector<SignatureEvent>& events() const { return events_; }
  // The event behind current(); with signature `none`, the reason says what was checked.
  [[nodiscard]] SignatureEvent verdict() const;

 private:
  struct Kept {
    double log_time, log_loss;
  };
  void declare(Signature signature, SignatureCause cause, double onset, double seen_at, std::string reason);
  void follow_loss(const TrajectoryPoint& point);
  void look_for_plateau(double time);

  SignatureOptions options_;
  Signature current_ = Signature::none;
  std::vector<SignatureEvent> events_;
  std::deque<Kept> kept_;
  std::int64_t points_ = 0;
  double smoothed_ = 0, variance_ = 0, lowest_ = 0, highest_start_ = 0, last_time_ = 0, next_look_ = 0;
  bool flat_before_ = false, has_fallen_ = false;
};

}  // namespace phaselaw::dynamics
