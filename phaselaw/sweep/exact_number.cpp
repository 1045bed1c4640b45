// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/exact_number.h"

#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include <fmt/format.h>

namespace phaselaw::sweep {

namespace {

using Op = base::Arithmetic::Op;

constexpr std::int64_t kLargestExactPart = std::int64_t{1} << 62;  // its negative and its sums do not overflow

std::optional<std::int64_t> times(std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  if (__builtin_mul_overflow(a, b, &out) || out > kLargestExactPart || out < -kLargestExactPart) return {};
  return out;
}

std::optional<std::int64_t> exact_root(std::int64_t x) {
  auto root = static_cast<std::int64_t>(std::sqrt(static_cast<double>(x)));
  while (root > 0 && root > x / root) --root;
  while (root + 1 <= x / (root + 1)) ++root;
  if (root * root != x) return {};
  return root;
}

}  // namespace

ExactNumber ExactNumber::inexact(double x) {
  ExactNumber out;
  out.value_ = x;
  out.exact_ = false;
  return out;
}

ExactNumber ExactNumber::fraction(std::int64_t numerator, std::int64_t denominator) {
  const std::int64_t shared = std::gcd(numerator, denominator);
  ExactNumber out(numerator / shared);
  out.denominator_ = denominator / shared;
  // Two roundings in double for large integers; long double holds every 64-bit integer.
  out.value_ =
      static_cast<double>(static_cast<long double>(out.numerator_) / static_cast<long double>(out.denominator_));
  return out;
}

ExactNumber ExactNumber::of_decimal(double x) {
  if (!std::isfinite(x)) return inexact(x);
  const std::string text = fmt::format("{:e}", x);  // the shortest digits: "-1.25e-03"
  const std::size_t e = text.find('e');
  std::int64_t digits = 0, sign = 1;
  int exponent = std::stoi(text.substr(e + 1));
  bool after_point = false;
  for (const char c : text.substr(0, e)) {
    if (c == '-') sign = -1;
    if (c == '.') after_point = true;
    if (c < '0' || c > '9') continue;
    digits = 10 * digits + (c - '0');
    if (after_point) --exponent;
  }
  std::int64_t denominator = 1;
  for (; exponent > 0; --exponent) {
    const auto more = times(digits, 10);
    if (!more) return inexact(x);
    digits = *more;
  }
  for (; exponent < 0; ++exponent) {
    if (digits % 10 == 0) {
      digits /= 10;
      continue;
    }
    const auto more = times(denominator, 10);
    if (!more) return inexact(x);
    denominator = *more;
  }
  return fraction(sign * digits, denominator);
}

ExactNumber ExactNumber::negative() const {
  ExactNumber out = *this;
  out.numerator_ = -numerator_;
  out.value_ = -value_;
  return out;
}

ExactNumber ExactNumber::reciprocal() const {
  if (!exact_ || numerator_ == 0) return inexact(1 / value_);
  return numerator_ < 0 ? fraction(-denominator_, -numerator_) : fraction(denominator_, numerator_);
}

ExactNumber ExactNumber::sum(const ExactNumber& x, const ExactNumber& y) {
  if (x.exact_ && y.exact_) {
    const std::int64_t shared = std::gcd(x.denominator_, y.denominator_);
    const auto a = times(x.numerator_, y.denominator_ / shared), b = times(y.numerator_, x.denominator_ / shared);
    const auto denominator = times(x.denominator_ / shared, y.denominator_);
    if (a && b && denominator && std::abs(*a / 2 + *b / 2) < kLargestExactPart / 2)
      return fraction(*a + *b, *denominator);
  }
  return inexact(x.value_ + y.value_);
}

ExactNumber ExactNumber::product(const ExactNumber& x, const ExactNumber& y) {
  if (x.exact_ && y.exact_) {
    // Without common factors, so that the integers stay small.
    const std::int64_t left = std::gcd(x.numerator_, y.denominator_), right = std::gcd(y.numerator_, x.denominator_);
    const auto numerator = times(x.numerator_ / left, y.numerator_ / right);
    const auto denominator = times(x.denominator_ / right, y.denominator_ / left);
    if (numerator && denominator) return fraction(*numerator, *denominator);
  }
  return inexact(x.value_ * y.value_);
}

ExactNumber ExactNumber::root(const ExactNumber& x) {
  if (x.exact_ && x.numerator_ >= 0) {
    const auto above = exact_root(x.numerator_), below = exact_root(x.denominator_);
    if (above && below) return fraction(*above, *below);
  }
  return inexact(std::sqrt(x.value_));
}

ExactNumber ExactNumber::power(const ExactNumber& x, const ExactNumber& y) {
  constexpr std::int64_t kLargestExponent = 64;
  if (y.exact_ && y.numerator_ == 1 && y.denominator_ == 2) return root(x);
  if (!x.exact_ || !y.is_integer() || std::abs(y.numerator_) > kLargestExponent)
    return inexact(std::pow(x.value_, y.value_));
  const ExactNumber base = y.numerator_ < 0 ? x.reciprocal() : x;
  ExactNumber out(1);
  for (std::int64_t k = 0; k < std::abs(y.numerator_); ++k) out = product(out, base);
  return out.exact_ ? out : inexact(std::pow(x.value_, y.value_));
}

ExactNumber ExactNumber::whole(Op op, const ExactNumber& x) {
  if (x.exact_) {
    std::int64_t below = x.numerator_ / x.denominator_, rest = x.numerator_ % x.denominator_;
    if (rest < 0) {
      --below;
      rest += x.denominator_;
    }
    // Halves away from zero: up if x is positive.
    const bool up = op == Op::ceil    ? rest > 0
                    : op == Op::round ? rest > x.denominator_ - rest || (rest == x.denominator_ - rest && below >= 0)
                                      : false;
    return ExactNumber(below + (up ? 1 : 0));
  }
  const double found = base::Arithmetic::apply(op, x.value_, 0);
  constexpr double kDoubt = 1e-9, kLargest = 9007199254740992.0;
  const double jump = op == Op::round ? std::floor(x.value_) + 0.5 : std::round(x.value_);
  if (!(std::abs(found) < kLargest) || std::abs(x.value_ - jump) <= kDoubt * std::max(1.0, std::abs(x.value_)))
    return inexact(found);
  return ExactNumber(static_cast<std::int64_t>(found));
}

ExactNumber ExactNumber::apply(Op op, const ExactNumber& x, const ExactNumber& y) {
  switch (op) {
    case Op::negate:
      return x.negative();
    case Op::add:
      return sum(x, y);
    case Op::subtract:
      return sum(x, y.negative());
    case Op::multiply:
      return product(x, y);
    case Op::divide:
      return y.value_ == 0 ? inexact(x.value_ / y.value_) : product(x, y.reciprocal());
    case Op::power:
      return power(x, y);
    case Op::sqrt:
      return root(x);
    case Op::round:
    case Op::floor:
    case Op::ceil:
      return whole(op, x);
    case Op::log2:
      if (x.is_integer() && x.numerator_ > 0 && std::has_single_bit(static_cast<std::uint64_t>(x.numerator_)))
        return ExactNumber(std::countr_zero(static_cast<std::uint64_t>(x.numerator_)));
      [[fallthrough]];
    default:
      return inexact(base::Arithmetic::apply(op, x.value_, y.value_));
  }
}

std::string ExactNumber::to_string() const {
  if (!exact_) return fmt::format("about {:.9g}", value_);
  return denominator_ == 1 ? fmt::to_string(numerator_) : fmt::format("{}/{}", numerator_, denominator_);
}

}  // namespace phaselaw::sweep
