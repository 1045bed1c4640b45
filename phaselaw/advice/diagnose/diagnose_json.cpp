// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "phaselaw/advice/diagnose/diagnose.h"
#include "phaselaw/fitting/fit_file.h"

namespace phaselaw::advice {

namespace {

using base::Value;

Value word(const std::string& text) { return text.empty() ? Value() : Value(text); }

Value to_value(const Quantity& quantity) {
  return Value::table(
      {{"value", quantity.value}, {"lo", quantity.lo}, {"hi", quantity.hi}, {"identified", quantity.identified}});
}

Value forms_of(const Diagnosis& d) {
  Value::List forms;
  for (const CurveFormFit& form : d.fits.forms) {
    Value entry = to_value(static_cast<const fitting::Fit&>(form.fit));
    entry["qaicc"] = form.qaicc;
    entry["delta_qaicc"] = form.delta;
    entry["holdout_error"] = form.holdout_error;
    entry["start"] = form.start == Start::exponential ? "exponential" : form.start == Start::power ? "power" : "mixed";
    forms.push_back(std::move(entry));
  }
  return Value(std::move(forms));
}

Value to_value(const Diagnosis& d) {
  Value value = Value::table({
      {"name", d.curve.name},
      {"state", word(word_of(d))},
      {"stage", word(d.stage)},
      {"early_form", word(d.early_form)},
      {"bend", to_value(static_cast<const Quantity&>(d.bend))},
      {"exponent", to_value(d.exponent)},
      {"floor", to_value(d.floor)},
      {"gain_of_doubling", to_value(d.gain)},
      {"learning_rate", d.rate_known ? "known" : "unknown"},
      {"signature", d.signature.word},
      {"next", word(d.next)},
      {"quantity", d.curve.quantity},
      {"clock", d.curve.clock},
      {"unit", d.curve.unit},
      {"best_form", d.fits.forms.empty() ? Value() : Value(d.fits.forms.front().form)},
      {"n_params", d.n_params},
      {"n_data", d.n_data},
  });
  value["bend"]["form"] = word(d.bend.form);
  value["bend"]["step"] = d.bend.step;
  value["bend"]["reading"] = d.bend.reading;
  value["early"] = Value::table(
      {{"decisive", d.early_decisive}, {"delta_qaicc", d.early_delta}, {"reading", word(d.early_reading)}});
  value["end"] = Value::table({{"loss", d.curve.end_loss},
                               {"elasticity", d.end_elasticity},
                               {"measured_fall_per_doubling", d.signature.end.per_doubling},
                               {"measured_fall_error", d.signature.end.error}});
  const double correlation_time = d.rate_known ? d.curve.correlation_time : d.claims->correlation_time;
  const double noise = d.rate_known ? d.curve.noise : d.claims->noise;
  value["rows"] = Value::table({{"recorded", d.curve.n_rows},
                                {"used", d.curve.n_used},
                                {"blocks", d.curve.x.size()},
                                {"independent", d.fits.independent},
                                {"correlation_time", correlation_time},
                                {"noise", noise > 0 ? Value(noise) : Value()},
                                {"scatter", d.fits.scatter},
                                {"not_finite", d.curve.n_not_finite},
                                {"decay_left_out", d.curve.n_decay},
                                {"rise_left_out", d.curve.n_rise}});
  Value::List excursions;
  for (const Excursion& e : d.signature.excursions)
    excursions.push_back(
        Value::table({{"from_step", e.from_step}, {"to_step", e.to_step}, {"height", e.height}, {"ended", e.ended}}));
  value["signature_detail"] = Value::table({{"reading", word(d.signature.reading)},
                                            {"diverged", d.signature.diverged},
                                            {"diverged_at", d.signature.diverged_at},
                                            {"late_rise", d.signature.late_rise},
                                            {"overfitting", d.signature.overfitting},
                                            {"plateau_from", d.signature.plateau_from},
                                            {"plateau_to", d.signature.plateau_to},
                                            {"grad_spikes", d.signature.n_grad_spikes},
                                            {"spikes", Value(std::move(excursions))}});
  value["forms"] = forms_of(d);
  if (!d.rate_known) value["rows"]["first_step_used"] = d.claims->first_step_used;
  value["notes"] = Value(d.notes);
  return value;
}

}  // namespace

base::Value to_value(const std::vector<Diagnosis>& diagnoses) {
  Value::List curves;
  for (const Diagnosis& d : diagnoses) curves.push_back(to_value(d));
  return Value::table({{"curves", Value(std::move(curves))}});
}

}  // namespace phaselaw::advice
