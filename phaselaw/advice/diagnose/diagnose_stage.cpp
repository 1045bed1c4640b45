// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "phaselaw/advice/diagnose/diagnose.h"
#include "phaselaw/advice/text.h"
#include "phaselaw/base/errors.h"

namespace phaselaw::advice {

std::string gain_range(const Quantity& gain) {
  const std::string lo = base::format_percent(*gain.lo), hi = base::format_percent(*gain.hi);
  if (*gain.lo < 5e-4) return "at most " + hi;
  return lo == hi ? hi : fmt::format("{} to {}", lo, hi);
}

namespace {

constexpr std::size_t kFewRowsForAdvice = 30;
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

std::string loss_word(const Diagnosis& d) {
  return d.curve.role == tables::Role::excess_risk ? "the excess risk" : "the loss";
}

// "doubling the training steps at a constant learning rate lowers the loss by 5.1 to 6.3 %"; empty without a gain.
std::string gain_words(const Diagnosis& d) {
  if (!d.gain.identified) return "";
  return fmt::format("doubling the {} at a constant learning rate lowers {} by {}", compute_word(d), loss_word(d),
                     gain_range(d.gain));
}

// Whether the bend lies before (-1) or after (+1) the middle of the curve; 0: unknown.
int side_of_bend(const Diagnosis& d) {
  if (!d.bend.identified || !d.bend.value) return 0;
  return *d.bend.value < d.curve.x.back() / 2 ? -1 : 1;
}

std::string stage_with_rate(const Diagnosis& d) {
  if (!d.described || d.curve.x.empty()) return {};
  const double last = d.curve.x.back();
  if (const int side = side_of_bend(d); side != 0) return side < 0 ? "data-limited" : "compute-starved";
  // If the bend is not known, the scale of the best form decides.
  const CurveFormFit& best = d.fits.forms.front();
  const char* name = best.form == "two-stage" || best.form == "broken-power" ? best.bend_parameter.c_str() : "t0";
  const fitting::Estimate* scale = best.form == "power" ? nullptr : best.fit.find(name);
  const bool beyond = scale != nullptr && best.bend_factor * scale->value > last / 2;
  // A slow exponential after a power law is a fall at the end, not an unfinished start.
  const bool late_fall = best.form == "exponential-power" && best.start != Start::exponential;
  if (best.form == "exponential" || (beyond && !late_fall)) return "compute-starved";
  return d.exponent.identified ? "data-limited" : "";
}

std::string stage_without_rate(const Diagnosis& d) {
  if (d.state != CurveState::falling) return {};
  if (const int side = side_of_bend(d); side != 0) return side < 0 ? "data-limited" : "compute-starved";
  if (d.exponent.identified) return "data-limited";  // a power law describes the end
  return d.early_form == "exponential" ? "compute-starved" : "";
}

std::string overfitting_advice(const Diagnosis& d) {
  return fmt::format(
      "stop at step {}, and add data or regularisation: the run overfits, because the held-out loss is lowest there and "
      "ends {} higher while the training loss falls; more steps on these data make it worse",
      base::format_count(d.signature.overfits_from), base::format_percent(d.signature.overfit_rise));
}

std::string finished_advice(const Diagnosis& d) {
  const std::string gain = gain_words(d);
  return fmt::format(
      "do not simply continue: {}; raise the data or the model size (one run cannot tell which: add runs that differ in "
      "one of them, with columns n_params and n_data)",
      !gain.empty() ? gain : fmt::format("{} is flat at the end", loss_word(d)));
}

std::string falling_advice(const Diagnosis& d) {
  const std::string gain = gain_words(d);
  const std::string and_gain = gain.empty() ? "" : "; " + gain;
  if (d.stage == "compute-starved")
    return fmt::format("raise compute on the same data: the curve ends {}{}",
                       d.bend.identified ? "before or at its bend" : "while still falling exponentially", and_gain);
  if (d.stage == "data-limited") {
    const double left = d.floor.value && d.curve.end_loss > 0 ? 1 - *d.floor.value / d.curve.end_loss : base::kNaN;
    return fmt::format("raise the amount of data, and the model size with it: {} the curve is a power law{}{}",
                       d.bend.identified ? "past its bend" : "at its end", and_gain,
                       std::isfinite(left) && d.floor.identified
                           ? fmt::format("; {} of {} is reducible", base::format_percent(left), loss_word(d))
                           : "");
  }
  if (!gain.empty()) return "train longer: " + gain;
  if (d.rate_known) return {};
  return "state the schedule (an lr column, or --warmup, and --decay constant, linear or cosine): the loss still falls at its end, but "
         "without the learning rate the curve does not tell how much more training would gain";
}

std::string rising_advice(const Diagnosis& d) {
  return fmt::format(
      "stop at step {}: the held-out loss is lowest there and ends {} higher; without a training loss beside it, one "
      "curve cannot tell overfitting from an instability",
      base::format_count(d.curve.min_step), base::format_percent(d.curve.end_loss / d.curve.min_loss - 1));
}

std::string advice_of(const Diagnosis& d) {
  if (d.curve.n_rounded > 0 && !d.signature.overfitting)
    return fmt::format(
        "record the loss with more digits: from step {} on it is flat at its rounding, {}, and nothing can be said about "
        "how it goes on",
        base::format_count(d.curve.rounded_from), base::format_number(d.curve.rounding));
  if (!d.next.empty()) return d.next;  // judge_together has already found the run that shows it
  if (d.signature.overfitting) return overfitting_advice(d);
  switch (d.state) {
    case CurveState::rising:
      return rising_advice(d);
    case CurveState::finished:
      return finished_advice(d);
    case CurveState::memorising:
      return "stop, or add data: the held-out loss is flat while the training loss still falls, so more steps on these "
             "data do not improve it";
    case CurveState::falling:
      return falling_advice(d);
    case CurveState::decaying:
      return "state the schedule (an lr column, or --warmup, --decay and --decay-from): the loss falls faster at its end "
             "than before, as under a learning rate that decays, so its end does not show what more steps would gain";
    default:
      break;
  }
  if (d.described) return falling_advice(d);
  return d.curve.all_x.size() < kFewRowsForAdvice
             ? "record more of the curve: from the first steps on, with at least 30 losses evenly spaced in the logarithm "
               "of the step"
             : "";
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
  d.stage = d.rate_known ? stage_with_rate(d) : stage_without_rate(d);
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
  d.next = advice_of(d);
  const auto add = [&](const std::string& sentence) { d.next += (d.next.empty() ? "" : "; ") + sentence; };
  if (d.signature.word == "instability") add(fmt::format("first make training stable ({})", d.signature.reading));
  if (!std::isnan(d.signature.plateau_from))
    add(fmt::format("the plateau from step {} to {} ended by itself, so do not stop runs there",
                    base::format_count(d.signature.plateau_from), base::format_count(d.signature.plateau_to)));
}

}  // namespace phaselaw::advice
