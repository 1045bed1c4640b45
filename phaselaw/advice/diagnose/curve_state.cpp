// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "phaselaw/advice/diagnose/diagnose.h"

// The state of a curve and its instabilities, by the claims of advice/curve, with and without a learning rate.
namespace phaselaw::advice {

namespace {

constexpr double kLargeRise = 0.5;  // relative
constexpr std::size_t kManyRows = 120;
constexpr double kDoubled = 0.69;     // of ln loss
constexpr std::size_t kFewRows = 30;  // with fewer, a rise is judged by the order of the rows (curve_signature.h)

// The clock of the curve at these steps, between its rows by a straight line.
std::vector<double> clock_at(const LossCurve& curve, const std::vector<double>& steps) {
  std::vector<double> out;
  for (const double step : steps) {
    const auto after = std::lower_bound(curve.all_step.begin(), curve.all_step.end(), step) - curve.all_step.begin();
    const auto j = std::clamp<std::size_t>(static_cast<std::size_t>(after), 1, curve.all_step.size() - 1), i = j - 1;
    const double width = curve.all_step[j] - curve.all_step[i];
    const double share = width > 0 ? (step - curve.all_step[i]) / width : 0;
    out.push_back(curve.all_x[i] + share * (curve.all_x[j] - curve.all_x[i]));
  }
  return out;
}

CurveClaims claims_for(const tables::Curve& data, const LossCurve& curve, bool rate_known) {
  const tables::Curve::Partner& partner = data.partner;
  std::vector<double> clock;
  CurveRows rows{curve.all_x, curve.all_loss, tables::is_held_out(data.role), {}, {}, rate_known};
  if (rows.held_out && partner.role == tables::Role::training && curve.all_x.size() > 1) {
    clock = clock_at(curve, partner.step);
    rows.training_step = clock;
    rows.training_loss = partner.loss;
  }
  return claims_of(rows);
}

// The held-out loss beside a training loss, judged with it.
std::optional<CurveClaims> claims_of_partner(const tables::Curve& data) {
  const tables::Curve::Partner& partner = data.partner;
  if (data.role != tables::Role::training || partner.role != tables::Role::held_out) return std::nullopt;
  return claims_of({partner.step, partner.loss, true, data.progress(), data.loss});
}

// What the claims say of instability and of the end replaces what was found without regard to correlated noise. The claims
// are on the clock of the curve, and a signature is in steps.
void take_signature(const LossCurve& curve, const CurveClaims& claims, CurveSignature& s) {
  const auto step_of = [&](double clock) {
    const double step = curve.step_at(clock);
    return std::isfinite(step) ? step : clock;
  };
  // Correlated noise does not double the level, nor does it make a loss infinite.
  const bool exploded = !s.excursions.empty() && !s.excursions.back().ended && s.excursions.back().height > kDoubled;
  const bool certain = s.diverged && std::isfinite(s.diverged_at) && (s.n_not_finite > 0 || exploded);
  if (!certain) s.diverged = claims.state == CurveState::diverged;
  if (s.diverged && !certain) s.diverged_at = step_of(claims.lowest_step);
  s.excursions.clear();
  for (const CurveSpike& spike : claims.spikes)
    s.excursions.push_back({step_of(spike.step), step_of(spike.step), std::log1p(spike.height), true});
  s.overfitting = claims.state == CurveState::overfitting;
  s.late_rise = s.overfitting || claims.state == CurveState::rising;
  if (s.late_rise) {
    s.overfits_from = step_of(claims.lowest_step);
    s.overfit_rise = claims.rise;
  }
  s.flat_end = claims.state == CurveState::finished || claims.state == CurveState::memorising;
}

// The spikes and the divergence of a training loss that is recorded more often beside the curve.
void add_dense_record(const tables::Curve& data, CurveSignature& s) {
  if (data.dense_loss.empty()) return;
  const CurveClaims dense = claims_of({data.dense_step, data.dense_loss, false, {}, {}, false});
  for (const CurveSpike& spike : dense.spikes)
    s.excursions.push_back({spike.step, spike.step, std::log1p(spike.height), true});
  std::sort(s.excursions.begin(), s.excursions.end(),
            [](const Excursion& a, const Excursion& b) { return a.from_step < b.from_step; });
  if (dense.state != CurveState::diverged || s.diverged) return;
  s.diverged = true;
  s.diverged_at = dense.lowest_step;
}

}  // namespace

std::string word_of(const Diagnosis& d) {
  return d.state == CurveState::unknown ? std::string() : base::enum_to_text(d.state);
}

void judge_end(const tables::Curve& data, Diagnosis& d) {
  const CurveSignature by_order = d.signature;
  d.claims = claims_for(data, d.curve, d.rate_known);
  d.state = d.claims->state;
  if (d.curve.all_x.size() < kFewRows && d.state == CurveState::unknown) {
    d.state = by_order.diverged      ? CurveState::diverged
              : by_order.overfitting ? CurveState::overfitting
              : by_order.late_rise   ? CurveState::rising
                                     : CurveState::unknown;
    return;
  }
  // A few evaluations of a column that is no training loss by name: a small rise may be overfitting as well.
  const bool evaluations = data.role == tables::Role::unspecified && d.curve.all_x.size() < kManyRows;
  if (evaluations && d.state == CurveState::diverged && d.claims->rise < kLargeRise)
    d.claims->state = d.state = CurveState::rising;
  take_signature(d.curve, *d.claims, d.signature);
  add_dense_record(data, d.signature);
  if (d.signature.diverged) d.state = CurveState::diverged;
  if (const auto partner = claims_of_partner(data); partner && partner->state == CurveState::overfitting) {
    d.signature.overfitting = true;
    d.signature.overfits_from = partner->lowest_step;
    d.signature.overfit_rise = partner->rise;
  } else if (by_order.overfitting && data.partner.loss.size() < kFewRows) {
    d.signature = by_order;
  }
  name_signature(d.curve, d.signature);
}

}  // namespace phaselaw::advice
