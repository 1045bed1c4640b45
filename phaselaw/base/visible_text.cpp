// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/visible_text.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "phaselaw/base/errors.h"

namespace phaselaw::base {

namespace {

unsigned byte_at(std::string_view bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

// The character of a valid sequence of two or three bytes.
unsigned character_of_sequence(std::string_view bytes) {
  return bytes.size() == 2
             ? (byte_at(bytes, 0) & 0x1FU) << 6U | (byte_at(bytes, 1) & 0x3FU)
             : (byte_at(bytes, 0) & 0x0FU) << 12U | (byte_at(bytes, 1) & 0x3FU) << 6U | (byte_at(bytes, 2) & 0x3FU);
}

bool is_plain_ascii(char c) { return c >= 0x20 && c < 0x7f; }

std::string escape_of_byte(char c) {
  if (c == '\n' || c == '\r' || c == '\t') return c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t";
  return fmt::format("\\x{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
}

// The text with each sequence of UTF-8, or broken byte, as `shown` gives it.
template <class Shown>
std::string by_sequence(std::string_view text, const Shown& shown) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text.substr(at, 4));
    const std::string_view sequence = text.substr(at, std::max<std::size_t>(length, 1));
    if (is_hidden_character(sequence))
      out += fmt::format("\\u{:04x}", character_of_sequence(sequence));
    else
      out += shown(sequence, length > 0);
    at += sequence.size();
  }
  return out;
}

std::string with_escapes(std::string_view text, bool keep_line_feeds) {
  const auto kept = [&](char c) { return is_plain_ascii(c) || (c == '\n' && keep_line_feeds); };
  if (std::all_of(text.begin(), text.end(), kept)) return std::string(text);
  return by_sequence(text, [&](std::string_view sequence, bool valid) {
    const bool as_it_is = sequence.size() > 1 || (valid && kept(sequence.front()));
    return as_it_is ? std::string(sequence) : escape_of_byte(sequence.front());
  });
}

}  // namespace

std::size_t utf8_length(std::string_view bytes) {
  if (bytes.empty()) return 0;
  const unsigned first = byte_at(bytes, 0);
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xC2 ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
  if (length == 0 || length > bytes.size()) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if (byte_at(bytes, i) >> 6U != 2) return 0;
  if (length < 3) return length;
  const unsigned second = byte_at(bytes, 1);
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool surrogate = first == 0xED && second >= 0xA0;
  return overlong || surrogate || (first == 0xF4 && second >= 0x90) ? 0 : length;
}

bool is_hidden_character(std::string_view sequence) {
  if (sequence.size() != 2 && sequence.size() != 3) return false;
  const unsigned c = character_of_sequence(sequence);
  return (c >= 0x80 && c < 0xA0) || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

std::string one_line(const std::string& text) { return with_escapes(text, false); }

std::string visible_lines(std::string_view text) { return with_escapes(text, true); }

std::string visible_json(std::string json) {
  const auto suspect = [](char c) { return static_cast<unsigned char>(c) >= 0x7f; };
  if (std::none_of(json.begin(), json.end(), suspect)) return json;
  return by_sequence(
      json, [](std::string_view sequence, bool) { return std::string(sequence == "\x7f" ? "\\u007f" : sequence); });
}

}  // namespace phaselaw::base
