// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/fields.h"
#include "phaselaw/base/value.h"

// A statement, what was predicted, what was measured, and the verdict.
namespace phaselaw::report {

// Where a statement comes from.
enum class Standing {
  kStated,        // by the paper
  kImplied,       // follows from what the paper states, under assumptions that `source` names
  kOpenQuestion,  // the paper asks it, or only a measurement can answer it
  kSelfCheck,     // mathematics that a simulation cannot refute: it checks the program and is not counted as a claim
};
// "stated", "implied", "open question", "self-check".
[[nodiscard]] base::EnumNames<Standing> enum_names(Standing);

// How `measured` relates to `predicted` if the claim holds: |measured - predicted| < margin, measured < predicted, or
// measured > predicted.
enum class Relation { kEqual, kAtMost, kAtLeast };
[[nodiscard]] base::EnumNames<Relation> enum_names(Relation);  // "equal", "at most", "at least"

enum class Verdict { kSupported, kNotSupported, kInconclusive };
// "supported", "not supported", "inconclusive"; enum_to_text(verdict) gives the word.
[[nodiscard]] base::EnumNames<Verdict> enum_names(Verdict);

struct Claim {
  std::string id{};               // "E1.slope"
  std::string statement{};        // one sentence
  std::string source{};           // paper and equation, or theory section, with its mark [S], [R], [T]
  double predicted = base::kNaN;  // NaN = not a number or not known
  double measured = base::kNaN;
  double lo = base::kNaN;  // 95 % interval of `measured`
  double hi = base::kNaN;
  Standing standing = Standing::kImplied;
  Relation relation = Relation::kEqual;
  double margin = base::kNaN;        // of an equality, declared before the measurement, in the unit of `predicted`
  double degrees = base::kInfinity;  // of freedom of the interval (Student's t); infinity: normal
  std::string undecidable{};         // why this measurement cannot decide about the claim; "" = it can
  // p values of the hypotheses that the claim is false (supporting) and that it is true (refuting), and the smaller one
  // corrected for the number of claims. NaN = not tested.
  double p_supporting = base::kNaN, p_refuting = base::kNaN, p_adjusted = base::kNaN;
  Verdict verdict = Verdict::kInconclusive;
  std::string reading{};         // one sentence: what decided the verdict
  std::string predicted_text{};  // how to print the prediction where a number says too little: "1/6", "< 0.05"
  std::string unit{};            // of the three numbers; "" = none
  std::string would_change{};    // one sentence: which measurement would change the verdict
  std::string finding{};         // one sentence with the numbers, for the head of the page; "" = not shown there
};

// A claim as in results.json: its members by name. NaN and infinity are null.
[[nodiscard]] base::Value to_value(const Claim& claim);
[[nodiscard]] base::Value to_value(const std::vector<Claim>& claims);

// The inverse; InputError at the place of a wrong or missing field.
[[nodiscard]] Claim claim_from_value(const base::Value& value);

}  // namespace phaselaw::report
