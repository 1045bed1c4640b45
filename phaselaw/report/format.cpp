// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/format.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

namespace phaselaw::report {

namespace {

constexpr const char* kUnknownText = "–";
constexpr int kMostDecimals = 12;

// Decimal exponent of the leading digit.
int leading_exponent(double magnitude) { return static_cast<int>(std::floor(std::log10(magnitude))); }

bool reads_plainly(double magnitude) { return magnitude == 0 || (magnitude >= 1e-3 && magnitude < 1e6); }

std::string special(double value) {
  if (std::isnan(value)) return kUnknownText;
  return value > 0 ? "∞" : "-∞";
}

// "1234567.5" -> "1,234,567.5"
std::string with_thousands(std::string text) {
  const std::size_t first = text.starts_with('-') ? 1 : 0;
  std::size_t end = text.find('.');
  if (end == std::string::npos) end = text.size();
  for (std::size_t at = end; at > first + 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  return text;
}

std::string without_sign_of_zero(std::string text) {
  return text.starts_with('-') && text.find_first_of("123456789") == std::string::npos ? text.substr(1) : text;
}

// `decimals` may be negative: -3 rounds to thousands.
std::string plain(double value, int decimals) {
  if (decimals < 0) {
    const double unit = std::pow(10.0, -decimals);
    value = std::round(value / unit) * unit;
  }
  return without_sign_of_zero(with_thousands(fmt::format("{:.{}f}", value, std::clamp(decimals, 0, kMostDecimals))));
}

std::string scientific(double value, int exponent, int decimals) {
  return without_sign_of_zero(
      fmt::format("{:.{}f}e{}", value / std::pow(10.0, exponent), std::clamp(decimals, 0, kMostDecimals), exponent));
}

// How to print numbers of this magnitude that are worth knowing down to 10^-decimals.
struct Notation {
  bool plain = true;
  int exponent = 0;
  int decimals = 0;
  [[nodiscard]] std::string print(double value) const {
    if (!std::isfinite(value)) return special(value);
    return plain ? report::plain(value, decimals) : scientific(value, exponent, decimals + exponent);
  }
};

// Two significant digits of half the interval's width.
Notation notation_of(double value, double lo, double hi) {
  double magnitude = std::max(std::abs(lo), std::abs(hi));
  if (std::isfinite(value)) magnitude = std::max(magnitude, std::abs(value));
  const double half = (hi - lo) / 2;
  Notation notation;
  notation.plain = reads_plainly(magnitude);
  if (magnitude == 0) return notation;
  notation.exponent = leading_exponent(magnitude);
  const int three_digits = 2 - notation.exponent, eight_digits = 7 - notation.exponent;
  notation.decimals = half > 0 ? std::min(1 - leading_exponent(half), eight_digits) : three_digits;
  // 9.99e21 to two digits is 1.0e22, not 10e21.
  if (magnitude + 0.5 * std::pow(10.0, -notation.decimals) >= std::pow(10.0, notation.exponent + 1))
    ++notation.exponent;
  return notation;
}

// Ends an order of magnitude apart share no sensible last digit: each number then has its own.
bool spans_orders(double lo, double hi) {
  const double small = std::min(std::abs(lo), std::abs(hi)), large = std::max(std::abs(lo), std::abs(hi));
  return lo * hi > 0 && large > 10 * small;
}

}  // namespace

std::string format_number(double value, int digits) {
  if (!std::isfinite(value)) return special(value);
  const double magnitude = std::abs(value);
  if (!reads_plainly(magnitude)) {
    const std::string text = fmt::format("{:.{}e}", value, digits - 1);
    const std::size_t mark = text.find('e');
    std::string mantissa = text.substr(0, mark);
    if (mantissa.find('.') != std::string::npos) {
      mantissa.erase(mantissa.find_last_not_of('0') + 1);
      if (mantissa.ends_with('.')) mantissa.pop_back();
    }
    return fmt::format("{}e{}", mantissa, std::atoi(text.c_str() + mark + 1));
  }
  // From where rounding to `digits` would leave more digits before the point, all of them are printed.
  if (magnitude >= std::pow(10.0, digits) - 0.5) return plain(value, 0);
  return with_thousands(without_sign_of_zero(fmt::format("{:.{}g}", value, digits)));
}

std::string format_interval(double lo, double hi) {
  if (std::isnan(lo) && std::isnan(hi)) return kUnknownText;
  if (!std::isfinite(lo) || !std::isfinite(hi) || spans_orders(lo, hi))
    return fmt::format("[{}, {}]", format_number(lo, 2), format_number(hi, 2));
  const Notation notation = notation_of(lo, lo, hi);
  return fmt::format("[{}, {}]", notation.print(lo), notation.print(hi));
}

std::string format_value(double value, double lo, double hi) {
  if (std::isnan(lo) && std::isnan(hi)) return format_number(value);
  if (!std::isfinite(lo) || !std::isfinite(hi) || spans_orders(lo, hi))
    return fmt::format("{} {}", format_number(value, 2), format_interval(lo, hi));
  const Notation notation = notation_of(value, lo, hi);
  return fmt::format("{} [{}, {}]", notation.print(value), notation.print(lo), notation.print(hi));
}

std::string format_flop(double flop) { return format_number(flop) + " FLOP"; }

std::string format_count(std::int64_t count) { return with_thousands(fmt::format("{}", count)); }

namespace {

// Length of the UTF-8 sequence that begins at `at`, 0 where it is broken, overlong or not a character of XML.
std::size_t sequence_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned lead = byte(at);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (lead < 0xc2 || length == 0) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(at + i) & 0xc0u) != 0x80u) return 0;
  const unsigned second = byte(at + 1);
  const bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
  const bool surrogate = lead == 0xed && second >= 0xa0;
  const bool beyond = lead == 0xf4 && second >= 0x90;
  const bool noncharacter = lead == 0xef && second == 0xbf && byte(at + 2) >= 0xbe;
  return overlong || surrogate || beyond || noncharacter ? 0 : length;
}

}  // namespace

std::string text_table(const std::vector<std::vector<std::string>>& rows) {
  // Continuation bytes of UTF-8 take no room.
  const auto width_of = [](const std::string& cell) {
    return static_cast<std::size_t>(std::count_if(
        cell.begin(), cell.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
  };
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i)
      text += row[i] + std::string(widths[i] - width_of(row[i]) + 2, ' ');
    if (!row.empty()) text += row.back();
    text += "\n";
  }
  return text;
}

std::string clean_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = sequence_length(text, i);
    const auto c = static_cast<unsigned char>(text[i]);
    if (length == 0)
      out += "\xef\xbf\xbd";
    else if (length > 1 || c == '\n' || c == '\t' || (c >= 0x20 && c != 0x7f))
      out += text.substr(i, length);
    i += std::max<std::size_t>(length, 1);
  }
  return out;
}

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (const char c : clean_text(text)) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&#39;";
    else
      out += c;
  }
  return out;
}

}  // namespace phaselaw::report
