// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/number_parts.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <utility>

#include "phaselaw/base/ascii.h"

namespace phaselaw::documents {

namespace {

// Inside a buffer: characters of typography, each as one character of ASCII that no cell holds otherwise.
constexpr char kPlusMinus = '\x01', kTimes = '\x02', kRaised = '\x03', kAbout = '\x04';

struct Replacement {
  std::string_view written, ascii;
};
constexpr Replacement kReplacements[] = {
    {"\xe2\x88\x92", "-"},
    {"\xc2\xa0", " "},
    {"\xe2\x80\x89", " "},
    {"\xe2\x80\xaf", " "},
    {"\xe2\x80\x87", " "},
    {"\xe2\x80\x99", "'"},
    {"\xc2\xb1", "\x01"},
    {"\xc3\x97", "\x02"},
    {"\xc2\xb7", "\x02"},
    {"\xe2\x89\x88", "\x04"},
    {"\xe2\x81\xbb", "\x03-"},
    {"\xe2\x81\xb0",
     "\x03"
     "0"},
    {"\xc2\xb9",
     "\x03"
     "1"},
    {"\xc2\xb2",
     "\x03"
     "2"},
    {"\xc2\xb3",
     "\x03"
     "3"},
    {"\xe2\x81\xb4",
     "\x03"
     "4"},
    {"\xe2\x81\xb5",
     "\x03"
     "5"},
    {"\xe2\x81\xb6",
     "\x03"
     "6"},
    {"\xe2\x81\xb7",
     "\x03"
     "7"},
    {"\xe2\x81\xb8",
     "\x03"
     "8"},
    {"\xe2\x81\xb9",
     "\x03"
     "9"},
    {"\\times", "\x02"},
    {"\\cdot", "\x02"},
    {"\\pm", "\x01"},
    {"\\approx", "\x04"},
    {"\\sim", "\x04"},
    {"\\%", "%"},
    {"\\,", " "},
    {"{,}", ","},
    {"+/-", "\x01"},
    {"+-", "\x01"},
    {"&nbsp;", " "},
    {"\xe2\x80\x93", "-"},
    {"\xe2\x80\x94", "-"},
};

bool takes(std::string_view& s, std::string_view prefix) {
  if (!s.starts_with(prefix)) return false;
  s.remove_prefix(prefix.size());
  return true;
}

bool is_any_of(std::string_view s, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view w) {
    return std::equal(s.begin(), s.end(), w.begin(), w.end(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b; });
  });
}

// The cell in ASCII; `typography` if a character was replaced that is not a space.
std::string_view in_ascii(std::string_view cell, NumberBuffer& buffer, bool& typography) {
  const bool plain = std::all_of(cell.begin(), cell.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x80 && c != '\\' && c != '+' && c != '{' && c != '&';
  });
  if (plain) return cell;
  std::size_t size = 0;
  while (!cell.empty()) {
    const auto found = std::find_if(std::begin(kReplacements), std::end(kReplacements),
                                    [&](const Replacement& r) { return cell.starts_with(r.written); });
    if (found == std::end(kReplacements)) {
      buffer[size++] = cell.front();
      cell.remove_prefix(1);
      continue;
    }
    typography |= found->ascii == "-" || found->ascii == "," || found->ascii[0] == kRaised || found->ascii[0] == kTimes;
    std::memcpy(buffer.data() + size, found->ascii.data(), found->ascii.size());
    size += found->ascii.size();
    cell.remove_prefix(found->written.size());
  }
  return {buffer.data(), size};
}

// One layer of marks around a number is removed.
bool peel(std::string_view& s) {
  static constexpr std::pair<std::string_view, std::string_view> kPairs[] = {
      {"**", "**"},      {"__", "__"},   {"*", "*"},      {"_", "_"},      {"`", "`"},
      {"$", "$"},        {"\\(", "\\)"}, {"<b>", "</b>"}, {"<i>", "</i>"}, {"<strong>", "</strong>"},
      {"<em>", "</em>"}, {"{", "}"},     {"\"", "\""}};
  for (const auto& [open, close] : kPairs)
    if (s.size() > open.size() + close.size() && s.starts_with(open) && s.ends_with(close)) {
      s = base::trimmed(s.substr(open.size(), s.size() - open.size() - close.size()));
      return true;
    }
  if (s.size() > 1 && (s.front() == '~' || s.front() == kAbout)) {
    s = base::trimmed(s.substr(1));
    return true;
  }
  if (s.size() > 1 && (s.back() == '*' || s.ends_with("\xe2\x80\xa0"))) {  // a footnote
    s = base::trimmed(s.substr(0, s.size() - (s.back() == '*' ? 1 : 3)));
    return true;
  }
  if (s.starts_with('[') && s.ends_with(')'))
    if (const auto link = s.find("]("); link != std::string_view::npos && link > 1) {
      s = base::trimmed(s.substr(1, link - 1));
      return true;
    }
  for (const std::string_view command : {"\\textbf{", "\\mathbf{", "\\bm{", "\\underline{", "\\text{", "\\textit{",
                                         "\\emph{", "\\mathrm{", "\\num{", "\\bf ", "\\bfseries "})
    if (s.starts_with(command) && (command.back() == ' ' || s.ends_with('}'))) {
      s = base::trimmed(s.substr(command.size(), s.size() - command.size() - (command.back() == ' ' ? 0 : 1)));
      return true;
    }
  return false;
}

// Takes sign, digits and the signs between them from the front; empty if there is no digit.
std::string_view take_digits(std::string_view& s) {
  std::size_t i = !s.empty() && (s[0] == '-' || s[0] == '+') ? 1 : 0;
  bool any = false;
  const auto digit_at = [&](std::size_t at) { return at < s.size() && base::is_digit(s[at]); };
  for (; i < s.size(); ++i) {
    const char c = s[i];
    if (base::is_digit(c)) {
      any = true;
    } else if (c == '.' || c == ',') {
      if (!any && !digit_at(i + 1)) break;
      if (c == ',' && !digit_at(i + 1)) break;
    } else if (c == '\'' || c == '_' || c == ' ') {  // only between groups of three digits
      if (!any || !digit_at(i + 1) || !digit_at(i + 2) || !digit_at(i + 3) || digit_at(i + 4)) break;
    } else {
      break;
    }
  }
  if (!any) return {};
  const std::string_view digits = s.substr(0, i);
  s.remove_prefix(i);
  return digits;
}

bool take_integer(std::string_view& s, int& value) {
  std::string_view t = s;
  if (t.starts_with('+')) t.remove_prefix(1);
  const auto [end, error] = std::from_chars(t.data(), t.data() + t.size(), value);
  if (error != std::errc()) return false;
  s.remove_prefix(static_cast<std::size_t>(end - s.data()));
  return true;
}

// "e-1" directly behind the digits.
void take_exponent(std::string_view& s, NumberParts& parts) {
  if (s.size() < 2 || (s[0] != 'e' && s[0] != 'E')) return;
  std::string_view rest = s.substr(1);
  if (!take_integer(rest, parts.exponent)) return;
  parts.has_exponent = true;
  s = rest;
}

// "x 10^-1", "× 10⁻¹", "* 10^{-1}", "*10**-1".
void take_power_of_ten(std::string_view& s, NumberParts& parts) {
  std::string_view rest = base::trimmed(s);
  if (parts.has_exponent || rest.empty() || (rest[0] != 'x' && rest[0] != '*' && rest[0] != kTimes)) return;
  rest = base::trimmed(rest.substr(1));
  if (!takes(rest, "10")) return;
  int exponent = 0;
  if (rest.starts_with(kRaised)) {
    bool minus = false;
    while (rest.size() > 1 && rest[0] == kRaised) {
      if (rest[1] == '-')
        minus = true;
      else
        exponent = std::min(exponent * 10 + (rest[1] - '0'), 99999);
      rest.remove_prefix(2);
    }
    if (minus) exponent = -exponent;
  } else {
    if (!takes(rest, "^") && !takes(rest, "**")) return;
    const bool braces = takes(rest, "{");
    if (!take_integer(rest, exponent) || (braces && !takes(rest, "}"))) return;
  }
  parts.exponent = exponent;
  parts.has_exponent = parts.marked = true;
  s = rest;
}

// "± 0.02", "(2)", "(0.02)".
bool take_uncertainty(std::string_view& s, NumberParts& parts) {
  std::string_view rest = base::trimmed(s);
  if (rest.starts_with('(')) {
    rest.remove_prefix(1);
    if (rest.starts_with(kPlusMinus)) rest.remove_prefix(1);
    const std::string_view digits = take_digits(rest);
    if (digits.empty() || !takes(rest, ")")) return true;
    parts.uncertain = true;
    s = rest;
    return true;
  }
  if (!rest.starts_with(kPlusMinus)) return true;
  rest = base::trimmed(rest.substr(1));
  parts.uncertainty = take_digits(rest);
  NumberParts own;
  take_exponent(rest, own);
  if (parts.uncertainty.empty() || own.has_exponent)
    parts.uncertainty = {};
  else if (!base::is_digit(parts.uncertainty[0]) && parts.uncertainty[0] != '.')
    return false;
  parts.uncertain = true;
  s = rest;
  return true;
}

double letter_factor(char c) {
  switch (c) {
    case 'k':
    case 'K':
      return 1e3;
    case 'M':
      return 1e6;
    case 'B':
    case 'G':
      return 1e9;
    case 'T':
      return 1e12;
    default:
      return 0;
  }
}

// A letter or word of magnitude, then the words of a unit. False: what follows is neither.
bool take_unit(std::string_view s, NumberParts& parts) {
  s = base::trimmed(s);
  if (s.empty()) return true;
  const auto letters = static_cast<std::size_t>(std::find_if_not(s.begin(), s.end(), base::is_letter) - s.begin());
  const std::string_view word = s.substr(0, letters);
  const bool ends = letters == s.size() || s[letters] == ' ';
  if (word.size() == 1 && ends && letter_factor(word[0]) > 0) {
    parts.factor = letter_factor(word[0]);
    s = base::trimmed(s.substr(1));
  } else if (ends && is_any_of(word, {"thousand", "million", "billion", "bn", "trillion"})) {
    parts.factor = is_any_of(word, {"thousand"})   ? 1e3
                   : is_any_of(word, {"million"})  ? 1e6
                   : is_any_of(word, {"trillion"}) ? 1e12
                                                   : 1e9;
    s = base::trimmed(s.substr(letters));
  } else if (ends && word.size() > 3 &&
             is_any_of(word.substr(1), {"flop", "flops", "tok", "toks", "token", "tokens", "param", "params"})) {
    const auto at = std::string_view("PEZ").find(word[0]);
    const double factor = at != std::string_view::npos ? std::array{1e15, 1e18, 1e21}[at] : letter_factor(word[0]);
    if (factor > 0) {
      parts.factor = factor;
      s.remove_prefix(1);
    }
  }
  constexpr std::size_t kLongestUnit = 32;
  if (s.size() > kLongestUnit) return false;
  if (s.size() > 1 && s[1] == '-' && s[0] >= 'a' && s[0] <= 'z') return false;  // 70m-deduped is a name
  if (!s.empty() && !base::is_letter(s[0]) && static_cast<unsigned char>(s[0]) < 0x80) return false;
  for (const char c : s)
    if (!base::is_letter(c) && c != ' ' && c != '/' && c != '-' && static_cast<unsigned char>(c) < 0x80) return false;
  parts.unit = s;
  return true;
}

bool is_missing_word(std::string_view s) {
  if (s.empty() || is_any_of(s, {"na", "n/a", "n.a.", "null", "none"})) return true;
  return s.size() <= 3 && std::all_of(s.begin(), s.end(), [](char c) { return c == '-'; });
}

bool is_not_finite_word(std::string_view s) {
  if (s.starts_with('-') || s.starts_with('+')) s.remove_prefix(1);
  if (s.ends_with('%')) s = base::trimmed(s.substr(0, s.size() - 1));
  return is_any_of(s, {"nan", "inf", "infinity"});
}

}  // namespace

NumberParts number_parts(std::string_view cell, NumberBuffer& buffer) {
  NumberParts parts;
  if (cell.size() > buffer.size()) return parts;
  std::string_view s = base::trimmed(in_ascii(cell, buffer, parts.marked));
  if (is_missing_word(s)) {
    parts.kind = PartsKind::missing;
    parts.marked |= s.size() > 1 && (s[0] == '-' || s == "n.a." || s == "N.A.");
    return parts;
  }
  while (peel(s)) parts.marked = true;
  if (is_missing_word(s) || is_not_finite_word(s)) {
    parts.kind = is_missing_word(s) ? PartsKind::missing : PartsKind::not_finite;
    parts.percent = s.ends_with('%');
    return parts;
  }
  bool bracket = false;  // (3.4 ± 0.1) x 10^-1
  if (s.starts_with('(') && s.find(kPlusMinus) != std::string_view::npos) bracket = takes(s, "(");
  parts.digits = take_digits(s);
  if (parts.digits.empty()) return parts;
  take_exponent(s, parts);
  if (!take_uncertainty(s, parts)) return parts;
  if (bracket) {
    s = base::trimmed(s);
    if (!takes(s, ")") || parts.has_exponent) return parts;
    take_exponent(s, parts);
  }
  take_power_of_ten(s, parts);
  s = base::trimmed(s);
  if (takes(s, "%")) parts.percent = true;
  if (parts.percent && !parts.uncertain && !take_uncertainty(s, parts)) return parts;
  if (parts.percent) {
    s = base::trimmed(s);
    takes(s, "%");
    if (!base::trimmed(s).empty()) return parts;
  }
  if (!take_unit(s, parts)) return parts;
  parts.kind = PartsKind::number;
  return parts;
}

base::Number number_of_digits(std::string_view digits, int exponent, char decimal, char thousands) {
  constexpr base::Number kNone = {base::NumberKind::not_a_number, 0};
  std::array<char, sizeof(NumberBuffer) + 16> plain = {};
  std::size_t size = 0, group = 0;
  bool grouped = false, fraction = false;
  if (digits.size() > sizeof(NumberBuffer)) return kNone;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  for (const char c : digits) {
    if (base::is_digit(c) || (c == '-' && size == 0)) {
      plain[size++] = c;
      group += c != '-';
    } else if (c == decimal && !fraction) {
      if (grouped && group != 3) return kNone;
      plain[size++] = '.';
      fraction = true;
    } else if (c == thousands && !fraction) {
      if (grouped ? group != 3 : group == 0 || group > 3) return kNone;
      grouped = true;
      group = 0;
    } else {
      return kNone;
    }
  }
  if (grouped && !fraction && group != 3) return kNone;
  if (exponent != 0) {
    plain[size++] = 'e';
    size = static_cast<std::size_t>(std::to_chars(plain.data() + size, plain.data() + plain.size(), exponent).ptr -
                                    plain.data());
  }
  return base::parse_number({plain.data(), size});
}

DigitShape shape_of(const NumberParts& parts) {
  std::string_view digits = parts.digits;
  if (digits.starts_with('-') || digits.starts_with('+')) digits.remove_prefix(1);
  DigitShape shape;
  std::size_t dots = 0, commas = 0, last = std::string_view::npos;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const char c = digits[i];
    if (base::is_digit(c)) continue;
    if (c == '.' || c == ',') {
      (c == '.' ? dots : commas) += 1;
      last = i;
    } else if (shape.groups == '\0' || shape.groups == c) {
      shape.groups = c;
    } else {
      return shape;
    }
  }
  const char sign = last == std::string_view::npos ? '\0' : digits[last];
  const std::size_t same = sign == '.' ? dots : commas, other = dots + commas - same;
  if (sign == '\0') {
    shape.bare = shape.groups == '\0' && !parts.has_exponent;
  } else if (shape.groups != '\0') {
    shape.decimal = sign;
  } else if (other > 0) {
    shape.decimal = sign;
    shape.groups = sign == '.' ? ',' : '.';
  } else if (same > 1) {
    shape.groups = sign;
  } else if (last >= 1 && last <= 3 && digits[0] != '0' && digits.size() - last == 4 && !parts.has_exponent) {
    shape.either = sign;
  } else {
    shape.decimal = sign;
  }
  const char decimal = shape.decimal != '\0' ? shape.decimal : shape.either;
  shape.valid = number_of_digits(parts.digits, 0, decimal, shape.groups).kind != base::NumberKind::not_a_number;
  return shape;
}

bool could_be_number(std::string_view cell) {
  NumberBuffer buffer;
  const NumberParts parts = number_parts(cell, buffer);
  return parts.kind == PartsKind::number ? shape_of(parts).valid : parts.kind != PartsKind::text;
}

}  // namespace phaselaw::documents
