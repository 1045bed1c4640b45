// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/fields.h"
#include "phaselaw/base/value.h"

// A statement of the theory, what was predicted, what was measured, and the verdict.
namespace phaselaw::report {

enum class Verdict { kSupported, kNotSupported, kInconclusive };
// "supported", "not supported", "inconclusive"; enum_to_text(verdict) gives the word.
[[nodiscard]] base::EnumNames<Verdict> enum_names(Verdict);

struct Claim {
  std::string id{};               // "E1.slope"
  std::string statement{};        // one sentence
  std::string source{};           // paper and equation, or theory section, with its mark [S], [R], [T]
  double predicted = base::kNaN;  // NaN = not a number or not known
  double measured = base::kNaN;
  double lo = base::kNaN;  // interval of `measured`
  double hi = base::kNaN;
  Verdict verdict = Verdict::kInconclusive;
  std::string reading{};         // one sentence: what decided the verdict
  std::string predicted_text{};  // how to print the prediction where a number says too little: "1/6", "< 0.05"
  std::string unit{};            // of the three numbers; "" = none
  std::string would_change{};    // one sentence: which measurement would change the verdict
};

// A claim as in results.json: id, statement, source, predicted, measured, lo, hi, verdict, reading, predicted_text,
// unit, would_change. NaN and infinity are null.
[[nodiscard]] base::Value to_value(const Claim& claim);
[[nodiscard]] base::Value to_value(const std::vector<Claim>& claims);

// The inverse; InputError at the place of a wrong or missing field.
[[nodiscard]] Claim claim_from_value(const base::Value& value);

}  // namespace phaselaw::report
