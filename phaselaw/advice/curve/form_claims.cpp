// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/curve/form_claims.h"

#include <algorithm>
#include <vector>

#include "phaselaw/advice/curve/accepted_shapes.h"

namespace phaselaw::advice {

namespace {

constexpr double kFinished = 0.006;  // largest gain of a finished curve
constexpr double kFalling = 0.003;   // least gain of a falling curve
constexpr double kKeptForms = 6;     // s2: forms this much worse than the best are kept
constexpr double kAmbiguous = 16;    // s2 by which a falling rate is better, so that nothing is claimed

// The forms that are not refuted, and the unions of their intervals.
struct KeptForms {
  std::vector<const ShapeFit*> fits;
  bool power = false, two_stage = false;  // at a constant rate
  Interval q{1e300, -1e300}, floor{1e300, -1e300}, gain{1e300, -1e300}, bend{1e300, -1e300};
};

void join(Interval& all, const Interval& one) {
  all.lo = std::min(all.lo, one.lo);
  all.hi = std::max(all.hi, one.hi);
}

KeptForms kept_forms(const CurveForms& forms) {
  KeptForms kept;
  const ShapeFit& best = forms.fits[forms.best];
  for (const ShapeFit& fit : forms.fits) {
    if (&fit != &best && !((fit.chi2 - best.chi2) / best.s2 < kKeptForms)) continue;
    kept.fits.push_back(&fit);
    if (!fit.falling_rate) (fit.two_stage ? kept.two_stage : kept.power) = true;
    join(kept.q, fit.q);
    join(kept.floor, fit.floor);
    join(kept.gain, fit.gain);
    join(kept.bend, fit.bend);
  }
  if (forms.later) {
    join(kept.q, forms.later->q);
    join(kept.floor, forms.later->floor);
  }
  return kept;
}

void claim_early_form(const ScaledCurve& curve, const KeptForms& kept, CurveClaims& claims) {
  const CurveBlocks& blocks = curve.blocks;
  if (kept.power && kept.q.hi < 4) {
    const bool seen = kept.bend.lo > 0 && kept.bend.hi / kept.bend.lo < 3 && blocks.step[0] < 0.5 * kept.bend.lo;
    if (seen && blocks.rows[0] == 1)
      claims.bend = Interval{kept.bend.lo / 1.25 * curve.step_unit, kept.bend.hi * 1.25 * curve.step_unit};
    const double spacing = curve.rows.step[1] - curve.rows.step[0];
    const bool early = blocks.step[0] <= 10 * spacing && curve.end / blocks.step[0] >= 1000;
    if ((early || claims.bend) && !kept.two_stage) claims.early_form = "power";
  }
  if (kept.q.lo > 4) claims.early_form = "exponential";
}

// Whether a power at a constant rate that hardly any other form beats still falls, although some falling rate might
// explain its end.
bool power_falls(const CurveForms& forms) {
  const ShapeFit &power = forms.fits.front(), &best = forms.fits[forms.best];
  return power.gain.lo > kFalling && power.q.hi < 4 && (power.chi2 - best.chi2) / best.s2 < 3;
}

}  // namespace

bool claim_forms(const ScaledCurve& curve, const CurveForms& forms, bool ambiguous, CurveClaims& claims) {
  const KeptForms kept = kept_forms(forms);
  const double last = curve.blocks.loss.back();
  const bool falling_best = forms.gain_of_falling_rate() > kAmbiguous && forms.fits[forms.best].falling_rate;
  if ((!kept.power && !kept.two_stage) || falling_best || ambiguous) {
    claims.notes.emplace_back(
        "A falling learning rate describes the curve at least as well as a constant one, so no exponent, floor or gain "
        "is claimed; add a column with the learning rate.");
    return false;
  }
  // A power with a large exponent behind a start that was dropped: the curve flattens faster than its own early part.
  const Interval& power = forms.fits.front().q;
  if (forms.start > 0 && power.lo < 4 && power.hi > 4 && kept.gain.hi >= kFinished) {
    claims.notes.emplace_back(
        "The curve flattens faster than a power law, as before overfitting or under a falling learning rate, so no "
        "exponent, floor or gain is claimed.");
    return true;
  }
  claims.first_step_used = curve.blocks.step[forms.start] * curve.step_unit;
  if (!curve.rows.reset && kept.q.lo > 0 && kept.q.hi < 4 && kept.q.hi / kept.q.lo <= 1.8) claims.exponent = kept.q;
  if (kept.floor.hi - kept.floor.lo <= 0.15 * last)
    claims.floor = Interval{kept.floor.lo * curve.loss_unit, kept.floor.hi * curve.loss_unit};
  if (kept.gain.hi - kept.gain.lo <= std::max(0.5 * kept.gain.hi, 0.004)) claims.gain = kept.gain;
  const bool all_fall = kept.gain.lo > kFalling && (kept.power || curve.blocks.known);
  if (kept.gain.hi < kFinished)
    claims.state = CurveState::finished;
  else if (all_fall || (curve.blocks.known && power_falls(forms)))
    claims.state = CurveState::falling;
  if (forms.start == 0 && curve.dropped == 0 && !curve.rows.reset && !curve.rows.resumed)
    claim_early_form(curve, kept, claims);
  for (const ShapeFit* fit : kept.fits) {
    const auto shapes = sample_of_shapes(*fit, curve.step_unit, curve.loss_unit, fit == &forms.fits[forms.best]);
    claims.shapes.insert(claims.shapes.end(), shapes.begin(), shapes.end());
  }
  return true;
}

}  // namespace phaselaw::advice
