// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/diagnose.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <limits>
#include <mutex>
#include <thread>

#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/progress.h"

namespace phaselaw::laws {

namespace {

constexpr double kDecisive = 6;  // of QAICc: odds of 20 to 1
constexpr double kUndecided = 2;

// Estimates a parameter has, with what the engine says of it.
Quantity quantity_of(const LawFit& fit, const std::string& parameter, double factor = 1) {
  Quantity out;
  const Estimate* estimate = parameter.empty() ? nullptr : fit.find(parameter);
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
    double& group = form.exponential_start ? exponential : power;
    group = std::min(group, form.qaicc);
    double& error = form.exponential_start ? exponential_error : power_error;
    if (form.holdout_error < error) error = form.holdout_error;
  }
  if (!std::isfinite(exponential) || !std::isfinite(power)) return;
  d.early_delta = power - exponential;
  const bool is_exponential = d.early_delta > 0;
  d.early_decisive = std::abs(d.early_delta) > kDecisive;
  if (std::abs(d.early_delta) > kUndecided) d.early_form = is_exponential ? "exponential" : "power";
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
  LawFit fit;
  LawOptions options;
  Quantity bend;
};

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
    bend.identified = bend.identified && other.bend.identified;
    bend.lo = bend.lo && other.bend.lo ? std::optional(std::min(*bend.lo, *other.bend.lo)) : std::nullopt;
    bend.hi = bend.hi && other.bend.hi ? std::optional(std::max(*bend.hi, *other.bend.hi)) : std::nullopt;
  }
  const double refuted = best.form->delta;
  const bool far_apart = bend.lo && bend.hi && *bend.hi > 100 * *bend.lo;
  const bool outside = *bend.value < first || *bend.value > last;
  if (refuted > kDecisive) {
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

void judge_end(Diagnosis& d, const LawFit& fit) {
  const double last = d.curve.x.back();
  const double near = 1.01;
  const std::vector<double> at = form_values(d.curve, fit, {last / near, last, last * near, 2 * last});
  const double floor = d.floor.value.value_or(0);
  if (at[1] > floor && at[2] > floor && at[0] > floor)
    d.end_elasticity = -std::log((at[2] - floor) / (at[0] - floor)) / (2 * std::log(near));
  d.next_gain = 1 - at[3] / at[1];
}

Diagnosis diagnose_one(const CurveData& data, const DiagnoseOptions& options) {
  Diagnosis d;
  d.curve = prepare(data, options.prepare);
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
  std::vector<BendOfForm> bends;
  std::optional<LawFit> best;
  for (const CurveFormFit& form : d.fits.forms) {
    base::throw_if_interrupted();
    const bool is_best = &form == &d.fits.forms.front();
    const bool wanted = !form.bend_parameter.empty() && (bends.empty() || form.delta < kDecisive);
    if (!is_best && !wanted) continue;
    LawOptions own;
    LawFit fit = with_intervals(d.fits, form, own);
    if (fit.theta.empty()) continue;
    if (is_best) best = fit;
    if (wanted) bends.push_back({&form, fit, own, quantity_of(fit, form.bend_parameter, form.bend_factor)});
  }
  if (best) {
    d.exponent = quantity_of(*best, d.fits.forms.front().exponent_parameter);
    d.floor = quantity_of(*best, "E");
    if (d.floor.value && *d.floor.value == 0) d.floor.identified = false;
    judge_end(d, *best);
    if (!best->convergence.certified)
      d.notes.push_back(
          fmt::format("{}: not a certified fit ({})", d.fits.forms.front().form, best->convergence.status));
  }
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
  prepare.schedule.validate();
  if (!(level > 0 && level < 1))
    throw base::InputError(fmt::format("level: expected a number in (0, 1), found {}", level));
  if (threads < 1) throw base::InputError(fmt::format("threads: expected at least 1, found {}", threads));
}

std::vector<Diagnosis> diagnose(std::span<const CurveData> curves, const DiagnoseOptions& options) {
  options.validate();
  std::vector<Diagnosis> diagnoses(curves.size());
  std::atomic<std::size_t> next{0};
  std::exception_ptr problem;
  std::mutex mutex;
  base::Progress progress("diagnose", static_cast<double>(curves.size()));
  const auto work = [&] {
    try {
      for (std::size_t i = next++; i < curves.size(); i = next++) {
        diagnoses[i] = diagnose_one(curves[i], options);
        progress.advance(1);
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      if (!problem) problem = std::current_exception();
      next = curves.size();
    }
  };
  {
    std::vector<std::jthread> helpers;
    const std::size_t threads = std::min(static_cast<std::size_t>(options.threads), curves.size());
    for (std::size_t t = 1; t < threads; ++t) helpers.emplace_back(work);
    work();
  }
  if (problem) std::rethrow_exception(problem);
  judge_together(diagnoses);
  for (Diagnosis& d : diagnoses) say_next(d);
  return diagnoses;
}

}  // namespace phaselaw::laws
