// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/diagnose/curve_signature.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {

namespace {

constexpr double kExcursion = 0.1;         // of ln loss
constexpr double kExcursionSd = 8;         // standard deviations of a level
constexpr double kNoProgress = 0.01;       // largest relative fall per doubling inside a plateau
constexpr double kFlatEnd = 0.005;         // at the end
constexpr std::size_t kFewestForFlat = 8;  // blocks of the whole curve
constexpr double kEndFactor = 1.5;         // of the clock
constexpr double kFaster = 4;              // before and after a plateau
constexpr double kGradSpike = 10;          // times the median of the neighbouring gradient norms
constexpr double kSigmas = 3;
constexpr double kLateFactor = 1.4;      // of the clock, at the end
constexpr double kQuicker = 1.3;         // than before
constexpr double kPartnerChange = 0.02;  // of ln loss: a rise or a fall of the other stream of a run
constexpr double kPartnerNoise = 5;      // the same in standard deviations of a row

struct Levels {
  std::vector<double> step, level, baseline;  // baseline: of the rows before
  double noise = 0;                           // of a level
};

double median_of(const std::vector<double>& values, std::size_t from, std::size_t to, std::vector<double>& scratch) {
  scratch.assign(values.begin() + static_cast<std::ptrdiff_t>(from), values.begin() + static_cast<std::ptrdiff_t>(to));
  const auto middle = scratch.begin() + static_cast<std::ptrdiff_t>(scratch.size() / 2);
  std::nth_element(scratch.begin(), middle, scratch.end());
  return *middle;
}

Levels levels_of(const std::vector<double>& step, const std::vector<double>& log_loss) {
  Levels out;
  const std::size_t n = log_loss.size();
  const std::size_t half = std::min<std::size_t>(4, n / 40), before = std::clamp<std::size_t>(n / 20, 1, 100);
  const double row_noise = roughness(log_loss);
  const double window = static_cast<double>(2 * half + 1);
  out.noise = row_noise * (half > 0 ? std::sqrt(std::numbers::pi / 2 / window) : 1);
  std::vector<double> scratch;
  double lowest = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < n; ++i) {
    out.level.push_back(median_of(log_loss, i >= half ? i - half : 0, std::min(n, i + half + 1), scratch));
    out.step.push_back(step[i]);
    if (i >= before) {
      const double recent = median_of(log_loss, i - before, i, scratch);
      lowest = std::min(lowest, recent);
    }
    out.baseline.push_back(lowest);
  }
  return out;
}

void find_excursions(const Levels& levels, std::vector<Excursion>& found) {
  const double threshold = std::max(kExcursion, kExcursionSd * levels.noise);
  bool inside = false;
  for (std::size_t i = 0; i < levels.level.size(); ++i) {
    const double above = levels.level[i] - levels.baseline[i];
    if (inside && above < 0.5 * threshold) {
      inside = false;
      // A rise and fall before the loss has improved belongs to the start of training and is no instability.
      if (levels.level.front() - levels.baseline[i] < kExcursion) found.pop_back();
    }
    if (inside) {
      found.back().to_step = levels.step[i];
      found.back().height = std::max(found.back().height, above);
    } else if (above > threshold) {
      inside = true;
      found.push_back({levels.step[i], levels.step[i], above, true});
    }
  }
  if (inside) found.back().ended = false;
}

std::size_t count_grad_spikes(const std::vector<double>& grad_norm) {
  constexpr std::size_t kAround = 50;
  std::size_t spikes = 0;
  std::vector<double> before;
  for (std::size_t i = kAround; i < grad_norm.size(); ++i) {
    if (!std::isfinite(grad_norm[i])) continue;
    before.assign(grad_norm.begin() + static_cast<std::ptrdiff_t>(i - kAround),
                  grad_norm.begin() + static_cast<std::ptrdiff_t>(i));
    std::erase_if(before, [](double g) { return !std::isfinite(g); });
    if (before.empty()) continue;
    std::nth_element(before.begin(), before.begin() + static_cast<std::ptrdiff_t>(before.size() / 2), before.end());
    if (grad_norm[i] > kGradSpike * before[before.size() / 2]) ++spikes;
  }
  return spikes;
}

// The median of up to three values before `end`.
double level_before(const std::vector<double>& log_loss, std::size_t end) {
  std::vector<double> scratch;
  return median_of(log_loss, end - std::min<std::size_t>(3, end), end, scratch);
}

// ln loss of the other stream of a run, with its steps; empty if a value is not positive and finite.
std::vector<double> partner_levels(const tables::Curve::Partner& partner) {
  std::vector<double> out;
  for (const double loss : partner.loss) {
    if (!(loss > 0) || !std::isfinite(loss)) return {};
    out.push_back(std::log(loss));
  }
  return out;
}

// Whether the training loss beside a held-out one falls after `step`.
bool partner_falls(const tables::Curve::Partner& partner, double step) {
  if (partner.role != tables::Role::training) return false;
  const std::vector<double> level = partner_levels(partner);
  const auto from =
      static_cast<std::size_t>(std::upper_bound(partner.step.begin(), partner.step.end(), step) - partner.step.begin());
  if (from == 0 || from >= level.size()) return false;
  const double fall = level[from - 1] - level_before(level, level.size());
  return fall > std::max(kPartnerChange, level.size() - from > 2 ? kPartnerNoise * roughness(level) / 2 : 0);
}

// Where the held-out loss beside a training loss is lowest, if it rises after that while the training loss falls.
void find_partner_rise(const tables::Curve& data, CurveSignature& signature) {
  if (data.role != tables::Role::training || data.partner.role != tables::Role::held_out) return;
  const std::vector<double> level = partner_levels(data.partner);
  if (level.empty()) return;
  const auto lowest = static_cast<std::size_t>(std::min_element(level.begin(), level.end()) - level.begin());
  const double rise = level.back() - level[lowest];
  if (level.size() - lowest < 4 || rise < std::max(kPartnerChange, kPartnerNoise * roughness(level))) return;
  if (!partner_falls({data.quantity, data.role, data.progress(), data.loss}, data.partner.step[lowest])) return;
  signature.overfitting = true;
  signature.overfits_from = data.partner.step[lowest];
  signature.overfit_rise = std::expm1(rise);
}

// Whether no single step makes half of the rise since the lowest level, and at least three steps rise.
bool rises_gradually(const std::vector<double>& log_loss) {
  const auto lowest = std::min_element(log_loss.begin(), log_loss.end());
  double largest = 0;
  std::size_t rising = 0;
  for (auto at = lowest; at + 1 < log_loss.end(); ++at) {
    largest = std::max(largest, at[1] - at[0]);
    rising += at[1] > at[0] ? 1 : 0;
  }
  return rising >= 3 && largest <= 0.5 * (log_loss.back() - *lowest);
}

void find_divergence(const tables::Curve& data, CurveSignature& signature) {
  const bool dense = !data.dense_loss.empty();
  const std::vector<double>& loss = dense ? data.dense_loss : data.loss;
  const std::vector<double>& step = dense ? data.dense_step : data.progress();
  std::vector<double> at, log_loss;
  for (std::size_t i = 0; i < loss.size(); ++i) {
    if (!std::isfinite(loss[i])) {
      ++signature.n_not_finite;
    } else if (loss[i] > 0 && std::isfinite(step[i])) {
      at.push_back(step[i]);
      log_loss.push_back(std::log(loss[i]));
    }
  }
  if (!loss.empty() && !std::isfinite(loss.back())) {
    std::size_t first = loss.size() - 1;
    while (first > 0 && !std::isfinite(loss[first - 1])) --first;
    signature.diverged = true;
    signature.diverged_at = step[first];
  }
  if (data.ended_diverged && !signature.diverged) {
    signature.diverged = true;
    signature.diverged_at = step.empty() ? base::kNaN : step.back();
  }
  if (log_loss.size() < 3) return;
  const Levels levels = levels_of(at, log_loss);
  find_excursions(levels, signature.excursions);
  if (signature.excursions.empty() || signature.excursions.back().ended || signature.diverged) return;
  const Excursion open = signature.excursions.back();
  const double learnt = levels.level.front() - levels.baseline.back();
  const bool training = dense || data.role == tables::Role::training;
  const bool overfits =
      !training &&
      (partner_falls(data.partner, open.from_step) ||
       (data.role == tables::Role::held_out && data.partner.loss.empty() && rises_gradually(levels.level)));
  if (!overfits && open.height > 0.5 * std::max(learnt, 2 * kExcursion)) {
    signature.diverged = true;
    signature.diverged_at = open.from_step;
  } else if (!training) {
    signature.late_rise = true;
    signature.excursions.pop_back();
  }
}

// A window without progress, with progress somewhere before and somewhere after.
void find_plateau(const LossCurve& curve, CurveSignature& signature) {
  const std::size_t n = curve.x.size();
  if (n < 12) return;
  // The first block from which the loss falls fast over a factor 2, and the last block up to which it does.
  double fast_until = std::numeric_limits<double>::infinity(), fast_from = 0;
  for (const double x : curve.x) {
    const FallRate rate = fall_rate(curve, x, 2 * x);
    if (rate.blocks < 3 || !(rate.per_doubling - kSigmas * rate.error > kFaster * kNoProgress)) continue;
    fast_until = std::min(fast_until, 2 * x);
    fast_from = x;
  }
  double longest = 0;
  for (std::size_t i = 0; i + 4 < n; ++i) {
    if (curve.x[i] < fast_until) continue;
    for (std::size_t j = i + 3; j < n && curve.x[j] <= fast_from; ++j) {
      if (curve.x[j] < 2 * curve.x[i] || curve.x[j] / curve.x[i] <= longest) continue;
      const FallRate inside = fall_rate(curve, curve.x[i], curve.x[j]);
      if (!(std::abs(inside.per_doubling) + kSigmas * inside.error < kNoProgress)) continue;
      longest = curve.x[j] / curve.x[i];
      signature.plateau_from = curve.first_step[i];
      signature.plateau_to = curve.last_step[j];
    }
  }
}

std::string read_instability(const CurveSignature& s) {
  std::vector<std::string> parts;
  if (s.diverged && !std::isnan(s.diverged_at))
    parts.push_back(fmt::format("diverged from step {}", base::format_count(s.diverged_at)));
  else if (s.diverged)
    parts.push_back("diverged");
  if (s.n_not_finite > 0) parts.push_back(fmt::format("{} losses are not finite", s.n_not_finite));
  if (!s.diverged && !s.excursions.empty() && !s.excursions.back().ended)
    parts.push_back(
        fmt::format("rises from step {} and does not recover", base::format_count(s.excursions.back().from_step)));
  std::size_t ended = 0;
  double height = 0, where = 0;
  for (const Excursion& e : s.excursions) {
    if (!e.ended) continue;
    ++ended;
    if (e.height > height) where = e.from_step;
    height = std::max(height, e.height);
  }
  if (ended > 0)
    parts.push_back(fmt::format("{} spike{}, the highest {} at step {}", ended, ended > 1 ? "s" : "",
                                base::format_percent(std::expm1(height)), base::format_count(where)));
  return fmt::format("{}", fmt::join(parts, "; "));
}

}  // namespace

FallRate fall_rate(const LossCurve& curve, double lo, double hi) {
  FallRate rate;
  double w = 0, wt = 0, wy = 0;
  std::vector<std::size_t> chosen;
  for (std::size_t b = 0; b < curve.x.size(); ++b)
    if (curve.x[b] >= lo * (1 - 1e-12) && curve.x[b] <= hi * (1 + 1e-12)) chosen.push_back(b);
  rate.blocks = chosen.size();
  if (chosen.size() < 3) return rate;
  const auto weight = [&](std::size_t b) { return curve.sd[b] > 0 ? 1 / (curve.sd[b] * curve.sd[b]) : 1.0; };
  for (const std::size_t b : chosen) {
    w += weight(b);
    wt += weight(b) * std::log(curve.x[b]);
    wy += weight(b) * std::log(curve.loss[b]);
  }
  double tt = 0, ty = 0, left = 0;
  for (const std::size_t b : chosen) {
    const double t = std::log(curve.x[b]) - wt / w;
    tt += weight(b) * t * t;
    ty += weight(b) * t * (std::log(curve.loss[b]) - wy / w);
  }
  if (!(tt > 0)) return rate;
  const double slope = ty / tt;
  for (const std::size_t b : chosen) {
    const double e = std::log(curve.loss[b]) - wy / w - slope * (std::log(curve.x[b]) - wt / w);
    left += weight(b) * e * e;
  }
  const double variance = left / static_cast<double>(chosen.size() - 2);
  // If the noise is known, it is a lower bound for the scatter.
  const bool known = curve.sd[chosen.front()] > 0;
  rate.per_doubling = -slope * std::numbers::ln2;
  rate.error = std::numbers::ln2 * std::sqrt((known ? std::max(1.0, variance) : variance) / tt);
  return rate;
}

void expect_gain(double gain, CurveSignature& signature) {
  if (signature.flat_end || signature.diverged || !(gain < kFlatEnd)) return;
  if (signature.end.blocks >= 3 && signature.end.per_doubling - 2 * signature.end.error > kFlatEnd) return;
  signature.flat_end = true;
  if (signature.word != "none") return;
  signature.word = "plateau";
  signature.reading = fmt::format("flat at the end: the best form predicts a gain of {} from doubling the clock",
                                  base::format_percent(gain));
}

void name_signature(const LossCurve& curve, CurveSignature& signature) {
  signature.word = "none";
  signature.reading.clear();
  if (signature.diverged || signature.n_not_finite > 0 || !signature.excursions.empty()) {
    signature.word = "instability";
    signature.reading = read_instability(signature);
  } else if (signature.overfitting) {
    signature.word = "overfitting";
    signature.reading =
        fmt::format("the held-out loss is lowest at step {} and ends {} higher, while the training loss falls on",
                    base::format_count(signature.overfits_from), base::format_percent(signature.overfit_rise));
  } else if (!std::isnan(signature.plateau_from)) {
    signature.word = "plateau";
    signature.reading =
        fmt::format("no progress from step {} to step {}, then the loss falls again",
                    base::format_count(signature.plateau_from), base::format_count(signature.plateau_to));
  } else if (signature.late_rise) {
    signature.word = "plateau";
    signature.reading = fmt::format("lowest at step {}, {} higher at the end", base::format_count(curve.min_step),
                                    base::format_percent(curve.end_loss / curve.min_loss - 1));
  } else if (signature.flat_end) {
    signature.word = "plateau";
    signature.reading = "flat at the end";
  }
}

CurveSignature signature_of(const tables::Curve& data, const LossCurve& curve) {
  CurveSignature signature;
  find_divergence(data, signature);
  signature.n_grad_spikes = count_grad_spikes(data.grad_norm);
  if (curve.n_rise > 0 && !signature.diverged && signature.excursions.empty() && data.role != tables::Role::training)
    signature.late_rise = true;
  find_partner_rise(data, signature);
  if (signature.late_rise && partner_falls(data.partner, curve.min_step)) {
    signature.overfitting = true;
    signature.overfits_from = curve.min_step;
    signature.overfit_rise = curve.end_loss / curve.min_loss - 1;
  }
  if (!curve.x.empty()) {
    const double last = curve.x.back();
    for (double factor = kEndFactor; factor <= 20 && signature.end.blocks < 4; factor *= kEndFactor) {
      signature.end = fall_rate(curve, last / factor, last);
      signature.end.factor = factor;
    }
    signature.flat_end = !signature.diverged && signature.end.blocks >= 3 && curve.x.size() >= kFewestForFlat &&
                         signature.end.per_doubling + 2 * signature.end.error < kFlatEnd;
    find_plateau(curve, signature);
    const FallRate late = fall_rate(curve, last / kLateFactor, last);
    const FallRate before = fall_rate(curve, last / (4 * kLateFactor), last / kLateFactor);
    signature.quickens = late.blocks >= 3 && before.blocks >= 3 && late.per_doubling > kQuicker * before.per_doubling &&
                         late.per_doubling - before.per_doubling > kSigmas * std::hypot(late.error, before.error);
  }
  name_signature(curve, signature);
  return signature;
}

}  // namespace phaselaw::advice
