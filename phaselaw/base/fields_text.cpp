// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/fields_text.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/ascii.h"
#include "phaselaw/base/number.h"

namespace phaselaw::base::detail {

double number_from(const std::string& text, const Domain& domain, const std::string& flag) {
  const bool bytes = domain.unit == "bytes";
  const std::optional<double> x = bytes ? parse_bytes(text) : parse_quantity(text);
  if (x && domain.contains(*x)) return *x;
  const std::string expected = bytes ? "a size such as 8G or 500M" : domain.beside(x.value_or(0)).of("a number");
  throw InputError({flag}, fmt::format("expected {}{}; found '{}'", expected,
                                       bytes || x ? "" : ", such as 0.2, 1/6, 1e21 or 7B", text));
}

std::int64_t integer_from(const std::string& text, const Domain& domain, const std::string& flag) {
  const bool bytes = domain.unit == "bytes";
  const std::optional<double> x = bytes ? parse_bytes(text) : parse_quantity(text);
  // Beyond this, a number is not the integer that was typed.
  const bool exact = x && std::abs(*x) <= kLargestExactInteger;
  if (exact && *x == std::floor(*x) && domain.contains(*x)) return static_cast<std::int64_t>(*x);
  Domain possible = domain.beside(x.value_or(0));
  if (x && !exact) possible.hi = std::min(possible.hi, kLargestExactInteger);
  throw InputError({flag}, fmt::format("expected {}; found '{}'",
                                       bytes ? "a size such as 8G or 500M" : possible.of("an integer"), text));
}

void require_text(const std::string& text, const std::string& flag) {
  if (trimmed(text).empty())
    throw InputError({flag}, fmt::format("expected text after the flag; found '{}'; omit the flag instead", text));
  if (text.starts_with("--"))
    throw InputError({flag}, fmt::format("expected text after the flag; found the flag '{}'; a file of that name is "
                                         "written ./{}",
                                         text, text));
}

std::vector<std::string> split_at_commas(const std::vector<std::string>& texts) {
  std::vector<std::string> parts;
  for (const std::string& text : texts)
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t comma = std::min(text.find(',', begin), text.size());
      parts.push_back(text.substr(begin, comma - begin));
      begin = comma + 1;
    }
  return parts;
}

std::pair<std::string, std::string> name_and_value(const std::string& text, const std::string& flag, bool number) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
    throw InputError(
        {flag}, fmt::format("expected {}; found '{}'",
                            number ? "name=number, such as n_params=1e9" : "name=COLUMN, such as loss=val_loss", text));
  return {text.substr(0, equals), text.substr(equals + 1)};
}

std::string default_of(double x) { return std::isnan(x) ? "" : fmt::format("{:g}", x); }

}  // namespace phaselaw::base::detail
