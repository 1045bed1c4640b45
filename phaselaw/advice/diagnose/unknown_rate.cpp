// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "phaselaw/advice/diagnose/diagnose.h"
#include "phaselaw/base/format.h"

// The judgement of a curve without a learning rate: the claims of advice/curve as a diagnosis.
namespace phaselaw::advice {

namespace {

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

bool is_held_out(tables::Role role) { return role == tables::Role::held_out || role == tables::Role::excess_risk; }

CurveClaims claims_for(const tables::Curve& data, const LossCurve& curve) {
  const tables::Curve::Partner& partner = data.partner;
  std::vector<double> clock;
  CurveRows rows{curve.all_x, curve.all_loss, is_held_out(data.role), {}, {}};
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

Quantity claimed(const std::optional<Interval>& interval, double best) {
  Quantity out;
  if (!interval) return out;
  out.value = std::clamp(best, interval->lo, interval->hi);
  out.lo = interval->lo;
  out.hi = interval->hi;
  out.identified = true;
  return out;
}

void take_quantities(const CurveClaims& claims, Diagnosis& d) {
  const auto found = std::find_if(claims.shapes.begin(), claims.shapes.end(), [](const auto& s) { return s.best; });
  const AcceptedShape best = found != claims.shapes.end() ? *found : AcceptedShape{};
  const double e = std::exp(1.0);
  d.exponent = claimed(claims.exponent, best.q);
  d.floor = claimed(claims.floor, best.floor);
  static_cast<Quantity&>(d.bend) = claimed(claims.bend, best.two_stage ? e * best.scale : best.q * best.scale);
  d.gain = claimed(claims.gain, claims.gain ? (claims.gain->lo + claims.gain->hi) / 2 : 0);
  d.bend.reading = "no bend is claimed, because the learning rate is not recorded: a warm-up bends a curve too";
  if (d.bend.value) {
    d.bend.form = best.two_stage ? "two-stage" : "shifted-power";
    d.bend.reading = "identified: every form that describes the curve from its first row bends there";
    const double step = d.curve.step_at(*d.bend.value);
    if (!std::isnan(step)) d.bend.step = step;
  }
  d.early_form = claims.early_form;
  d.early_decisive = !claims.early_form.empty();
  if (claims.early_form == "power") {
    d.early_reading = "a power law describes the curve from its first row, and forms with an exponential start do not";
  } else if (claims.early_form == "exponential") {
    d.early_reading = "an exponential describes the curve from its first row, and forms with a power start do not";
  }
}

// What the claims say of instability and of the end replaces what was found without regard to correlated noise.
void take_signature(const CurveClaims& claims, CurveSignature& s) {
  const bool not_finite = s.diverged && std::isfinite(s.diverged_at) && s.n_not_finite > 0;
  if (!not_finite) s.diverged = claims.state == CurveState::diverged;
  if (s.diverged && !not_finite) s.diverged_at = claims.lowest_step;
  s.excursions.clear();
  for (const CurveSpike& spike : claims.spikes)
    s.excursions.push_back({spike.step, spike.step, std::log1p(spike.height), true});
  s.overfitting = claims.state == CurveState::overfitting;
  s.late_rise = s.overfitting || claims.state == CurveState::rising;
  if (s.late_rise) {
    s.overfits_from = claims.lowest_step;
    s.overfit_rise = claims.rise;
  }
  s.flat_end = claims.state == CurveState::finished || claims.state == CurveState::memorising;
}

}  // namespace

std::string word_of(CurveState state) {
  switch (state) {
    case CurveState::falling:
      return "falling";
    case CurveState::finished:
      return "finished";
    case CurveState::decaying:
      return "decaying";
    case CurveState::overfitting:
      return "overfitting";
    case CurveState::memorising:
      return "memorising";
    case CurveState::diverged:
      return "diverged";
    case CurveState::rising:
      return "rising";
    case CurveState::unknown:
      break;
  }
  return {};
}

void judge_without_rate(const tables::Curve& data, Diagnosis& d) {
  const CurveSignature by_order = d.signature;
  d.claims = claims_for(data, d.curve);
  const CurveClaims& claims = *d.claims;
  d.state = claims.state;
  d.notes.insert(d.notes.end(), claims.notes.begin(), claims.notes.end());
  take_quantities(claims, d);
  if (d.curve.all_x.size() < kFewRows && d.state == CurveState::unknown) {
    d.state = by_order.diverged      ? CurveState::diverged
              : by_order.overfitting ? CurveState::overfitting
              : by_order.late_rise   ? CurveState::rising
                                     : CurveState::unknown;
    return;
  }
  take_signature(claims, d.signature);
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
