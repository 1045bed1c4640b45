// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "phaselaw/advice/diagnose/diagnose.h"
#include "phaselaw/base/format.h"

// The judgement of a curve without a learning rate: the claims of advice/curve as a diagnosis.
namespace phaselaw::advice {

namespace {

Quantity claimed(const std::optional<Interval>& interval, double best) {
  Quantity out;
  if (!interval) return out;
  out.value = std::clamp(best, interval->lo, interval->hi);
  out.lo = interval->lo;
  out.hi = interval->hi;
  out.identified = true;
  return out;
}

std::string without_stop(std::string sentence) {
  if (!sentence.empty() && sentence.back() == '.') sentence.pop_back();
  return sentence;
}

void take_quantities(const CurveClaims& claims, Diagnosis& d) {
  const auto found = std::find_if(claims.shapes.begin(), claims.shapes.end(), [](const auto& s) { return s.best; });
  const AcceptedShape best = found != claims.shapes.end() ? *found : AcceptedShape{};
  const double e = std::exp(1.0);
  d.exponent = claimed(claims.exponent, best.q);
  d.floor = claimed(claims.floor, best.floor);
  static_cast<Quantity&>(d.bend) = claimed(claims.bend, best.two_stage ? e * best.scale : best.q * best.scale);
  d.gain = claimed(claims.gain, claims.gain ? (claims.gain->lo + claims.gain->hi) / 2 : 0);
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

}  // namespace

void judge_without_rate(Diagnosis& d) {
  const CurveClaims& claims = *d.claims;
  for (const std::string& note : claims.notes) d.notes.push_back(without_stop(note));
  const bool rises =
      d.state == CurveState::diverged || d.state == CurveState::rising || d.state == CurveState::overfitting;
  if (!rises) take_quantities(claims, d);
  const bool open = d.state == CurveState::falling && !d.gain.identified;
  if (open)
    d.notes.push_back(
        "the forms that describe the end disagree about how much more training would gain; a warm-up or a decay that is "
        "not recorded leaves them apart");
}

}  // namespace phaselaw::advice
