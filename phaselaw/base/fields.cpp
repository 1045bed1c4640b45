// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/fields.h"

#include <algorithm>
#include <cmath>

namespace phaselaw::base {

bool Domain::contains(double x) const {
  return std::isfinite(x) && (lo_open ? x > lo : x >= lo) && (hi_open ? x < hi : x <= hi);
}

std::string Domain::to_string() const {
  const bool has_lo = std::isfinite(lo), has_hi = std::isfinite(hi);
  if (has_lo && has_hi) return fmt::format("in {}{}, {}{}", lo_open ? '(' : '[', lo, hi, hi_open ? ')' : ']');
  if (has_lo) return fmt::format("{} {}", lo_open ? ">" : ">=", lo);
  if (has_hi) return fmt::format("{} {}", hi_open ? "<" : "<=", hi);
  return "finite";
}

std::string Domain::of(std::string_view article_noun) const {
  if (std::isfinite(lo) || std::isfinite(hi)) return fmt::format("{} {}", article_noun, to_string());
  return fmt::format("a finite {}", article_noun.substr(article_noun.find(' ') + 1));
}

std::string flag_of(std::string_view field) {
  std::string flag = "--" + std::string(field);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

namespace detail {

void require_in_domain(double x, const Domain& domain, std::string_view key, const Location& where) {
  if (!domain.contains(x)) throw InputError(where, fmt::format("{} must be {}; found {}", key, domain.to_string(), x));
}

void wrong_field(const Value& value, std::string_view key, const std::string& expected) {
  throw InputError(value.where(), fmt::format("{}: expected {}, found {}", key, expected, value.kind()));
}

}  // namespace detail
}  // namespace phaselaw::base
