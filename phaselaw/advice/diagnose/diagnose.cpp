// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/diagnose/diagnose.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/progress.h"
#include "phaselaw/base/team.h"

namespace phaselaw::advice {

namespace {

constexpr double kDecisiveQaicc = 6;  // of QAICc: odds of 20 to 1
constexpr double kUndecided = 2;

// Estimates a parameter has, with what the engine says of it.
Quantity quantity_of(const fitting::Fit& fit, const std::string& parameter, double factor = 1) {
  Quantity out;
  const fitting::Estimate* estimate = parameter.empty() ? nullptr : fit.find(parameter);
  if (estimate == nullptr) return out;
  out.value = factor * estimate->value;
  if (estimate->lo) out.lo = factor * *estimate->lo;
  if (estimate->hi) out.hi = factor * *estimate->hi;
  out.identified = estimate->identified && out.lo && out.hi;
  return out;
}

void judge_early_form(Diagnosis& d) {
  double exponential = std::numeric_limits<double>::infinity(), power = exponential;
  double exponential_error = exponential, power_error = exponential;
  for (const CurveFormFit& form : d.fits.forms) {
    if (form.start == Start::mixed) continue;
    double& group = form.start == Start::exponential ? exponential : power;
    group = std::min(group, form.qaicc);
    double& error = form.start == Start::exponential ? exponential_error : power_error;
    if (form.holdout_error < error) error = form.holdout_error;
  }
  const CurveFormFit& best = d.fits.forms.front();
  if (best.start == Start::mixed && std::min(exponential, power) > best.qaicc + kDecisiveQaicc) {
    d.early_reading = fmt::format("neither: {}, which begins with both, is better than either alone by {:.1f} of QAICc",
                                  best.form, std::min(exponential, power) - best.qaicc);
    return;
  }
  if (!std::isfinite(exponential) && !std::isfinite(power)) return;
  // No form of the other group could be fitted, or each was degenerate: that is a decision too.
  d.early_delta = std::isfinite(exponential) && std::isfinite(power) ? power - exponential : base::kNaN;
  const bool alone = std::isnan(d.early_delta);
  const bool is_exponential = alone ? std::isfinite(exponential) : d.early_delta > 0;
  d.early_decisive = alone || std::abs(d.early_delta) > kDecisiveQaicc;
  if (alone || std::abs(d.early_delta) > kUndecided) d.early_form = is_exponential ? "exponential" : "power";
  if (alone) {
    d.early_reading =
        fmt::format("only forms with {} start could be fitted", is_exponential ? "an exponential" : "a power");
    return;
  }
  std::string vote = "too few blocks to hold any out";
  if (std::isfinite(exponential_error) && std::isfinite(power_error))
    vote = fmt::format("held-out last fifth: exponential starts {:.2g} % off, power starts {:.2g} %",
                       100 * exponential_error, 100 * power_error);
  d.early_reading = fmt::format("best {} start ahead by {:.1f} of QAICc ({}); {}",
                                is_exponential ? "exponential" : "power", std::abs(d.early_delta),
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

// The best form's quantity, its interval widened by that of another form that the data do not refute. A form without
// such a quantity says nothing of it.
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

// "bend" of the best form that has one, widened by the others that the data do not refute.
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
    bend.reading = fmt::format("weakly identified: {}, which has no such bend, is better by {:.1f} of QAICc",
                               d.fits.forms.front().form, refuted);
  } else if (outside) {
    bend.identified = false;
    bend.reading = *bend.value < first
                       ? "weakly identified: no bend inside the curve, it would lie before its first row"
                       : "weakly identified: no bend inside the curve, it would lie beyond its end";
  } else if (!bend.lo || !bend.hi) {
    bend.identified = false;
    bend.reading = fmt::format("weakly identified: the fit is as good, within noise, with the bend {}",
                               !bend.lo && !bend.hi ? "anywhere"
                               : !bend.lo           ? "far earlier"
                                                    : "far later");
  } else if (far_apart || !bend.identified) {
    bend.identified = false;
    bend.reading = "weakly identified: its interval spans more than a factor 100, or other parameters make up for it";
  } else {
    bend.reading =
        fmt::format("identified by {}{}", bend.form,
                    others.empty() ? "" : fmt::format("; the interval spans that of {} too", fmt::join(others, ", ")));
  }
  // A bend that the data do not place inside the curve is no number to show.
  if (outside) bend.value.reset();
  if (bend.value) {
    const double step = d.curve.step_at(*bend.value);
    if (!std::isnan(step)) bend.step = step;
  }
}

void judge_end(Diagnosis& d, const fitting::Fit& fit) {
  const double last = d.curve.x.back();
  const double near = 1.01;
  const std::vector<double> at = form_values(d.curve, fit, {last / near, last, last * near, 2 * last});
  const double floor = d.floor.value.value_or(0);
  if (at[1] > floor && at[2] > floor && at[0] > floor)
    d.end_elasticity = -std::log((at[2] - floor) / (at[0] - floor)) / (2 * std::log(near));
  d.next_gain = 1 - at[3] / at[1];
}

Diagnosis diagnose_one(const tables::Curve& data, const DiagnoseOptions& options) {
  Diagnosis d;
  d.curve = prepare(data, options.schedule);
  d.n_params = data.n_params;
  d.n_data = data.n_data;
  d.notes = d.curve.notes;
  d.signature = signature_of(data, d.curve);
  if (d.signature.n_grad_spikes > 0)
    d.notes.push_back(fmt::format("{} gradient norms are more than ten times the median of the 50 before",
                                  d.signature.n_grad_spikes));
  d.fits = fit_curve_forms(d.curve, options.level);
  d.notes.insert(d.notes.end(), d.fits.notes.begin(), d.fits.notes.end());
  if (d.fits.forms.empty()) {
    d.bend.reading = "nothing was fitted";
    judge_stage(d);
    return d;
  }
  judge_early_form(d);
  const CurveFormFit& front = d.fits.forms.front();
  // A slow exponential that comes after a power law says the same as a fall that quickens.
  const bool late_fall = front.form == "exponential-power" && front.start != Start::exponential &&
                         front.fit.find("t0")->value > d.curve.x.back() / 2;
  if ((late_fall || (d.signature.quickens && front.start != Start::exponential)) && d.curve.clock != "lr_sum")
    d.notes.push_back(
        "falls faster at its end than before, as a decay of the learning rate does; no form here can do so: "
        "give an lr column, or --decay linear --decay-from STEP");
  std::vector<BendOfForm> bends;
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
    }
    if (is_best) {
      judge_end(d, fit);
      expect_gain(d.next_gain, d.signature);
    }
    if (is_best && !fit.convergence.certified)
      d.notes.push_back(fmt::format("{}: not a certified fit ({})", form.form, fit.convergence.status));
    if (has_bend) bends.push_back({&form, fit, own, quantity_of(fit, form.bend_parameter, form.bend_factor)});
  }
  // A floor that the curve itself goes below, or none.
  if (d.floor.value && (*d.floor.value == 0 || *d.floor.value > d.curve.loss.back())) d.floor.identified = false;
  judge_bend(d, bends);
  if (options.profiles && !bends.empty()) {
    d.bend_profile =
        profile(bends.front().fit, d.fits.data, bends.front().options, bends.front().form->bend_parameter, 31);
    d.bend_factor = bends.front().form->bend_factor;
  }
  judge_stage(d);
  return d;
}

}  // namespace

void DiagnoseOptions::validate() const {
  base::check_fields(*this);
  schedule.validate();
}

std::vector<Diagnosis> diagnose(std::span<const tables::Curve> curves, const DiagnoseOptions& options) {
  options.validate();
  std::vector<Diagnosis> diagnoses(curves.size());
  base::Progress progress("diagnose", static_cast<double>(curves.size()));
  base::parallel_for(static_cast<std::int64_t>(curves.size()), options.threads, [&](std::int64_t curve, int) {
    const auto i = static_cast<std::size_t>(curve);
    diagnoses[i] = diagnose_one(curves[i], options);
    progress.advance(1);
  });
  judge_together(diagnoses);
  for (Diagnosis& d : diagnoses) say_next(d);
  return diagnoses;
}

}  // namespace phaselaw::advice
