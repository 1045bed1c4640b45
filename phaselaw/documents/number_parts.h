// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "phaselaw/base/number.h"

// A cell taken apart as people write numbers, before it is known which sign is the decimal one:
//
//   ~**1,234.5**          marks around the digits "1,234.5"
//   3.41 ± 0.02, 3.41(2)  the digits "3.41" with an uncertainty
//   3.4 × 10⁻¹            the digits "3.4" and the exponent -1
//   1.4B tokens           the digits "1.4", the factor 1e9 and the unit "tokens"
namespace phaselaw::documents {

enum class PartsKind { missing, not_finite, number, text };

struct NumberParts {
  PartsKind kind = PartsKind::text;
  std::string_view digits;       // sign, digits and the signs between them, in ASCII: "-1.234,5"
  std::string_view uncertainty;  // the same for what follows ±
  int exponent = 0;
  bool has_exponent = false;
  bool marked = false;  // signs around the number, a minus that is not ASCII, a power of ten in words of typography
  bool uncertain = false;
  bool percent = false;
  double factor = 1;      // of k, M, B, G, T, million, and of P, E, Z before FLOP
  std::string_view unit;  // the words behind the number
};

using NumberBuffer = std::array<char, 256>;

// Cost: 100 ns. The views of the result point into `cell` or `buffer`. A cell that is longer than the buffer is text.
[[nodiscard]] NumberParts number_parts(std::string_view cell, NumberBuffer& buffer);

// Digits with one decimal sign and one sign between groups of three digits ('\0': none), times 10^exponent.
[[nodiscard]] base::Number number_of_digits(std::string_view digits, int exponent, char decimal, char thousands);

// What the signs between digits can mean. "1.234" has a point that is a decimal sign or stands between groups.
struct DigitShape {
  bool valid = false;
  char decimal = '\0';  // the decimal sign, where only one reading exists
  char groups = '\0';   // the sign between groups of three, where only one reading exists
  char either = '\0';   // '.' or ',', where both readings exist
  bool bare = false;    // digits only
};
[[nodiscard]] DigitShape shape_of(const NumberParts& parts);

// Whether a cell is a number in some convention, missing or not finite.
[[nodiscard]] bool could_be_number(std::string_view cell);

}  // namespace phaselaw::documents
