// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/fields.h"

#include <algorithm>
#include <cmath>

namespace phaselaw::base {

bool Domain::contains(double x) const {
  return std::isfinite(x) && (lo_open ? x > lo : x >= lo) && (hi_open ? x < hi : x <= hi);
}

namespace {

// The shortest text of the number, and large round ones as a power of ten: 0.1, 4096, 1e9, 1e40.
std::string bound_text(double x) {
  int zeros = 0;
  double digits = x;
  while (std::abs(digits) >= 10 && std::fmod(digits, 10) == 0 && std::abs(x) < kLargestExactInteger) {
    digits /= 10;
    ++zeros;
  }
  std::string text = zeros >= 6 ? fmt::format("{}e{}", digits, zeros) : fmt::format("{}", x);
  if (const auto plus = text.find("e+"); plus != std::string::npos) text.erase(plus + 1, 1);
  return text;
}

}  // namespace

std::string Domain::to_string() const {
  const bool has_lo = std::isfinite(lo), has_hi = std::isfinite(hi);
  const std::string from = bound_text(lo), to = bound_text(hi);
  if (has_lo && has_hi) return fmt::format("in {}{}, {}{}", lo_open ? '(' : '[', from, to, hi_open ? ')' : ']');
  if (has_lo) return fmt::format("{} {}", lo_open ? ">" : ">=", from);
  if (has_hi) return fmt::format("{} {}", hi_open ? "<" : "<=", to);
  return "finite";
}

Domain Domain::beside(double x) const {
  if (!hi_is_limit || x > hi) return *this;
  Domain domain = *this;
  domain.hi = std::numeric_limits<double>::infinity();
  domain.hi_is_limit = false;
  return domain;
}

std::string Domain::of(std::string_view article_noun) const {
  if (std::isfinite(lo) || std::isfinite(hi)) return fmt::format("{} {}", article_noun, to_string());
  return fmt::format("a finite {}", article_noun.substr(article_noun.find(' ') + 1));
}

Value Domain::to_value() const {
  const auto bound = [](double x, bool given) { return given && std::isfinite(x) ? Value(x) : Value(); };
  return Value::table({{"minimum", bound(lo, !lo_open)},
                       {"maximum", bound(hi, !hi_open)},
                       {"exclusive_minimum", bound(lo, lo_open)},
                       {"exclusive_maximum", bound(hi, hi_open)},
                       {"unit", unit.empty() ? Value() : Value(unit)}});
}

std::string flag_of(std::string_view field) {
  std::string flag = "--" + std::string(field);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

namespace detail {

void require_in_domain(double x, const Domain& domain, std::string_view key, const Location& where) {
  if (!domain.contains(x))
    throw InputError(where, fmt::format("{} must be {}; found {}", key, domain.beside(x).to_string(), x));
}

void wrong_field(const Value& value, std::string_view key, const std::string& expected) {
  throw InputError(value.where(), fmt::format("{}: expected {}, found {}", key, expected, value.kind()));
}

}  // namespace detail
}  // namespace phaselaw::base
