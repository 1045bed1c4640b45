// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "phaselaw/advice/diagnose/diagnose.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"

// The judgement of a curve with a recorded or stated learning rate.
namespace phaselaw::advice {

namespace {

constexpr double kDecisiveQaicc = 6;  // QAICc difference: odds of 20 to 1
constexpr double kUndecided = 2;
constexpr double kSmoothed = 2.5;  // correlation time in rows from which the beginning of a curve shows nothing

// Copies a fitted parameter with its interval and whether it is identified: by its own interval, which is a profile over
// the other parameters. That one of them is at a bound of its search, such as the width of a break, then says nothing.
Quantity quantity_of(const fitting::Fit& fit, const std::string& parameter, double factor = 1) {
  Quantity out;
  const fitting::Estimate* estimate = parameter.empty() ? nullptr : fit.find(parameter);
  if (estimate == nullptr) return out;
  out.value = factor * estimate->value;
  if (estimate->lo) out.lo = factor * *estimate->lo;
  if (estimate->hi) out.hi = factor * *estimate->hi;
  out.identified = out.lo && out.hi && *out.lo > 0 && (parameter == "E" || fitting::within_widest_factor(*estimate));
  return out;
}

void judge_early_form(Diagnosis& d) {
  double exponential = std::numeric_limits<double>::infinity(), power = exponential;
  double exponential_error = exponential, power_error = exponential;
  double exponential_misfit = exponential, power_misfit = exponential;
  for (const CurveFormFit& form : d.fits.forms) {
    if (form.start == Start::mixed) continue;
    double& group = form.start == Start::exponential ? exponential : power;
    if (form.qaicc < group) (form.start == Start::exponential ? exponential_misfit : power_misfit) = form.misfit;
    group = std::min(group, form.qaicc);
    double& error = form.start == Start::exponential ? exponential_error : power_error;
    if (form.holdout_error < error) error = form.holdout_error;
  }
  const CurveFormFit& best = d.fits.forms.front();
  if (best.start == Start::mixed && std::min(exponential, power) > best.qaicc + kDecisiveQaicc) {
    d.early_reading = fmt::format("neither: {}, which starts with both, is better than either alone by {} of QAICc",
                                  best.form, base::format_number(std::min(exponential, power) - best.qaicc, 2));
    return;
  }
  if (!std::isfinite(exponential) && !std::isfinite(power)) return;
  // If no form of the other group could be fitted, or all of them were degenerate, there is no comparison.
  d.early_delta = std::isfinite(exponential) && std::isfinite(power) ? power - exponential : base::kNaN;
  const bool alone = std::isnan(d.early_delta);
  const bool is_exponential = alone ? std::isfinite(exponential) : d.early_delta > 0;
  // The number of parameters alone decides nothing: the curve itself must fit worse by as much.
  const double misfit = (power_misfit - exponential_misfit) * (is_exponential ? 1 : -1);
  d.early_decisive = !alone && std::abs(d.early_delta) > kDecisiveQaicc && misfit > kDecisiveQaicc;
  if (alone || std::abs(d.early_delta) > kUndecided) d.early_form = is_exponential ? "exponential" : "power";
  if (alone) {
    d.early_reading =
        fmt::format("only forms with {} start could be fitted", is_exponential ? "an exponential" : "a power");
    return;
  }
  std::string vote = "too few blocks to hold any out";
  if (std::isfinite(exponential_error) && std::isfinite(power_error))
    vote = fmt::format(
        "on the held-out last fifth, forms with an exponential start are {} off, forms with a power start {}",
        base::format_percent(exponential_error), base::format_percent(power_error));
  d.early_reading =
      fmt::format("{} starts are better by {} of QAICc ({}); {}", is_exponential ? "exponential" : "power",
                  base::format_number(std::abs(d.early_delta), 2),
                  d.early_decisive       ? "decisive"
                  : d.early_form.empty() ? "undecided"
                                         : "weak",
                  vote);
}

struct BendOfForm {
  const CurveFormFit* form;
  fitting::Fit fit;
  fitting::FitOptions options;
  Quantity bend;
};

// Sets the quantity of the best form; for other forms that the data do not refute, widens its interval. A form
// without the quantity changes nothing.
void widen(const Quantity& other, bool is_best, Quantity& quantity) {
  if (is_best) {
    quantity = other;
    return;
  }
  if (!other.value || !quantity.value) return;
  quantity.identified = quantity.identified && other.identified;
  quantity.lo = quantity.lo && other.lo ? std::optional(std::min(*quantity.lo, *other.lo)) : std::nullopt;
  quantity.hi = quantity.hi && other.hi ? std::optional(std::max(*quantity.hi, *other.hi)) : std::nullopt;
}

// The bend of the best form that has one; its interval is widened by the other forms that the data do not refute.
void judge_bend(Diagnosis& d, const std::vector<BendOfForm>& bends) {
  Bend& bend = d.bend;
  if (bends.empty()) {
    bend.reading = "no form with a bend could be fitted";
    return;
  }
  const BendOfForm& best = bends.front();
  static_cast<Quantity&>(bend) = best.bend;
  bend.form = best.form->form;
  const double first = d.curve.x.front(), last = d.curve.x.back();
  std::vector<std::string> others;
  for (std::size_t i = 1; i < bends.size(); ++i) {
    const BendOfForm& other = bends[i];
    others.push_back(other.form->form);
    widen(other.bend, false, bend);
  }
  const double refuted = best.form->delta;
  const bool far_apart = bend.lo && bend.hi && *bend.hi > 100 * *bend.lo;
  const bool outside = *bend.value < first || *bend.value > last;
  if (refuted > kDecisiveQaicc) {
    bend.identified = false;
    bend.reading = fmt::format("weakly identified: {}, a form without a bend, is better by {} of QAICc",
                               d.fits.forms.front().form, base::format_number(refuted, 2));
  } else if (outside) {
    bend.identified = false;
    bend.reading = *bend.value < first ? "weakly identified: the fitted bend lies before the first row of the curve"
                                       : "weakly identified: the fitted bend lies beyond the end of the curve";
  } else if (!bend.lo || !bend.hi) {
    bend.identified = false;
    bend.reading = fmt::format("weakly identified: within noise, the fit is as good with the bend {}",
                               !bend.lo && !bend.hi ? "anywhere"
                               : !bend.lo           ? "far earlier"
                                                    : "far later");
  } else if (far_apart || !bend.identified) {
    bend.identified = false;
    bend.reading =
        "weakly identified: the interval of the bend spans more than a factor 100, or other parameters compensate for it";
  } else {
    bend.reading =
        fmt::format("identified by {}{}", bend.form,
                    others.empty() ? "" : fmt::format("; the interval includes that of {}", fmt::join(others, ", ")));
  }
  // A bend outside the curve has no value to report.
  if (outside) bend.value.reset();
  if (bend.value) {
    const double step = d.curve.step_at(*bend.value);
    if (!std::isnan(step)) bend.step = step;
  }
}

void judge_elasticity(Diagnosis& d, const fitting::Fit& fit) {
  const double last = d.curve.x.back();
  const double near = 1.01;
  const std::vector<double> at = form_values(d.curve, fit, {last / near, last * near});
  const double floor = d.floor.value.value_or(0);
  if (at[0] > floor && at[1] > floor)
    d.end_elasticity = -std::log((at[1] - floor) / (at[0] - floor)) / (2 * std::log(near));
}

// The gain of doubling the clock over the supported forms, each with the error that it made on the held-out last fifth.
// The first is the best form. A form that did not predict the held-out end to better than its gain supports no gain.
void judge_gain(Diagnosis& d, const std::vector<const CurveFormFit*>& supported) {
  constexpr double kWidest = 0.5, kNarrow = 0.004;  // largest width, as a share of the upper end or absolute
  const double last = d.curve.x.back();
  bool identified = !supported.empty();
  for (const CurveFormFit* form : supported) {
    const std::vector<double> at = form_values(d.curve, form->fit, {last, 2 * last});
    const double gain = 1 - at[1] / at[0], error = form->holdout_error;
    if (!d.gain.value) d.gain.value = gain;
    identified = identified && std::isfinite(error) && error < std::max(gain, kNarrow / 2);
    if (!identified) continue;
    d.gain.lo = std::min(d.gain.lo.value_or(gain), std::max(0.0, gain - error));
    d.gain.hi = std::max(d.gain.hi.value_or(gain), gain + error);
  }
  d.gain.identified = identified && *d.gain.hi - *d.gain.lo <= std::max(kWidest * *d.gain.hi, kNarrow);
  if (!identified) d.gain = {};
}

// Whether the best form describes the curve: its residuals are not one long wave, and it predicted the held-out last
// fifth. Otherwise its parameters and its kind of start mean nothing.
bool describes(const CurveFits& fits) {
  constexpr double kLargestError = 0.1;
  constexpr std::size_t kManyBlocks = 20;
  constexpr double kFewIndependent = 6;
  const double error = fits.forms.front().holdout_error;
  const bool wave = fits.data.output.size() >= kManyBlocks && fits.independent < kFewIndependent;
  return !wave && !(error > kLargestError);
}

// Keeps the values, as a picture of the fit, and claims none of them.
void retract(Diagnosis& d) {
  for (Quantity* quantity : {&d.exponent, &d.floor, static_cast<Quantity*>(&d.bend)}) quantity->identified = false;
  d.early_form.clear();
  d.early_decisive = false;
  d.gain = {};
}

void claim_nothing(Diagnosis& d) {
  const CurveFormFit& best = d.fits.forms.front();
  retract(d);
  d.early_reading = "no form describes the curve";
  d.bend.reading = "no bend is claimed, because no form describes the curve";
  d.bend.value.reset();
  d.bend.step.reset();
  d.notes.push_back(fmt::format(
      "no form describes the curve: the best, {}, {}", best.form,
      std::isfinite(best.holdout_error)
          ? fmt::format("is {} off on the held-out last fifth, and the blocks are worth {} independent ones",
                        base::format_percent(best.holdout_error), base::format_number(d.fits.independent, 2))
          : fmt::format("leaves residuals in one long wave: the blocks are worth {} independent ones",
                        base::format_number(d.fits.independent, 2))));
}

// The forms describe the whole curve at once, and the claims the part that agrees with itself when its first rows are left
// out. A quantity is claimed where both give it, with the union of their intervals.
void agree_with_claims(Diagnosis& d) {
  const CurveClaims& claims = *d.claims;
  const auto agree = [](const std::optional<Interval>& claim, Quantity& quantity) {
    if (!claim) {
      quantity.identified = false;
    } else if (quantity.identified) {
      quantity.lo = std::min(*quantity.lo, claim->lo);
      quantity.hi = std::max(*quantity.hi, claim->hi);
    } else {
      quantity = {std::clamp(quantity.value.value_or(claim->lo), claim->lo, claim->hi), claim->lo, claim->hi, true};
    }
  };
  agree(claims.exponent, d.exponent);
  agree(claims.floor, d.floor);
  // The forms may add a gain only where the claims describe the end of the curve too.
  const bool described = claims.exponent || claims.floor;
  if (claims.gain || !described || !d.gain.identified) agree(claims.gain, d.gain);
  if (!d.gain.identified) d.gain = {};
  if (claims.bend && d.bend.identified) agree(claims.bend, d.bend);
  if (d.bend.identified && (claims.shapes.empty() || claims.first_step_used > *d.bend.lo)) {
    d.bend.identified = false;
    d.bend.reading = "weakly identified: the laws describe the curve only after this place";
  }
  // The start of the best form is decisive only if nothing but forms with this start describes the first rows.
  d.early_decisive = d.early_decisive && claims.early_form == d.early_form;
  if (claims.correlation_time > kSmoothed) {
    d.bend.identified = false;
    d.bend.reading = "no bend is claimed, because the noise of neighbouring rows is correlated or the log is smoothed";
    d.early_form.clear();
    d.early_decisive = false;
    d.early_reading = "not claimed, because the noise of neighbouring rows is correlated or the log is smoothed";
  }
}

// The forms decide where the claims leave the state open: a decay that they cannot exclude is excluded by the rate.
void judge_state(Diagnosis& d) {
  constexpr double kFinished = 0.006, kFalling = 0.003, kMeasured = 0.005, kErrors = 3;
  const CurveSignature& s = d.signature;
  if (d.state != CurveState::unknown && d.state != CurveState::decaying) return;
  const bool falls = !d.curve.annealed && s.end.blocks >= 3 && s.end.per_doubling - kErrors * s.end.error > kMeasured;
  d.state = s.diverged                                              ? CurveState::diverged
            : s.overfitting                                         ? CurveState::overfitting
            : s.late_rise                                           ? CurveState::rising
            : s.flat_end                                            ? CurveState::finished
            : d.gain.identified && *d.gain.hi < kFinished           ? CurveState::finished
            : (d.gain.identified && *d.gain.lo > kFalling) || falls ? CurveState::falling
                                                                    : CurveState::unknown;
}

// The quantities of all forms that the data do not refute.
void judge_forms(const DiagnoseOptions& options, Diagnosis& d) {
  std::vector<BendOfForm> bends;
  std::vector<const CurveFormFit*> supported_forms;
  for (const CurveFormFit& form : d.fits.forms) {
    base::throw_if_interrupted();
    const bool is_best = &form == &d.fits.forms.front(), supported = is_best || form.delta < kDecisiveQaicc;
    const bool has_bend = !form.bend_parameter.empty() && (bends.empty() || supported);
    if (!supported && !has_bend) continue;
    fitting::FitOptions own;
    fitting::Fit fit = with_intervals(d.fits, form, own);
    if (fit.theta.empty()) continue;
    if (supported && (is_best || fit.convergence.certified)) {
      widen(quantity_of(fit, form.exponent_parameter), is_best, d.exponent);
      widen(quantity_of(fit, "E"), is_best, d.floor);
      supported_forms.push_back(&form);
    }
    if (is_best) judge_elasticity(d, fit);
    if (is_best && !fit.convergence.certified)
      d.notes.push_back(fmt::format("{}: not a certified fit ({})", form.form, fit.convergence.status));
    if (has_bend) bends.push_back({&form, fit, own, quantity_of(fit, form.bend_parameter, form.bend_factor)});
  }
  // The floor is not identified if it is 0 or above the end of the curve.
  if (d.floor.value && (*d.floor.value == 0 || *d.floor.value > d.curve.loss.back())) d.floor.identified = false;
  judge_gain(d, supported_forms);
  if (d.gain.identified) expect_gain(*d.gain.hi, d.signature);
  judge_bend(d, bends);
  if (options.profiles && !bends.empty()) {
    d.bend_profile =
        profile(bends.front().fit, d.fits.data, bends.front().options, bends.front().form->bend_parameter, 31);
    d.bend_factor = bends.front().form->bend_factor;
  }
}

// The curve with the fall of the learning rate below its peak, 1 - lr/peak, in the place of S2: what a decay does to the
// loss is not known well enough for one term. The rate of a block is the slope of the summed rate over its steps.
LossCurve with_rate_fall(const LossCurve& curve) {
  LossCurve out = curve;
  const auto x_at = [&](double step) {
    const auto after = std::lower_bound(curve.all_step.begin(), curve.all_step.end(), step) - curve.all_step.begin();
    return curve.all_x[std::min(static_cast<std::size_t>(after), curve.all_x.size() - 1)];
  };
  std::vector<double> rate;
  const std::size_t n = curve.x.size();
  for (std::size_t b = 0; b < n; ++b) {
    const std::size_t before = b > 0 ? b - 1 : 0;
    const bool single = curve.last_step[b] <= curve.first_step[b];
    const double from = single ? curve.last_step[before] : curve.first_step[b];
    const double to = single && b + 1 < n && b == 0 ? curve.first_step[b + 1] : curve.last_step[b];
    rate.push_back(to > from ? (x_at(to) - x_at(from)) / (to - from) : base::kNaN);
    if (!std::isfinite(rate.back())) rate.back() = b > 0 ? rate[b - 1] : 0;
  }
  const auto peak = std::max_element(rate.begin(), rate.end());
  for (std::size_t b = 0; b < n; ++b)
    out.drop[b] = rate.begin() + static_cast<std::ptrdiff_t>(b) > peak ? std::max(0.0, 1 - rate[b] / *peak) : 0;
  return out;
}

// Both annealing terms describe the curve: a quantity is claimed if both give it, with the union of the intervals.
void widen_by_other_term(const DiagnoseOptions& options, LossCurve curve, CurveFits fits, Diagnosis& d) {
  Diagnosis other;
  other.curve = std::move(curve);
  other.fits = std::move(fits);
  other.signature = d.signature;
  DiagnoseOptions without_profiles = options;
  without_profiles.profiles = false;
  judge_forms(without_profiles, other);
  widen(other.exponent, false, d.exponent);
  widen(other.floor, false, d.floor);
  widen(other.bend, false, d.bend);
}

}  // namespace

void judge_with_rate(const DiagnoseOptions& options, Diagnosis& d) {
  std::optional<LossCurve> other;  // a curve that is annealed throughout, with the other annealing term
  d.fits = fit_curve_forms(d.curve, options.level);
  CurveFits second;
  if (d.curve.annealed) {
    other = with_rate_fall(d.curve);
    second = fit_curve_forms(*other, options.level);
    if (misfit_under(d.fits, second) < misfit_under(d.fits, d.fits)) {
      std::swap(d.fits, second);
      std::swap(d.curve, *other);
    }
  }
  d.notes.insert(d.notes.end(), d.fits.notes.begin(), d.fits.notes.end());
  if (d.fits.forms.empty()) {
    d.bend.reading = "no form was fitted";
  } else {
    judge_early_form(d);
    const CurveFormFit& front = d.fits.forms.front();
    // A slow exponential after a power law means the same as an accelerating fall.
    const bool late_fall = front.form == "exponential-power" && front.start != Start::exponential &&
                           front.fit.find("t0")->value > d.curve.x.back() / 2;
    if ((late_fall || (d.signature.quickens && front.start != Start::exponential)) && d.curve.clock != "lr_sum")
      d.notes.push_back(
          "the loss falls faster at the end than before, which no form here describes; a change of the data or of the "
          "batch size does this");
    judge_forms(options, d);
    if (other && !second.forms.empty() && misfit_under(d.fits, second) < misfit_under(d.fits, d.fits) + kDecisiveQaicc)
      widen_by_other_term(options, std::move(*other), std::move(second), d);
    d.described = describes(d.fits);
    if (!d.described) claim_nothing(d);
  }
  // Claims from a curve that is annealed throughout are about its decay.
  if (d.curve.annealed && d.state != CurveState::diverged) d.state = CurveState::unknown;
  judge_state(d);
  if (d.curve.annealed)
    d.gain = {};
  else
    agree_with_claims(d);
  if (d.state == CurveState::diverged || d.state == CurveState::overfitting || d.state == CurveState::rising)
    retract(d);
}

}  // namespace phaselaw::advice
