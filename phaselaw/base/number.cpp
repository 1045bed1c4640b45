// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/number.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "phaselaw/base/ascii.h"

namespace phaselaw::base {

namespace {

bool equal_words(std::string_view text, std::string_view word) {
  return std::equal(text.begin(), text.end(), word.begin(), word.end(), [](char a, char b) { return lower(a) == b; });
}

// Splits off the last letter of a number; '\0' if the text ends in none of `letters`.
std::pair<std::string_view, char> with_letter(std::string_view text, std::string_view letters) {
  text = trimmed(text);
  if (text.empty() || letters.find(text.back()) == std::string_view::npos) return {text, '\0'};
  return {text.substr(0, text.size() - 1), text.back()};
}

}  // namespace

Number parse_number(std::string_view text) {
  text = trimmed(text);
  const bool begins_with_a_digit = !text.empty() && text.front() >= '0' && text.front() <= '9';
  if (!begins_with_a_digit)
    for (const std::string_view word : {"", "na", "n/a", "null", "none", "-"})
      if (equal_words(text, word)) return {NumberKind::missing, 0};
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double x = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), x);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument) return {NumberKind::not_a_number, 0};
  if (error == std::errc::result_out_of_range) return {NumberKind::out_of_range, 0};
  if (!std::isfinite(x)) return {NumberKind::not_finite, 0};
  return {NumberKind::finite, x};
}

Number parse_count(std::string_view text) {
  const auto [digits, letter] = with_letter(text, "kKMBGT");
  Number number = parse_number(digits);
  if (letter == '\0') return number;
  if (number.kind != NumberKind::finite) return {NumberKind::not_a_number, 0};
  number.value *= letter == 'k' || letter == 'K' ? 1e3 : letter == 'M' ? 1e6 : letter == 'T' ? 1e12 : 1e9;
  if (!std::isfinite(number.value)) return {NumberKind::out_of_range, 0};
  return number;
}

std::optional<double> parse_quantity(std::string_view text) {
  const auto slash = text.find('/');
  const Number above = parse_count(text.substr(0, slash));
  if (above.kind != NumberKind::finite) return {};
  if (slash == std::string_view::npos) return above.value;
  const Number below = parse_count(text.substr(slash + 1));
  if (below.kind != NumberKind::finite || below.value == 0) return {};
  return above.value / below.value;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

std::optional<double> parse_bytes(std::string_view text) {
  constexpr std::string_view kLetters = "KMGT";
  const auto [digits, letter] = with_letter(text, kLetters);
  const Number number = parse_number(digits);
  if (number.kind != NumberKind::finite) return {};
  return letter == '\0' ? number.value
                        : number.value * std::pow(1024.0, static_cast<double>(kLetters.find(letter)) + 1);
}

std::string bytes_text(double bytes) {
  std::string letter;
  for (const char next : {'K', 'M', 'G', 'T'}) {
    if (!(bytes >= 1024) || std::fmod(bytes, 1024) != 0) break;
    bytes /= 1024;
    letter = next;
  }
  return fmt::format("{:.0f}{}", bytes, letter);
}

}  // namespace phaselaw::base
