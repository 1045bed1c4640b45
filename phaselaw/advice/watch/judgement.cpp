// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/watch/judgement.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {

namespace {

std::size_t trailing_not_finite(const std::vector<double>& loss) {
  const auto end = std::find_if(loss.rbegin(), loss.rend(), [](double x) { return std::isfinite(x); });
  return static_cast<std::size_t>(end - loss.rbegin());
}

std::string step_text(double step) { return base::format_number(step, 3, base::Notation::suffix); }

std::string reason_for(CurveState state, const CurveClaims& claims, const std::string& quantity) {
  const std::string rise = fmt::format("{} at its end is on average {} above its lowest level, which it had at step {}",
                                       quantity, base::format_percent(claims.rise), step_text(claims.lowest_step));
  switch (state) {
    case CurveState::falling:
      return claims.gain ? fmt::format("doubling the steps at a constant learning rate would lower it by {} to {}",
                                       base::format_percent(std::max(claims.gain->lo, 0.0)),
                                       base::format_percent(claims.gain->hi))
                         : fmt::format("{} still falls at its end", quantity);
    case CurveState::finished:
      return "doubling the steps at a constant learning rate would lower it by less than 1 %";
    case CurveState::decaying:
      return fmt::format("{} falls faster at its end than before: the learning rate decays, or a new drop begins",
                         quantity);
    case CurveState::overfitting:
      return rise + ", while the training loss falls";
    case CurveState::memorising:
      return fmt::format("{} no longer falls, while the training loss falls", quantity);
    case CurveState::diverged:
      return rise;
    case CurveState::rising:
      return rise + "; no training loss beside it shows the cause";
    default:
      return "";
  }
}

}  // namespace

std::size_t held_back(std::size_t rows) { return std::max(kFewestHeldBack, rows / 50); }

std::size_t not_finite_at_end(const tables::Curve& curve) {
  const bool trained = curve.partner.role == tables::Role::training;
  return std::max({trailing_not_finite(curve.loss), trailing_not_finite(curve.dense_loss),
                   trained ? trailing_not_finite(curve.partner.loss) : 0});
}

double recent_level(const tables::Curve& curve, std::size_t skip) {
  constexpr std::size_t kMost = 9, kFewest = 3;
  const std::size_t n = curve.loss.size() - std::min(skip, curve.loss.size());
  if (n < kFewest) return base::kNaN;
  std::vector<double> last(curve.loss.begin() + static_cast<long>(n - std::min(n, kMost)),
                           curve.loss.begin() + static_cast<long>(n));
  // A loss that is not finite is larger than all others, so one of them moves the median as little as any bad row.
  for (double& loss : last)
    if (std::isnan(loss)) loss = base::kInfinity;
  const double level = numerics::median(last);
  return std::isfinite(level) ? level : base::kNaN;
}

namespace {

// A curve that no judgement can read ends no watch.
CurveClaims claims_or_note(const CurveRows& rows) {
  try {
    return claims_of(rows);
  } catch (const base::InputError& error) {
    CurveClaims none;
    none.notes.emplace_back(error.what());
    return none;
  }
}

void add_forecast(const tables::Curve& curve, const ForecastBasis& basis, Judgement& out) {
  if (!basis.has_end()) return;
  try {
    out.forecast = forecast_curve(curve, basis.options, basis.history);
  } catch (const base::InputError& error) {  // such as a last step that has passed
    out.warnings.push_back(fmt::format("There is no forecast: {}", error.what()));
    return;
  }
  if (out.forecast.status != ForecastStatus::forecast) out.warnings.push_back(out.forecast.reading);
}

}  // namespace

Judgement judge(const tables::Curve& curve, const ForecastBasis& basis) {
  Judgement out;
  out.rows = curve.loss.size();
  if (const std::size_t bad = not_finite_at_end(curve); bad >= kNotFinite) {
    out.state = CurveState::diverged;
    out.reason = fmt::format("the last {} losses are not finite (nan or inf)", bad);
    return out;
  }
  const bool held_out = tables::is_held_out(curve.role);
  const bool trained = held_out && curve.partner.role == tables::Role::training;
  CurveRows rows{curve.progress(), curve.loss, held_out, {}, {}};
  if (trained) {
    rows.training_step = curve.partner.step;
    rows.training_loss = curve.partner.loss;
  }
  const CurveClaims claims = claims_or_note(rows);
  out.state = claims.state;
  out.reason = reason_for(claims.state, claims, curve.quantity);
  out.gain = claims.gain;
  // A training loss that is recorded more often shows a divergence sooner.
  if (trained && out.state != CurveState::diverged && curve.partner.loss.size() >= 2 * curve.loss.size()) {
    const CurveClaims training = claims_or_note({curve.partner.step, curve.partner.loss, false, {}, {}});
    if (training.state == CurveState::diverged) {
      out.state = CurveState::diverged;
      out.reason = reason_for(CurveState::diverged, training, curve.partner.quantity);
      out.gain.reset();
    }
  }
  if (!claims.spikes.empty()) {
    const CurveSpike& last = claims.spikes.back();
    out.warnings.push_back(fmt::format(
        "The loss has {} spike{}; the last, at step {}, is {} above the level before it.", claims.spikes.size(),
        claims.spikes.size() == 1 ? "" : "s", step_text(last.step), base::format_percent(last.height)));
  }
  for (const std::string& note : claims.notes) out.warnings.push_back(note);
  add_forecast(curve, basis, out);
  return out;
}

}  // namespace phaselaw::advice
