// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/log_tokens.h"

#include <algorithm>
#include <array>

#include "phaselaw/base/ascii.h"

namespace phaselaw::documents {

namespace {

bool digit_at(std::string_view s, std::size_t i) { return i < s.size() && s[i] >= '0' && s[i] <= '9'; }

bool letter_at(std::string_view s, std::size_t i) {
  if (i >= s.size()) return false;
  const char c = s[i];
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

std::size_t after_digits(std::string_view s, std::size_t i) {
  while (digit_at(s, i)) ++i;
  return i;
}

// Which ASCII characters belong to words; bytes of letters beyond ASCII do too.
constexpr std::array<bool, 256> word_characters() {
  std::array<bool, 256> is = {};
  for (unsigned c = 0; c < 256; ++c)
    is[c] = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c >= 0x80;
  for (const char c : {'_', '/', '.', '-', '@', '#', '%', '*', '^', '$', '+', '&'})
    is[static_cast<unsigned char>(c)] = true;
  return is;
}
constexpr auto kIsWord = word_characters();

// Units that are written after a number. Letters of counts (k, M, B, G, T) are not units: they are part of the value.
constexpr auto kUnits = std::to_array<std::string_view>(
    {"%",        "C",        "GB",        "GFLOP/s",     "GFLOPs",   "GiB",        "KB",           "KiB",     "MB",
     "MiB",      "PFLOP/s",  "TB",        "TFLOP/s",     "TFLOPS",   "TFLOPs",     "TFLOPs/s",     "TiB",     "W",
     "bit",      "bits",     "bpb",       "dB",          "examples", "examples/s", "examples/sec", "h",       "hours",
     "hr",       "hrs",      "images/s",  "images/sec",  "img/s",    "imgs/s",     "it/s",         "iter/s",  "iters/s",
     "its/s",    "kB",       "min",       "mins",        "minutes",  "ms",         "ms/it",        "ms/iter", "ms/step",
     "ms/token", "nat",      "nats",      "ns",          "s",        "s/batch",    "s/epoch",      "s/it",    "s/iter",
     "s/step",   "samples",  "samples/s", "samples/sec", "sec",      "sec/step",   "seconds",      "secs",    "seq/s",
     "step/s",   "steps/s",  "tok/s",     "tok/sec",     "tokens",   "tokens/s",   "tokens/sec",   "toks/s",  "us",
     "us/step",  "us/token", "x",         "z",           "µs"});

bool is_unit(std::string_view word) { return is_listed_word(word, kUnits); }

// Digits, a decimal sign, separators of thousands and an exponent; a comma belongs to the number if a digit follows.
std::size_t after_decimal(std::string_view s, std::size_t i) {
  if (i < s.size() && (s[i] == '-' || s[i] == '+')) ++i;
  while (digit_at(s, i) || (i < s.size() && (s[i] == '.' || s[i] == ',') && digit_at(s, i + 1))) ++i;
  if (i < s.size() && (s[i] == 'e' || s[i] == 'E')) {
    const std::size_t sign = i + 1 < s.size() && (s[i + 1] == '-' || s[i + 1] == '+') ? 1 : 0;
    if (digit_at(s, i + 1 + sign)) i = after_digits(s, i + 1 + sign);
  }
  return i;
}

// The end of a time, date or duration that begins with the digits [at, end); `at` if it is none.
std::size_t after_time(std::string_view s, std::size_t at, std::size_t end) {
  const std::size_t digits = after_digits(s, at);
  const auto two = [&](std::size_t i) { return digit_at(s, i) && digit_at(s, i + 1) && !digit_at(s, i + 2); };
  const auto rest = [&](std::size_t i, std::string_view also) {
    while (digit_at(s, i) || (i < s.size() && also.find(s[i]) != also.npos && digit_at(s, i + 1))) ++i;
    return i;
  };
  if (digits == at || digits >= s.size()) return at;
  if (s[digits] == ':' && digits - at <= 3 && two(digits + 1)) return rest(digits, ":.,");
  const bool iso = s[digits] == '-' && digits - at == 4 && digit_at(s, digits + 1);
  if (iso || (s[digits] == '/' && two(digits + 1) && digits + 3 < s.size() && s[digits + 3] == '/')) {
    std::size_t i = rest(digits, "-/");
    if (i < s.size() && (s[i] == 'T' || s[i] == '_') && digit_at(s, i + 1)) i = rest(i + 1, ":.,+-");
    return i < s.size() && s[i] == 'Z' ? i + 1 : i;
  }
  // 1h02m, 5m32s, 2d3h, 0m 12s
  std::size_t i = end;
  if (i + 2 < s.size() && (s[i] == 'h' || s[i] == 'm') && s[i + 1] == ' ' && digit_at(s, i + 2)) {
    const std::size_t rest_end = after_digits(s, i + 2);
    if (rest_end < s.size() && (s[rest_end] == 'm' || s[rest_end] == 's') && !letter_at(s, rest_end + 1))
      return rest_end + 1;
  }
  while (i + 1 < s.size() && std::string_view("dhm").find(s[i]) != std::string_view::npos && digit_at(s, i + 1))
    i = after_digits(s, i + 1);
  if (i == end) return at;
  return letter_at(s, i) && !letter_at(s, i + 1) ? i + 1 : i;
}

// The unit after the number that ends at `end`: attached to it, or after one blank if no value follows the word.
std::string_view unit_after(std::string_view s, std::size_t end) {
  const std::size_t begin = end < s.size() && s[end] == ' ' ? end + 1 : end;
  const std::size_t last = after_log_word(s, begin);
  std::string_view word = s.substr(begin, last - begin);
  if (word.size() > 12) return {};
  while (!word.empty() && (word.back() == '.' || word.back() == '-')) word.remove_suffix(1);
  if (begin == end && word == "m" && !(last < s.size() && s[last] == ' ' && digit_at(s, last + 1))) return word;
  if (word.empty() || !is_unit(word)) return {};
  if (begin == end) return word;
  const std::size_t next = after_log_blanks(s, last);
  const bool named = next < s.size() && (s[next] == ':' || s[next] == '=' || begins_log_number(s, next));
  return named ? std::string_view() : word;
}

// After the value: the letter of a count or a percent sign, which belong to it, or a unit.
void add_suffix(std::string_view s, std::size_t at, LogToken& token) {
  std::size_t end = token.end;
  const auto ends = [&](std::size_t i) { return i >= s.size() || !kIsWord[static_cast<unsigned char>(s[i])]; };
  if (end < s.size() && std::string_view("kKMBGT").find(s[end]) != std::string_view::npos && ends(end + 1)) ++end;
  if (const std::size_t sign = end + (end < s.size() && s[end] == ' ' ? 1 : 0); sign < s.size() && s[sign] == '%')
    end = sign + 1;
  if (end != token.end) token.whole = false;
  token.value = s.substr(at, end - at);
  token.end = end;
  if (token.value.back() == '%') return;
  token.unit = unit_after(s, end);
  if (!token.unit.empty()) token.end = static_cast<std::size_t>(token.unit.data() - s.data()) + token.unit.size();
}

// A total after a slash, with blanks around it: 10/900, 10/     900, 10 / 900.
bool add_total(std::string_view s, LogToken& token) {
  const std::size_t slash = after_log_blanks(s, token.end);
  if (slash >= s.size() || s[slash] != '/' || slash > token.end + 1) return false;
  const std::size_t begin = after_log_blanks(s, slash + 1);
  const std::size_t end = after_digits(s, begin);
  if (end == begin || letter_at(s, end)) return false;
  token.total = s.substr(begin, end - begin);
  token.end = end;
  return true;
}

}  // namespace

bool begins_log_number(std::string_view line, std::size_t at) {
  if (digit_at(line, at)) return true;
  if (at >= line.size()) return false;
  if (line[at] == '.') return digit_at(line, at + 1);
  if (line[at] != '-' && line[at] != '+') return false;
  return digit_at(line, at + 1) || (at + 1 < line.size() && line[at + 1] == '.' && digit_at(line, at + 2));
}

LogToken log_number(std::string_view line, std::size_t at) {
  LogToken token;
  if (!begins_log_number(line, at)) return token;
  const std::size_t end = after_decimal(line, at);
  if (const std::size_t time = after_time(line, at, end); time != at) {
    token.kind = LogNumber::time;
    token.end = time;
    return token;
  }
  token.kind = LogNumber::value;
  token.end = end;
  token.value = line.substr(at, end - at);
  token.whole = after_digits(line, at) == end;
  const std::size_t dots = static_cast<std::size_t>(std::count(token.value.begin(), token.value.end(), '.'));
  if (dots < 2 && token.whole && add_total(line, token)) {
    token.kind = LogNumber::fraction;
    return token;
  }
  if (dots < 2) add_suffix(line, at, token);
  const std::size_t next = token.end;
  const bool attached = next < line.size() && kIsWord[static_cast<unsigned char>(line[next])] && line[next] != '.' &&
                        log_drawing(line, next) == 0 && token.value.back() != '%';
  if (dots < 2 && !attached) return token;
  token.kind = LogNumber::word;
  token.end = std::max(after_log_word(line, at + 1), next);
  return token;
}

std::size_t after_log_blanks(std::string_view line, std::size_t at) {
  while (at < line.size()) {
    const char c = line[at];
    if (c == ' ' || c == '\t' || c == '\b' || c == '\r' || c == '\0') {
      ++at;
    } else if (c == '\x1b') {
      ++at;
      if (at < line.size() && line[at] == '[') {
        ++at;
        while (at < line.size() && (line[at] < '@' || line[at] > '~')) ++at;
      }
      if (at < line.size()) ++at;
    } else {
      break;
    }
  }
  return at;
}

std::size_t after_log_word(std::string_view line, std::size_t at) {
  while (at < line.size() && kIsWord[static_cast<unsigned char>(line[at])]) {
    if (static_cast<unsigned char>(line[at]) >= 0x80 && log_drawing(line, at) != 0) break;
    ++at;
  }
  return at;
}

std::size_t log_drawing(std::string_view line, std::size_t at) {
  const auto byte = [&](std::size_t i) { return i < line.size() ? static_cast<unsigned char>(line[i]) : 0U; };
  if (byte(at) == 0xE2 && byte(at + 1) >= 0x80 && byte(at + 2) >= 0x80) return 3;
  if (byte(at) == 0xC2 && (byte(at + 1) == 0xB1 || byte(at + 1) == 0xA0 || byte(at + 1) == 0xB7)) return 2;
  return 0;
}

bool is_listed_word(std::string_view word, std::span<const std::string_view> list) {
  if (word.empty()) return false;
  return std::any_of(list.begin(), list.end(), [&](std::string_view known) {
    return known.size() == word.size() && known.front() == word.front() && known == word;
  });
}

bool is_not_finite_word(std::string_view word) {
  if (!word.empty() && (word.front() == '-' || word.front() == '+')) word.remove_prefix(1);
  if (word.size() != 3 && word.size() != 8) return false;
  for (const std::string_view known : {"nan", "inf", "infinity"})
    if (std::equal(word.begin(), word.end(), known.begin(), known.end(),
                   [](char a, char b) { return base::lower(a) == b; }))
      return true;
  return false;
}

bool is_absent_value(std::string_view word) {
  constexpr auto kWords = std::to_array<std::string_view>({"None", "null", "N/A", "NA", "n/a", "-", "--"});
  return is_listed_word(word, kWords);
}

}  // namespace phaselaw::documents
