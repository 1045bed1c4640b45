// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/curve/claims.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/advice/curve/curve_start.h"
#include "phaselaw/advice/curve/form_claims.h"
#include "phaselaw/advice/curve/late_changes.h"
#include "phaselaw/advice/curve/scaled_curve.h"
#include "phaselaw/base/format.h"

namespace phaselaw::advice {

namespace {

constexpr double kFlat = 0.01;            // largest gain of a flat end
constexpr double kThreeErrorsOfRate = 9;  // s2 by which a falling rate is better, so that a flat end may be its doing
constexpr std::size_t kLeastBlocksForRise = 8, kTailBlocks = 24;

// The blocks with errors from the differences of the last third, where the noise is not known.
CurveBlocks with_scatter_of_end(const CurveBlocks& blocks) {
  CurveBlocks out = blocks;
  const std::size_t n = blocks.size(), last = std::min(std::max<std::size_t>(5, n / 3), n);
  double sum = 0, squares = 0;
  const double count = static_cast<double>(last) - 1;
  for (std::size_t i = n - last; i + 1 < n; ++i) {
    const double d = blocks.loss[i + 1] - blocks.loss[i];
    sum += d;
    squares += d * d;
  }
  const double deviation = std::sqrt(std::max(squares / count - sum / count * (sum / count), 0.0) / 2);
  out.error.assign(n, std::max(deviation, 1e-12));
  return out;
}

bool claim_rise(const CurveRows& rows, const ScaledCurve& curve, CurveClaims& claims) {
  const CurveBlocks& blocks = curve.blocks;
  if (blocks.size() < kLeastBlocksForRise) return false;
  const CurveRise rise = rise_at_end(blocks.known ? blocks : with_scatter_of_end(blocks));
  claims.lowest_step = blocks.step[rise.lowest] * curve.step_unit;
  if (!rise.certain()) return false;
  claims.rise = rise.relative;
  const LevelJump jump = blocks.known ? level_jump_of(blocks) : LevelJump{};
  if (jump.relative > 0) {
    claims.notes.push_back("The loss rose by " + base::format_percent(jump.relative) + " until step " +
                           base::format_number(blocks.step[jump.peak] * curve.step_unit) +
                           " and falls again, but it has not reached its lowest level again; nothing else is claimed.");
    return true;
  }
  claims.state = CurveState::diverged;
  if (!rows.held_out) return true;
  switch (training_trend_from(rows, claims.lowest_step, curve.correlation_time())) {
    case TrainingTrend::falls:
      claims.state = CurveState::overfitting;
      break;
    case TrainingTrend::rises:
      break;
    case TrainingTrend::unknown:
      claims.state = CurveState::rising;
      break;
  }
  return true;
}

// A flat end: the power fitted to the last part of the steps gains less than 1 %.
void claim_flat_end(const ScaledCurve& curve, CurveClaims& claims) {
  const CurveBlocks& blocks = curve.blocks;
  const std::span<const double> step = curve.used_steps(), loss = curve.used_losses();
  for (const double from : {1.0 / 3, 0.5, 0.7}) {
    const auto first = std::lower_bound(blocks.step.begin(), blocks.step.end(), from * curve.end);
    const auto block = static_cast<std::size_t>(first - blocks.step.begin());
    CurveBlocks finer;
    if (block + 8 > blocks.size()) {
      const auto row =
          static_cast<std::size_t>(std::lower_bound(step.begin(), step.end(), from * curve.end) - step.begin());
      const double rows = static_cast<double>(step.size() - row);
      if (rows < kTailBlocks * std::max(2.0, 2 * curve.correlation_time())) continue;
      finer = equal_blocks(step.subspan(row), loss.subspan(row), kTailBlocks, curve.correlation_time(), curve.rounding);
    }
    const bool own = finer.size() == 0;
    finer.rate_known = blocks.rate_known;
    const CurveBlocks& tail = own ? blocks : finer;
    const ShapeFit fit = fit_shape(problem_from(tail, own ? block : 0, curve.end));
    if (!fit.acceptable(true, curve.correlated())) continue;
    if (!(fit.gain.hi < kFlat)) return;
    const CurveForms forms = forms_from(tail, own ? block : 0, fit, curve.end);
    if (forms.fits[forms.best].falling_rate && forms.gain_of_falling_rate() > kThreeErrorsOfRate) return;
    claims.state = CurveState::finished;
    if (!claims.gain) claims.gain = Interval{std::max(fit.gain.lo, 0.0), fit.gain.hi};
    return;
  }
}

}  // namespace

base::EnumNames<CurveState> enum_names(CurveState) {
  static constexpr std::pair<std::string_view, CurveState> kNames[] = {
      {"unknown", CurveState::unknown},         {"falling", CurveState::falling},
      {"finished", CurveState::finished},       {"decaying", CurveState::decaying},
      {"overfitting", CurveState::overfitting}, {"memorising", CurveState::memorising},
      {"diverged", CurveState::diverged},       {"rising", CurveState::rising}};
  return kNames;
}

CurveClaims claims_of(const CurveRows& rows) {
  CurveClaims claims;
  ScaledCurve curve;
  if (!prepare_curve(rows, curve, claims)) return claims;
  if (claim_rise(rows, curve, claims)) return claims;
  leave_out_before_jump(curve, claims);
  curve.blocks.rate_known = rows.rate_known;
  bool decays = acceleration_of(curve.used_steps(), curve.used_losses(), curve.correlation_time()) > kAcceleration;
  const CurveStart start = start_of_laws(curve.blocks, curve.end, curve.correlated());
  decays = decays || start.decays;
  bool constant_rate = true;
  if (start.forms && !decays) {
    decays = start.forms->decays(curve.blocks.loss.back());
    if (!decays) constant_rate = claim_forms(curve, *start.forms, start.ambiguous, claims);
  }
  if (!start.forms && !decays) claims.notes.emplace_back("No form describes the end of the curve.");
  // A held-out loss may be flat because it is about to rise; only the training loss beside it can tell.
  const bool before_rise = rows.held_out && rows.training_loss.empty();
  if (claims.state == CurveState::unknown && curve.blocks.known && constant_rate && !before_rise)
    claim_flat_end(curve, claims);
  if (curve.rows.reset) {
    // A counter that was set back says neither how long the training was nor what twice its length would be.
    claims.gain.reset();
    if (claims.state == CurveState::finished) claims.state = CurveState::unknown;
  }
  if (claims.state == CurveState::finished && training_still_falls(rows, curve.correlation_time())) {
    claims.state = CurveState::memorising;
    claims.exponent.reset();
    claims.floor.reset();
    claims.gain.reset();
    claims.shapes.clear();
  }
  if (!decays) return claims;
  if (claims.state == CurveState::finished) {
    claims.state = CurveState::unknown;
    claims.gain.reset();
    claims.notes.emplace_back("The curve is flat after a late drop.");
  } else {
    claims.state = CurveState::decaying;
  }
  return claims;
}

}  // namespace phaselaw::advice
