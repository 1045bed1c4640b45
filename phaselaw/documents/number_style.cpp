// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/number_style.h"

#include <cmath>

#include "phaselaw/documents/number_parts.h"

namespace phaselaw::documents {

namespace {

// The factor of m, b or t in a column of counts; 0 for any other word.
double small_letter_factor(std::string_view unit) {
  return unit == "m" ? 1e6 : unit == "b" ? 1e9 : unit == "t" ? 1e12 : 0;
}

}  // namespace

base::Number parse_number(std::string_view text, const NumberStyle& style) {
  constexpr base::Number kNone = {base::NumberKind::not_a_number, 0};
  if (style.is_plain()) return base::parse_number(text);
  NumberBuffer buffer;
  NumberParts parts = number_parts(text, buffer);
  if (parts.marked && !style.marked) return kNone;
  if (parts.kind == PartsKind::missing) return {base::NumberKind::missing, 0};
  if (parts.kind == PartsKind::not_finite) return {base::NumberKind::not_finite, 0};
  if (parts.kind == PartsKind::text || (parts.uncertain && !style.uncertainty)) return kNone;
  if (style.counts && style.unit.empty() && small_letter_factor(parts.unit) > 0 && parts.factor == 1) {
    parts.factor = small_letter_factor(parts.unit);
    parts.unit = {};
  }
  if (parts.factor != 1 && !style.counts) return kNone;
  if (parts.percent && !style.percent) return kNone;
  if (!parts.unit.empty() && parts.unit != style.unit) return kNone;
  base::Number number = number_of_digits(parts.digits, parts.exponent, style.decimal, style.thousands);
  if (number.kind != base::NumberKind::finite || number.value == 0) return number;
  if (parts.unit != style.unit || parts.percent != style.percent) return kNone;
  if (parts.percent) number.value /= 100;
  number.value *= parts.factor;
  if (!std::isfinite(number.value)) return {base::NumberKind::out_of_range, 0};
  return number;
}

}  // namespace phaselaw::documents
