// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "phaselaw/base/arithmetic.h"

// Numbers of computed keys. A fraction of 64-bit integers is kept exactly as long as it fits, so that 8 / 3 * 48 is 128
// and not a neighbour of it; anything else is a double that is marked as inexact.
//
//   exact      + - * /, powers with an integer exponent of at most 64, square roots of squares, log2 of powers of two,
//              round, floor, ceil. A decimal number is the fraction that was typed: 0.1 is 1 / 10.
//   inexact    other functions, and fractions beyond 64 bits
// round, floor and ceil of an inexact number are exact, unless it lies within 1e-9 (relative, at least 1e-9) of where
// they jump: then its error could decide, and the result stays inexact.
namespace phaselaw::sweep {

class ExactNumber {
 public:
  ExactNumber() = default;
  explicit ExactNumber(std::int64_t integer) : numerator_(integer), value_(static_cast<double>(integer)) {}
  // The decimal number with the fewest digits that reads as this double.
  [[nodiscard]] static ExactNumber of_decimal(double x);
  [[nodiscard]] static ExactNumber inexact(double x);

  [[nodiscard]] bool is_exact() const { return exact_; }
  [[nodiscard]] bool is_integer() const { return exact_ && denominator_ == 1; }
  [[nodiscard]] std::int64_t integer() const { return numerator_; }  // if is_integer()
  [[nodiscard]] double value() const { return value_; }              // correctly rounded if exact
  [[nodiscard]] std::string to_string() const;                       // "128", "16/3", "about 9.6329598"

  [[nodiscard]] static ExactNumber apply(base::Arithmetic::Op op, const ExactNumber& x, const ExactNumber& y);

 private:
  // The reduced fraction; inexact with the value `otherwise` if one of the integers is out of range.
  static ExactNumber fraction(std::int64_t numerator, std::int64_t denominator);
  static ExactNumber sum(const ExactNumber& x, const ExactNumber& y);
  static ExactNumber product(const ExactNumber& x, const ExactNumber& y);
  static ExactNumber power(const ExactNumber& x, const ExactNumber& y);
  static ExactNumber root(const ExactNumber& x);
  static ExactNumber whole(base::Arithmetic::Op op, const ExactNumber& x);
  [[nodiscard]] ExactNumber reciprocal() const;
  [[nodiscard]] ExactNumber negative() const;

  std::int64_t numerator_ = 0, denominator_ = 1;  // the denominator is positive
  double value_ = 0;
  bool exact_ = true;
};

}  // namespace phaselaw::sweep
