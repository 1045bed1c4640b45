// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/format.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include <fmt/format.h>

// Rounding and printing work on decimal digits as text, which fmt rounds correctly: no power of ten is multiplied or
// divided by, so that subnormal numbers and numbers near the largest double need no care.
namespace phaselaw::base {

namespace {

constexpr int kMostDigits = 8;       // of the larger end of an interval
constexpr int kRounded = 10;         // digits of a difference that rounding leaves
constexpr int kLowest = -1000;       // below the exponent of every double
constexpr double kFarApart = 10;     // ends by this factor apart have digits of their own
constexpr int kFirstPlain = -3;      // 1e-3 is the smallest number without an exponent
constexpr int kFirstPower = 6;       // 1e6 is the first number with one
constexpr int kFirstSmallPower = 3;  // and 1e3 beside numbers that have one, and in the other notations
constexpr int kLastSuffix = 15;      // 1e15 is the first number without a suffix
constexpr const char* kUnknown = "–";

// digits * 10^unit, rounded to a multiple of 10^unit; "0" is zero.
struct Decimal {
  bool negative = false;
  std::string digits = "0";
  int unit = 0;
  [[nodiscard]] bool zero() const { return digits == "0"; }
  // Decimal exponent of the first digit.
  [[nodiscard]] int lead() const { return static_cast<int>(digits.size()) - 1 + unit; }
};

// x with `digits` significant digits, which are one more where rounding carries into a new one.
Decimal with_digits(double x, int digits) {
  if (x == 0) return {};
  const std::string text = fmt::format("{:.{}e}", std::abs(x), digits - 1);
  const std::size_t mark = text.find('e');
  Decimal number{x < 0, text.substr(0, 1), std::atoi(text.c_str() + mark + 1) - (digits - 1)};
  if (digits > 1) number.digits += text.substr(2, mark - 2);
  return number;
}

// Exact: seventeen digits tell every double from the next power of ten.
int lead_of(double x) { return x == 0 ? kLowest : with_digits(x, std::numeric_limits<double>::max_digits10).lead(); }

Decimal rounded_to(double x, int unit) {
  const int digits = lead_of(x) - unit + 1;
  if (x == 0 || digits < 0) return {false, "0", unit};
  if (digits == 0) {
    const bool up = with_digits(x, std::numeric_limits<double>::max_digits10).digits[0] >= '5';
    return {up && x < 0, up ? "1" : "0", unit};
  }
  Decimal number = with_digits(x, digits);
  if (number.unit > unit) {
    number.digits += '0';
    number.unit = unit;
  }
  return number;
}

Decimal without_trailing_zeros(Decimal number) {
  while (number.digits.size() > 1 && number.digits.back() == '0') {
    number.digits.pop_back();
    ++number.unit;
  }
  return number;
}

std::string with_separators(std::string text) {
  for (std::size_t at = std::min(text.find('.'), text.size()); at > 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  return text;
}

// "1250", unit -1: "125.0"; unit 2: "125000".
std::string with_point(const std::string& digits, int unit) {
  if (unit >= 0) return digits + std::string(static_cast<std::size_t>(unit), '0');
  const auto decimals = static_cast<std::size_t>(-unit);
  const std::string all = digits.size() > decimals ? digits : std::string(decimals + 1 - digits.size(), '0') + digits;
  return all.substr(0, all.size() - decimals) + "." + all.substr(all.size() - decimals);
}

// How to write a number once its digits are known.
struct Writing {
  Notation notation = Notation::plain;
  int first_plain = kFirstPlain, first_power = kFirstPower;  // numbers without a power of ten lie between
  bool separators = false;

  [[nodiscard]] std::string magnitude(const Decimal& number) const {
    const int lead = number.lead();
    if (number.zero()) return first_plain == kLowest ? with_point("0", std::min(number.unit, 0)) : "0";
    if (notation == Notation::suffix && lead >= 3 && lead < kLastSuffix)
      return with_point(number.digits, number.unit - lead / 3 * 3) + " kMBT"[lead / 3];
    if (lead < first_plain || lead >= first_power)
      return fmt::format("{}e{}", with_point(number.digits, number.unit - lead), lead);
    const std::string text = with_point(number.digits, number.unit);
    return separators ? with_separators(text) : text;
  }
  [[nodiscard]] std::string operator()(const Decimal& number) const {
    return (number.negative ? "-" : "") + magnitude(number);
  }
};

constexpr int first_power_of(Notation notation) { return notation == Notation::plain ? kFirstPower : kFirstSmallPower; }

std::string not_finite(double value) { return std::isnan(value) ? kUnknown : value > 0 ? "∞" : "-∞"; }

double larger(double a, double b) { return std::max(std::abs(a), std::abs(b)); }
double smaller(double a, double b) { return std::min(std::abs(a), std::abs(b)); }

// How a value and its interval are rounded and written: decided once, for all three.
class Rounding {
 public:
  Rounding(double value, double lo, double hi, Notation notation) : value_(value), writing_{notation} {
    choose_digits(lo, hi);
    look_outside(lo, hi);
    int lead = kLowest;  // of the largest number as printed
    for (const double x : {value, lo, hi})
      if (std::isfinite(x) && x != 0) lead = std::max(lead, decimal(x).lead());
    writing_.first_power = first_power_of(notation);
    if (notation == Notation::plain && lead >= writing_.first_power) writing_.first_power = kFirstSmallPower;
    if (!apart_ && lead >= kFirstPlain) writing_.first_plain = kLowest;
  }

  [[nodiscard]] std::string print(double x) const { return std::isfinite(x) ? writing_(decimal(x)) : not_finite(x); }

 private:
  void choose_digits(double lo, double hi) {
    const bool both = std::isfinite(lo) && std::isfinite(hi);
    // An interval that is open on one side is as wide as from its end to the value.
    const double end = std::isfinite(lo) ? lo : hi;
    const double a = both ? lo : end, b = both ? hi : value_;
    if (!std::isfinite(a) || !std::isfinite(b)) {
      apart_ = true;
      return;
    }
    const bool one_sign = (a > 0 && b > 0) || (a < 0 && b < 0);
    apart_ = one_sign || !both ? larger(a, b) > kFarApart * smaller(a, b) : lopsided(lo, hi);
    const double half = both ? std::abs(hi / 2 - lo / 2) : std::abs(b - a);
    unit_ = half > 0 ? lead_of(half) - 1 : lead_of(larger(a, b)) - 2;
  }

  // Through zero, the value much nearer to one end than to the other. A value of less than a millionth of the interval
  // is as good as zero.
  [[nodiscard]] bool lopsided(double lo, double hi) const {
    if (!(value_ > lo && value_ < hi)) return false;
    const double below = value_ - lo, above = hi - value_, size = larger(lo, hi) / std::abs(value_);
    return std::max(below, above) > kFarApart * std::min(below, above) && size > kFarApart && size < 1e6;
  }

  // A value outside its interval needs the digits of its distance to be seen there.
  void look_outside(double lo, double hi) {
    if (!(value_ < lo || value_ > hi) || !std::isfinite(value_)) return;
    near_ = value_ < lo ? lo : hi;
    if (!std::isfinite(near_)) return;
    distance_lead_ = with_digits(near_ - value_, kRounded).lead();
    unit_ = std::min(unit_, distance_lead_);
  }

  [[nodiscard]] Decimal decimal(double x) const {
    const int lead = lead_of(x), seen = x == value_ || x == near_ ? lead - distance_lead_ + 1 : 0;
    if (apart_) return with_digits(x, std::clamp(seen, 2, kMostDigits));
    return rounded_to(x, std::max(unit_, lead + 1 - kMostDigits));
  }

  double value_, near_ = std::numeric_limits<double>::quiet_NaN();  // near_: the end that the value lies beyond
  bool apart_ = false;  // each number has digits of its own; else unit_ is that of all
  int unit_ = 0, distance_lead_ = -kLowest;
  Writing writing_;
};

std::string bracket(const Rounding& rounding, double lo, double hi) {
  const auto end = [&](double x) { return std::isnan(x) ? std::string("unbounded") : rounding.print(x); };
  return fmt::format("[{}, {}]", end(lo), end(hi));
}

}  // namespace

Notation notation_of(std::string_view unit) {
  const std::string_view first = unit.substr(0, unit.find(' '));  // "steps at the peak learning rate" are steps
  for (const std::string_view counted : {"parameters", "tokens", "sequences", "steps"})
    if (first == counted) return Notation::suffix;
  return first.starts_with("FLOP") ? Notation::power : Notation::plain;
}

std::string format_number(double value, int digits, Notation notation) {
  if (!std::isfinite(value)) return not_finite(value);
  Writing writing{notation, kFirstPlain, first_power_of(notation), notation == Notation::plain};
  const int lead = lead_of(value);
  const bool whole = notation == Notation::plain && lead < writing.first_power && lead >= digits;
  return writing(without_trailing_zeros(value == 0 ? Decimal{} : rounded_to(value, whole ? 0 : lead - digits + 1)));
}

std::string format_value(double value, double lo, double hi, Notation notation) {
  if (std::isnan(lo) && std::isnan(hi)) return format_number(value, 3, notation);
  const Rounding rounding(value, lo, hi, notation);
  return fmt::format("{} {}", rounding.print(value), bracket(rounding, lo, hi));
}

std::string format_interval(double lo, double hi, Notation notation) {
  if (std::isnan(lo) && std::isnan(hi)) return kUnknown;
  return bracket(Rounding(std::numeric_limits<double>::quiet_NaN(), lo, hi, notation), lo, hi);
}

std::string format_whole(double count) {
  if (!std::isfinite(count)) return not_finite(count);
  const std::string text = with_separators(fmt::format("{:.0f}", std::abs(count)));
  return count < 0 && text != "0" ? "-" + text : text;
}

std::string format_flop(double flop) { return format_number(flop, 3, Notation::power) + " FLOP"; }

std::string format_percent(double share, int digits) {
  return std::isnan(share) ? kUnknown : format_number(100 * share, digits) + " %";
}

}  // namespace phaselaw::base
