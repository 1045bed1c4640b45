// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/curve/claims.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "phaselaw/advice/curve/accepted_shapes.h"
#include "phaselaw/advice/curve/curve_blocks.h"
#include "phaselaw/advice/curve/curve_start.h"
#include "phaselaw/advice/curve/late_changes.h"
#include "phaselaw/advice/curve/row_cleaning.h"
#include "phaselaw/advice/curve/row_noise.h"
#include "phaselaw/base/format.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {

namespace {

constexpr double kFinished = 0.006;       // largest gain of a finished curve
constexpr double kKeptForms = 6;          // s2: forms this much worse than the best are kept
constexpr double kThreeErrorsOfRate = 9;  // s2 by which a falling rate is better, so that a flat end may be its doing
constexpr std::size_t kLeastRowsOfCurve = 8;

// The curve in its own units: steps up to 1, losses about 1.
struct ScaledCurve {
  CleanRows rows;
  double step_unit = 1, loss_unit = 1;
  double end = 0;           // last step before spikes and wild rows were left out
  std::size_t dropped = 0;  // first rows, useless because of smoothing or before a jump of the level
  std::optional<RowNoise> noise;
  double rounding = 0;
  CurveBlocks blocks;
  [[nodiscard]] double correlation_time() const { return noise ? noise->correlation_time : 1; }
  [[nodiscard]] std::span<const double> used_steps() const { return std::span(rows.step).subspan(dropped); }
  [[nodiscard]] std::span<const double> used_losses() const { return std::span(rows.loss).subspan(dropped); }
  [[nodiscard]] bool correlated() const { return correlation_time() > kCorrelatedTime; }
};

std::string rows_left_out(std::size_t rows, const std::string& why) {
  return std::to_string(rows) + (rows == 1 ? " row was" : " rows were") + " left out" + why + ".";
}

// Orders and cleans the rows; false if too few are left, or a loss is not positive.
bool prepare_rows(const CurveRows& rows, ScaledCurve& curve, CurveClaims& claims) {
  curve.rows = rows_in_order(rows);
  CleanRows& clean = curve.rows;
  if (clean.resumed)
    claims.notes.emplace_back(
        "The step counter falls and the loss continues at an earlier level, so the run was resumed from a checkpoint; "
        "the repeated steps count once.");
  if (clean.reset)
    claims.notes.emplace_back(
        "The step counter was set back during the record; only the rows after that are used, and no exponent, gain or "
        "early form is claimed, because their steps are not those of the whole training.");
  if (clean.step.size() < kLeastRowsOfCurve) {
    claims.notes.push_back("A curve needs at least 8 rows with a rising step and a finite loss; this one has " +
                           std::to_string(clean.step.size()) + ".");
    return false;
  }
  if (*std::min_element(clean.loss.begin(), clean.loss.end()) <= 0) {
    claims.notes.emplace_back(
        "The loss is zero or negative in some rows, and the laws hold for positive losses only; nothing is claimed.");
    return false;
  }
  curve.step_unit = clean.step.back();
  curve.loss_unit = numerics::median(clean.loss);
  const auto usable = [](double unit) { return unit > 1e-200 && unit < 1e200; };
  if (!usable(curve.step_unit) || !usable(curve.loss_unit)) {
    claims.notes.emplace_back(
        "The steps or losses lie outside 1e-200 to 1e200, so nothing is claimed; check the units.");
    return false;
  }
  for (double& t : clean.step) t /= curve.step_unit;
  for (double& l : clean.loss) l /= curve.loss_unit;
  curve.end = 1;
  claims.last_step = curve.step_unit;
  return clean.step.front() > 1e-200;
}

// Noise, spikes, wild rows, and the blocks.
void measure_rows(ScaledCurve& curve, CurveClaims& claims) {
  CleanRows& rows = curve.rows;
  curve.noise = row_noise(rows.step, rows.loss);
  curve.rounding = rounding_unit(rows.loss);
  const double time = curve.correlation_time();
  claims.correlation_time = time;
  if (curve.noise) claims.noise = curve.noise->relative;
  claims.spikes = cut_spikes(rows, time);
  for (CurveSpike& spike : claims.spikes) spike.step *= curve.step_unit;
  if (curve.noise && !curve.correlated() && rows.step.size() >= 200) {
    leave_out_wild_rows(rows, curve.noise->relative);
    if (rows.wild > 0) claims.notes.push_back(rows_left_out(rows.wild, ", far from the rows around"));
  }
  if (curve.correlated()) {
    curve.dropped = std::min(static_cast<std::size_t>(std::ceil(4 * time)), rows.step.size());
    claims.notes.push_back("The first " + rows_left_out(curve.dropped, "") +
                           " Neighbouring rows are correlated or smoothed over " + base::format_number(time, 2) +
                           " rows, which hides how the curve begins.");
  }
  curve.blocks = blocks_of(curve.used_steps(), curve.used_losses(), curve.noise, curve.rounding);
}

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
  if (blocks.size() < kLeastRowsOfCurve) return false;
  const CurveRise rise = rise_of(blocks.known ? blocks : with_scatter_of_end(blocks));
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

// Leaves out what lies before the peak of a rise from which the curve falls again.
void leave_out_before_jump(ScaledCurve& curve, CurveClaims& claims) {
  const LevelJump jump = curve.blocks.known ? level_jump_of(curve.blocks) : LevelJump{};
  if (!(jump.relative > 0)) return;
  const double from = curve.blocks.step[jump.peak];
  const auto first = std::lower_bound(curve.rows.step.begin(), curve.rows.step.end(), from);
  curve.dropped = static_cast<std::size_t>(first - curve.rows.step.begin());
  curve.blocks = blocks_of(curve.used_steps(), curve.used_losses(), curve.noise, curve.rounding);
  claims.notes.push_back("The loss rose by " + base::format_percent(jump.relative) + " until step " +
                         base::format_number(from * curve.step_unit) +
                         " and falls again, for example after a change of the data or a restarted schedule; only the "
                         "rows after that are used.");
}

void join(Interval& all, const Interval& one) {
  all.lo = std::min(all.lo, one.lo);
  all.hi = std::max(all.hi, one.hi);
}

// The forms that are not refuted, and the unions of their intervals.
struct KeptForms {
  std::vector<const ShapeFit*> fits;
  bool power = false, two_stage = false;  // at a constant rate
  Interval q{1e300, -1e300}, floor{1e300, -1e300}, gain{1e300, -1e300}, bend{1e300, -1e300};
};
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
  return power.gain.lo > 0.003 && power.q.hi < 4 && (power.chi2 - best.chi2) / best.s2 < 3;
}

// Claims from the forms at the start of the laws. False if only falling rates remain.
bool claim_forms(const ScaledCurve& curve, const CurveForms& forms, bool ambiguous, CurveClaims& claims) {
  const KeptForms kept = kept_forms(forms);
  const double last = curve.blocks.loss.back();
  const bool falling_best = forms.gain_of_falling_rate() > 16 && forms.fits[forms.best].falling_rate;
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
  if (kept.gain.hi < kFinished)
    claims.state = CurveState::finished;
  else if (kept.gain.lo > 0.003 && (kept.power || curve.blocks.known))
    claims.state = CurveState::falling;
  else if (curve.blocks.known && power_falls(forms))
    claims.state = CurveState::falling;
  if (forms.start == 0 && curve.dropped == 0 && !curve.rows.reset && !curve.rows.resumed)
    claim_early_form(curve, kept, claims);
  for (const ShapeFit* fit : kept.fits) {
    const auto shapes = sample_of_shapes(*fit, curve.step_unit, curve.loss_unit, fit == &forms.fits[forms.best]);
    claims.shapes.insert(claims.shapes.end(), shapes.begin(), shapes.end());
  }
  return true;
}

// A flat end: the power fitted to the last part of the steps gains less than 1 %.
void claim_flat_end(const ScaledCurve& curve, bool rate_known, CurveClaims& claims) {
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
      if (rows < 24 * std::max(2.0, 2 * curve.correlation_time())) continue;
      finer = equal_blocks(step.subspan(row), loss.subspan(row), 24, curve.correlation_time(), curve.rounding);
    }
    const bool own = finer.size() == 0;
    const CurveBlocks& tail = own ? blocks : finer;
    const ShapeFit fit = fit_shape(problem_from(tail, own ? block : 0, curve.end));
    if (!fit.acceptable(true, curve.correlated())) continue;
    if (!(fit.gain.hi < 0.01)) return;
    const CurveForms forms = forms_from(tail, own ? block : 0, fit, curve.end, rate_known);
    if (forms.fits[forms.best].falling_rate && forms.gain_of_falling_rate() > kThreeErrorsOfRate) return;
    claims.state = CurveState::finished;
    if (!claims.gain) claims.gain = Interval{std::max(fit.gain.lo, 0.0), fit.gain.hi};
    return;
  }
}

}  // namespace

CurveClaims claims_of(const CurveRows& rows) {
  CurveClaims claims;
  ScaledCurve curve;
  if (!prepare_rows(rows, curve, claims)) return claims;
  measure_rows(curve, claims);
  if (claim_rise(rows, curve, claims)) return claims;
  leave_out_before_jump(curve, claims);
  bool decays = acceleration_of(curve.used_steps(), curve.used_losses(), curve.correlation_time()) > kAcceleration;
  const CurveStart start = start_of(curve.blocks, curve.end, curve.correlated(), rows.rate_known);
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
    claim_flat_end(curve, rows.rate_known, claims);
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
