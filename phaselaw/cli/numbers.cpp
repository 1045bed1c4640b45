// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/cli/numbers.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "phaselaw/base/errors.h"

namespace phaselaw::cli {

double positive_number(const char* flag, const std::string& text) {
  const auto wrong = [&]() -> base::InputError {
    return {{flag}, fmt::format("expected a number > 0 such as 1e21, 7B or 20; found '{}'", text)};
  };
  double value = 0;
  const char *begin = text.data(), *end = begin + text.size();
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error != std::errc()) throw wrong();
  if (stop != end) {
    constexpr std::string_view kLetters = "KMBGT";
    constexpr double kFactors[] = {1e3, 1e6, 1e9, 1e9, 1e12};
    const auto at = kLetters.find(*stop == 'k' ? 'K' : *stop);
    if (stop + 1 != end || at == std::string_view::npos) throw wrong();
    value *= kFactors[at];
  }
  if (!(value > 0) || std::isinf(value)) throw wrong();
  return value;
}

std::vector<double> positive_numbers(const char* flag, const std::vector<std::string>& texts) {
  std::vector<double> values;
  for (const std::string& text : texts)
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t comma = std::min(text.find(',', begin), text.size());
      values.push_back(positive_number(flag, text.substr(begin, comma - begin)));
      begin = comma + 1;
    }
  return values;
}

std::map<std::string, double> named_numbers(const char* flag, const std::vector<std::string>& texts) {
  std::map<std::string, double> values;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      throw base::InputError({flag}, fmt::format("expected NAME=NUMBER, e.g. unique_tokens=1e10; found '{}'", text));
    values[text.substr(0, equals)] = positive_number(flag, text.substr(equals + 1));
  }
  return values;
}

}  // namespace phaselaw::cli
