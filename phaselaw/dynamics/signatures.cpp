// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/signatures.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::dynamics {

namespace {

// ln of a loss that has reached 0.
constexpr double kLogOfNothing = -700;
// The smoothed loss must have fallen by this factor before flatness counts as a plateau.
constexpr double kFirstFall = 0.9;
// The noise is estimated over a span longer than the smoothing's by this factor.
constexpr double kNoiseSpan = 10;

struct Slope {
  double slope, lo, hi;
};

// Least squares of y against x with the interval of the slope; the standard error is widened by the factor
// sqrt((1 + r)/(1 - r)) for residuals with first autocorrelation r > 0.
template <class Points>
Slope slope_interval(const Points& points, double confidence) {
  const auto n = static_cast<double>(points.size());
  double x = 0, y = 0;
  for (const auto& p : points) {
    x += p.log_time / n;
    y += p.log_loss / n;
  }
  double xx = 0, xy = 0;
  for (const auto& p : points) {
    xx += (p.log_time - x) * (p.log_time - x);
    xy += (p.log_time - x) * (p.log_loss - y);
  }
  const double slope = xy / xx;
  double squares = 0, products = 0, before = 0;
  for (const auto& p : points) {
    const double residual = p.log_loss - y - slope * (p.log_time - x);
    squares += residual * residual;
    products += residual * before;
    before = residual;
  }
  const double r = squares > 0 ? std::clamp(products / squares, 0.0, 0.9) : 0;
  const double error = std::sqrt(squares / ((n - 2) * xx) * (1 + r) / (1 - r));
  const double half = numerics::student_t_quantile((1 + confidence) / 2, n - 2) * error;
  return {slope, slope - half, slope + half};
}

}  // namespace

base::EnumNames<Signature> enum_names(Signature) {
  using enum Signature;
  static constexpr std::pair<std::string_view, Signature> kNames[] = {
      {"none", none}, {"plateau", plateau}, {"instability", instability}};
  return kNames;
}

base::EnumNames<SignatureCause> enum_names(SignatureCause) {
  using enum SignatureCause;
  static constexpr std::pair<std::string_view, SignatureCause> kNames[] = {{"none", none},
                                                                           {"loss_not_finite", loss_not_finite},
                                                                           {"loss_rises", loss_rises},
                                                                           {"kernel_drift", kernel_drift},
                                                                           {"radius", radius},
                                                                           {"flat_loss", flat_loss}};
  return kNames;
}

SignatureDetector::SignatureDetector(const SignatureOptions& options) : options_(options) {
  const auto& o = options;
  if (!(o.rise > 1) || !(o.noise_deviations >= 0) || o.smoothing < 1 || !(o.window > 1) || !(o.flat_slope < 0) ||
      !(o.confidence > 0 && o.confidence < 1) || o.least_points < 4 || !(o.check_every > 1) || !(o.floor >= 0) ||
      !(o.floor_factor >= 1))
    throw std::domain_error(
        "signatures: rise, window and check_every above 1, floor_factor at least 1, flat_slope below 0, "
        "confidence in (0, 1), smoothing at least 1, least_points at least 4, floor and noise_deviations not negative");
}

void SignatureDetector::declare(Signature signature, SignatureCause cause, double onset, double seen_at,
                                std::string reason) {
  if (signature == Signature::instability)
    for (const auto& event : events_)
      if (event.cause == cause) return;
  events_.push_back({signature, cause, onset, seen_at, base::kNaN, std::move(reason)});
  current_ = std::max(current_, signature);
}

Signature SignatureDetector::observe(const TrajectoryPoint& point) {
  PHASELAW_CHECK(points_ == 0 || point.time > last_time_);
  if (point.drift_norm > point.lambda_min / 2)
    declare(Signature::instability, SignatureCause::kernel_drift, point.time, point.time,
            fmt::format("the kernel drift {} exceeds lambda_min/2 = {} at {}", base::format_number(point.drift_norm),
                        base::format_number(point.lambda_min / 2), base::format_number(point.time, 4)));
  if (point.radius > point.radius_max)
    declare(Signature::instability, SignatureCause::radius, point.time, point.time,
            fmt::format("the radius {} exceeds radius_max = {} at {}", base::format_number(point.radius),
                        base::format_number(point.radius_max), base::format_number(point.time, 4)));
  if (!std::isfinite(point.loss)) {
    declare(Signature::instability, SignatureCause::loss_not_finite, point.time, point.time,
            fmt::format("the loss at {} is not finite", base::format_number(point.time, 4)));
  } else {
    follow_loss(point);
    look_for_plateau(point.time);
  }
  last_time_ = point.time;
  return current_;
}

void SignatureDetector::follow_loss(const TrajectoryPoint& point) {
  const double log_loss = point.loss > 0 ? std::log(point.loss) : kLogOfNothing;
  ++points_;
  const auto seen = static_cast<double>(points_), span = static_cast<double>(options_.smoothing);
  const double off = points_ == 1 ? 0 : log_loss - smoothed_;
  smoothed_ = points_ == 1 ? log_loss : smoothed_ + off * std::max(1 / seen, 2 / (span + 1));
  variance_ += (off * off - variance_) * std::max(1 / seen, 2 / (kNoiseSpan * span + 1));
  if (points_ <= options_.smoothing) lowest_ = highest_start_ = smoothed_;
  lowest_ = std::min(lowest_, smoothed_);
  has_fallen_ = has_fallen_ || smoothed_ < highest_start_ + std::log(kFirstFall);
  const double noise = options_.noise_deviations * std::sqrt(variance_ / span);
  if (points_ > options_.smoothing && smoothed_ - lowest_ > std::max(std::log(options_.rise), noise))
    declare(Signature::instability, SignatureCause::loss_rises, point.time, point.time,
            fmt::format("the smoothed loss at {} is {} times its minimum", base::format_number(point.time, 4),
                        base::format_number(std::exp(smoothed_ - lowest_))));
  if (point.time <= 0) return;
  kept_.push_back({std::log(point.time), log_loss});
  const double oldest = kept_.back().log_time - std::log(options_.window);
  while (kept_.size() > 1 && kept_[1].log_time <= oldest) kept_.pop_front();
}

void SignatureDetector::look_for_plateau(double time) {
  const bool in_time = std::isnan(options_.plateau_from) ? has_fallen_ : time >= options_.plateau_from;
  if (time < next_look_ || !in_time || current_ == Signature::instability ||
      static_cast<std::int64_t>(kept_.size()) < options_.least_points ||
      kept_.back().log_time - kept_.front().log_time < std::log(options_.window) * (1 - 1e-9))
    return;
  // The window lies entirely after the time from which flatness counts.
  const double onset = std::exp(kept_.front().log_time);
  if (!std::isnan(options_.plateau_from) && onset < options_.plateau_from) return;
  next_look_ = time * options_.check_every;
  const Slope line = slope_interval(kept_, options_.confidence);
  if (current_ == Signature::plateau) {
    if (line.hi < options_.flat_slope) {
      events_.back().end = time;
      current_ = Signature::none;
      flat_before_ = false;
    }
    return;
  }
  const bool above_floor = smoothed_ > std::log(options_.floor * options_.floor_factor);
  const bool flat = line.lo > options_.flat_slope && above_floor;
  if (flat && flat_before_)
    declare(Signature::plateau, SignatureCause::flat_loss, onset, time,
            fmt::format("from {} to {} the loss follows t^{} ({} interval {} to {}) at {}, {}",
                        base::format_number(onset, 4), base::format_number(time, 4), base::format_number(line.slope, 3),
                        base::format_percent(options_.confidence, 4), base::format_number(line.lo, 3),
                        base::format_number(line.hi, 3), base::format_number(std::exp(smoothed_), 4),
                        options_.floor > 0 ? fmt::format("above the floor {}", base::format_number(options_.floor, 4))
                                           : "no floor given"));
  flat_before_ = flat;
}

SignatureEvent SignatureDetector::verdict() const {
  // The signs of the loss take precedence over the theory's sufficient conditions.
  const SignatureEvent* best = nullptr;
  const auto of_loss = [](const SignatureEvent& e) {
    return e.cause == SignatureCause::loss_rises || e.cause == SignatureCause::loss_not_finite;
  };
  for (const auto& event : events_) {
    if (event.signature != current_) continue;
    if (best == nullptr || current_ == Signature::plateau || (of_loss(event) && !of_loss(*best))) best = &event;
  }
  if (best != nullptr && current_ != Signature::none) return *best;
  SignatureEvent none;
  none.reason = fmt::format("{} points until {}: the loss is finite, does not rise and is not flat", points_,
                            base::format_number(last_time_, 4));
  return none;
}

}  // namespace phaselaw::dynamics
