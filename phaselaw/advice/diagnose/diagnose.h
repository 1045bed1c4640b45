// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/advice/curve/claims.h"
#include "phaselaw/advice/diagnose/curve_forms.h"
#include "phaselaw/advice/diagnose/curve_signature.h"
#include "phaselaw/base/value.h"
#include "phaselaw/fitting/profile.h"

// Diagnoses loss curves: the state of each, its late exponent, floor and bend, and what to raise next. There are two
// paths, because the learning rate decides how a curve is read:
//
//   rate known    recorded or stated: the forms of curve_forms.h are fitted on the summed learning rate
//                 (known_rate.cpp); state and spikes come from the claims as well
//   rate unknown  nothing is claimed that a warm-up, a decay or smoothing of the log could produce
//                 (advice/curve/claims.h, unknown_rate.cpp)
//
//   state       falling | finished | decaying | overfitting | memorising | diverged | rising, or unknown
//               (advice/curve/claims.h)
//   gain        relative fall of the loss when the clock doubles at a constant learning rate. Rate known: over the forms
//               within 6 of QAICc, each of which predicted the held-out last fifth to better than the gain
//   early form  the kind of start of the best form: exponential or power. Rate known: `decisive` if every form of the
//               other group is worse by more than 6 of QAICc (odds of 20 to 1) and fits worse by as much without the
//               term for the number of parameters; unknown within 2; the held-out errors are reported too
//   bend        where the elasticity of the reducible loss L - E is half its late value (two-stage, shifted-power) or
//               changes (broken-power), of the best form that has one. Its interval is the profile interval; it is
//               widened by those of other forms with a bend within 6 of QAICc. Not identified ("weakly identified"):
//               an end of the interval is missing or the ends are more than a factor 100 apart, the bend lies outside
//               the curve, or a form without such a bend is better by more than 6
//   exponent    late exponent of the reducible loss, and floor E, of the best form. The intervals include those of all
//               certified forms within 6 of QAICc, because the choice of the form is uncertain too. They never refer to
//               the total loss
//   stage       compute-starved  the curve ends before its bend, or falls exponentially: more compute helps most
//               data-limited     past the bend, on the power law; or flat or rising at the end, while a run of the
//                                same model with more data ends lower
//               model-limited    flat or rising, while a run on the same data with more parameters ends lower
//               plateau          flat or rising, and no other run shows what limits it
//               unknown          the curve allows no conclusion
//   next        what to do, as one sentence with the numbers; empty if nothing follows from the curve
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
  tables::StatedSchedule schedule;
  double level = 0.997;      // three standard errors, as the claims: see docs/diagnose.md
  std::int64_t threads = 1;  // position on the clock of the curve
  bool profiles = false;     // profile of the bend, for figures
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    tables::StatedSchedule::fields(self.schedule, visit);
    visit("level", self.level, base::strictly_between(0, 1), "confidence level of the intervals");
    visit("threads", self.threads, base::thread_counts(), "number of worker threads; 0: all cores");
  }
  void validate() const;  // InputError
};

struct Diagnosis {
  LossCurve curve;
  CurveSignature signature;
  bool rate_known = false;            // which path was taken
  CurveFits fits;                     // rate known
  bool described = false;             // rate known: the best form describes the curve
  std::optional<CurveClaims> claims;  // on the clock of the curve, without its decay
  CurveState state = CurveState::unknown;
  std::string early_form, early_reading;  // empty if unknown
  bool early_decisive = false;
  double early_delta =
      base::kNaN;     // QAICc of the best form with a power start minus that of the best with an exponential start
  std::string stage;  // empty if unknown
  Bend bend;
  Quantity exponent, floor;
  Quantity gain;
  double end_elasticity = base::kNaN;  // rate known: -d ln(L - E)/d ln x at the end
  std::string next;
  std::optional<fitting::ProfileCurve> bend_profile;  // profile of the parameter; bend = bend_factor times it
  double bend_factor = 1;
  double n_params = base::kNaN, n_data = base::kNaN;
  std::vector<std::string> notes;
};

// Diagnoses each curve; the results are in the order of the curves and do not depend on the number of threads. Cost:
// about 0.3 s per curve of any length where the rate is known, 20 ms where it is not.
[[nodiscard]] std::vector<Diagnosis> diagnose(std::span<const tables::Curve> curves,
                                              const DiagnoseOptions& options = {});

// The steps of diagnose(), in this order. `diagnosis` has its curve and signature; judge_end() fills the claims, the
// state and the signature, and one of the two paths the quantities.
void judge_end(const tables::Curve& data, Diagnosis& diagnosis);
void judge_with_rate(const DiagnoseOptions& options, Diagnosis& diagnosis);
void judge_without_rate(Diagnosis& diagnosis);

// "5.1 % to 6.3 %", "6.2 %" or "at most 0.2 %"; the gain is identified.
[[nodiscard]] std::string gain_range(const Quantity& gain);

// Its state: "falling", "finished" ...; empty if unknown.
[[nodiscard]] std::string word_of(const Diagnosis& diagnosis);

// The stage, and what to do next. diagnose() calls these in turn; the second looks at all curves together.
void judge_stage(Diagnosis& diagnosis);
void judge_together(std::vector<Diagnosis>& diagnoses);
void say_next(Diagnosis& diagnosis);

// {curves: [...]}, described in docs/diagnose.md.
[[nodiscard]] base::Value to_value(const std::vector<Diagnosis>& diagnoses);

}  // namespace phaselaw::advice
