// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/advice/diagnose/curve_forms.h"
#include "phaselaw/advice/diagnose/curve_signature.h"
#include "phaselaw/base/value.h"
#include "phaselaw/fitting/profile.h"

// Loss curves, one by one: which form, which stage, what to raise next.
//
//   early form  the start that the best form has: exponential or power. `decisive` when every form of the other group
//               is worse by more than 6 of QAICc (odds of 20 to 1), unknown within 2; the holdout's vote beside it
//   bend        where the elasticity of the reducible loss L - E is half its late value (two-stage, shifted-power) or
//               changes (broken-power), of the best form that has one. Its interval is the profile's; while other forms
//               with a bend are within 6 of QAICc it spans theirs too. Not identified ("weakly identified"): an end of
//               the interval is missing or they are more than a factor 100 apart, the bend lies outside the curve, or
//               a form without such a bend is better by more than 6.
//   exponent    late exponent of the reducible loss, and floor E, of the best form, with the interval that spans those
//   of
//               all certified forms within 6 of QAICc: a choice among forms is uncertain too. Never those of the total
//               loss.
//   stage       compute-starved  the curve ends before its bend, or falls exponentially: more compute pays most
//               data-limited     past the bend, on the power law; or flat or rising at the end, while a run of the
//                                same model with more data ends lower
//               model-limited    flat or rising, while a run of the same data with more parameters ends lower
//               plateau          flat or rising, and no other run says what limits it
//               unknown where the forms say nothing
//   next        what to raise, in words that hold the numbers
namespace phaselaw::advice {

struct Quantity {
  std::optional<double> value, lo, hi;
  bool identified = false;
};

struct Bend : Quantity {
  std::string form;
  std::optional<double> step;  // the value in steps
  std::string reading;         // one sentence
};

struct DiagnoseOptions {
  StatedSchedule schedule;
  double level = 0.95;
  std::int64_t threads = 1;  // over curves
  bool profiles = false;     // of the bend, for drawing
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    StatedSchedule::fields(self.schedule, visit);
    visit("level", self.level, base::strictly_between(0, 1), "level of the intervals");
    visit("threads", self.threads, base::at_least(0), "number of worker threads; 0: all cores");
  }
  void validate() const;  // InputError
};

struct Diagnosis {
  LossCurve curve;
  CurveSignature signature;
  CurveFits fits;
  std::string early_form, early_reading;  // empty: unknown
  bool early_decisive = false;
  double early_delta = base::kNaN;  // QAICc of the best power start less that of the best exponential start
  std::string stage;                // empty: unknown
  Bend bend;
  Quantity exponent, floor;
  double end_elasticity = base::kNaN;  // -d ln(L - E)/d ln x at the end
  double next_gain = base::kNaN;       // relative fall of the loss for twice the clock, by the best form
  std::string next;
  std::optional<fitting::ProfileCurve> bend_profile;  // of the parameter; bend = bend_factor times it
  double bend_factor = 1;
  double n_params = base::kNaN, n_data = base::kNaN;
  std::vector<std::string> notes;
};

// One for each curve, in their order; the same at any number of threads. Cost: some 0.3 s a curve of any length.
[[nodiscard]] std::vector<Diagnosis> diagnose(std::span<const tables::Curve> curves,
                                              const DiagnoseOptions& options = {});

// Stage and next (diagnose() calls these in turn; the second looks at all curves).
void judge_stage(Diagnosis& diagnosis);
void judge_together(std::vector<Diagnosis>& diagnoses);
void say_next(Diagnosis& diagnosis);

// The contract of design.md, with more: {curves: [..]}.
[[nodiscard]] base::Value to_value(const std::vector<Diagnosis>& diagnoses);

}  // namespace phaselaw::advice
