// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "phaselaw/advice/diagnose/diagnose.h"
#include "phaselaw/advice/text.h"
#include "phaselaw/base/errors.h"

namespace phaselaw::advice {

namespace {

constexpr double kLower = 0.01;  // smallest relative difference by which another run must end lower

// The run in `all` that ends lowest among those with more of `raised` and the same amount of `kept`.
template <class Raised, class Kept>
const Diagnosis* lower_with_more(const std::vector<Diagnosis>& all, const Diagnosis& d, Raised raised, Kept kept) {
  const Diagnosis* found = nullptr;
  for (const Diagnosis& other : all) {
    if (&other == &d || other.curve.x.empty() || other.curve.quantity != d.curve.quantity) continue;
    const bool same = kept(other) == kept(d) || (std::isnan(kept(other)) && std::isnan(kept(d)));
    if (!same || !(raised(other) > raised(d)) || other.signature.diverged) continue;
    if (!(other.curve.min_loss < (1 - kLower) * d.curve.min_loss)) continue;
    if (found == nullptr || other.curve.min_loss < found->curve.min_loss) found = &other;
  }
  return found;
}

double params(const Diagnosis& d) { return d.n_params; }
double data(const Diagnosis& d) { return d.n_data; }

std::string compute_word(const Diagnosis& d) {
  if (d.curve.clock == "compute") return "compute";
  if (d.curve.clock == "tokens") return "tokens";
  return d.curve.clock == "lr_sum" ? "training (the sum of learning rates)" : "training steps";
}

std::string gain(const Diagnosis& d) {
  if (!std::isfinite(d.next_gain)) return "";
  const std::string what = d.curve.role == tables::Role::excess_risk ? "the excess risk" : "the loss";
  const FallRate& end = d.signature.end;
  std::string measured;
  if (end.blocks >= 3) {
    const double fall = -std::expm1(-end.per_doubling), error = std::exp(-end.per_doubling) * end.error;
    measured =
        fmt::format("; over its last factor {} it fell by {} +- {} per doubling", base::format_number(end.factor, 2),
                    base::format_percent(fall), base::format_percent(2 * error));
    // The best form may still flatten too early.
    if (fall - 3 * error > 2 * d.next_gain) measured += ", more than the form predicts, so expect a larger gain";
  }
  return fmt::format("doubling the {} lowers {} by {} according to the best form ({}){}", compute_word(d), what,
                     base::format_percent(d.next_gain), d.fits.forms.front().form, measured);
}

}  // namespace

void judge_stage(Diagnosis& d) {
  if (d.signature.overfitting) {
    d.stage = "data-limited";
    return;
  }
  if (d.curve.n_rounded > 0) return;  // the end of the curve is not known
  if (d.signature.flat_end || d.signature.late_rise) {
    d.stage = "plateau";
    return;
  }
  if (d.fits.forms.empty() || d.curve.x.empty()) return;
  const double last = d.curve.x.back();
  if (d.bend.identified && d.bend.value) {
    d.stage = *d.bend.value < last / 2 ? "data-limited" : "compute-starved";
    return;
  }
  // If the bend is not known, the scale of the best form decides.
  const CurveFormFit& best = d.fits.forms.front();
  const char* name = best.form == "two-stage" || best.form == "broken-power" ? best.bend_parameter.c_str() : "t0";
  const fitting::Estimate* scale = best.form == "power" ? nullptr : best.fit.find(name);
  const bool beyond = scale != nullptr && best.bend_factor * scale->value > last / 2;
  // A slow exponential after a power law is a fall at the end, not an unfinished start.
  const bool late_fall = best.form == "exponential-power" && best.start != Start::exponential;
  const bool starved = best.form == "exponential" || (beyond && !late_fall);
  d.stage = starved ? "compute-starved" : "data-limited";
}

void judge_together(std::vector<Diagnosis>& diagnoses) {
  for (Diagnosis& d : diagnoses) {
    if ((!d.signature.flat_end && !d.signature.late_rise) || d.signature.overfitting) continue;
    const Diagnosis* more_data = lower_with_more(diagnoses, d, data, params);
    const Diagnosis* more_params = lower_with_more(diagnoses, d, params, data);
    // If both help, the one that helps more is the limit.
    if (more_params != nullptr && (more_data == nullptr || more_params->curve.min_loss < more_data->curve.min_loss)) {
      d.stage = "model-limited";
      d.next = fmt::format("raise the model size: \"{}\" has {}{} parameters instead of {} and ends {} lower",
                           more_params->curve.name, std::isnan(d.n_data) ? "" : "the same data, ",
                           base::format_number(more_params->n_params, 3, base::Notation::suffix),
                           base::format_number(d.n_params, 3, base::Notation::suffix),
                           base::format_percent(1 - more_params->curve.min_loss / d.curve.min_loss));
    } else if (more_data != nullptr) {
      d.stage = "data-limited";
      d.next = fmt::format("raise the amount of data: \"{}\" has {}n_data {} instead of {} and ends {} lower",
                           more_data->curve.name, std::isnan(d.n_params) ? "" : "the same model, ",
                           base::format_count(more_data->n_data), base::format_count(d.n_data),
                           base::format_percent(1 - more_data->curve.min_loss / d.curve.min_loss));
    }
  }
}

void say_next(Diagnosis& d) {
  if (d.signature.diverged) {
    d.next =
        fmt::format("the run is unstable ({}): lower the learning rate or lengthen the warm-up, then diagnose it again",
                    d.signature.reading);
    return;
  }
  if (d.curve.n_rounded > 0 && !d.signature.overfitting) {
    d.next = fmt::format(
        "record the loss with more digits: from step {} on it is flat at its rounding, {}, and nothing can be said about "
        "how it goes on",
        base::format_count(d.curve.rounded_from), base::format_number(d.curve.rounding));
  } else if (!d.next.empty()) {
    // judge_together has already found the run that shows it.
  } else if (d.signature.overfitting) {
    d.next = fmt::format(
        "stop at step {}, and add data or regularisation: the run overfits, because the held-out loss is lowest there and "
        "ends {} higher while the training loss falls; more steps on these data make it worse",
        base::format_count(d.signature.overfits_from), base::format_percent(d.signature.overfit_rise));
  } else if (d.signature.late_rise) {
    d.next = fmt::format(
        "raise the amount of data: the held-out loss is lowest at step {} and ends {} higher, so more steps on these data make it worse "
        "(overfitting, as far as one curve shows); stop at that step, or regularise",
        base::format_count(d.curve.min_step), base::format_percent(d.curve.end_loss / d.curve.min_loss - 1));
  } else if (d.signature.flat_end) {
    d.next = fmt::format(
        "do not simply continue: doubling the {} gains only {} +- {}; "
        "raise the data or the model size (one run cannot tell which: "
        "add runs that differ in one of them, with columns n_params and n_data)",
        compute_word(d), base::format_percent(d.signature.end.per_doubling),
        base::format_percent(2 * d.signature.end.error));
  } else if (d.stage == "compute-starved") {
    d.next = fmt::format(
        "raise compute on the same data: the curve ends {}; {}",
        d.bend.identified && d.bend.value ? "before or at its bend" : "while still falling exponentially", gain(d));
  } else if (d.stage == "data-limited") {
    const double left = d.floor.value && d.curve.end_loss > 0 ? 1 - *d.floor.value / d.curve.end_loss : base::kNaN;
    d.next = fmt::format("raise the amount of data, and the model size with it: {} the curve is a power law; {}{}",
                         d.bend.identified ? "past its bend" : "at its end", gain(d),
                         std::isfinite(left) && d.floor.identified
                             ? fmt::format("; {} of the loss is reducible", base::format_percent(left))
                             : "");
  } else {
    d.next =
        "record more of the curve: from the first steps on, with at least 30 losses evenly spaced in the logarithm of the step";
  }
  if (d.signature.word == "instability")
    d.next += fmt::format("; first make training stable ({})", d.signature.reading);
  if (!std::isnan(d.signature.plateau_from))
    d.next += fmt::format("; the plateau from step {} to {} ended by itself, so do not stop runs there",
                          base::format_count(d.signature.plateau_from), base::format_count(d.signature.plateau_to));
}

}  // namespace phaselaw::advice
