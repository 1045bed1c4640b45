// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

// The smallest pieces of a line of a training log: blanks, numbers with their units, times, words. All functions look
// at `line` from position `at` and are linear in what they consume.
namespace phaselaw::documents {

enum class LogNumber {
  none,      // no number stands here
  value,     // 3.1, -1e-4, 5,290, 12.1%, 124M
  fraction,  // 10/900: a value and the total after it
  time,      // 12:00:01, 2024-01-31T10:00, 1h02m: a time, a date or a duration
  word,      // a word that begins with a digit, such as a hash, a version or an address
};

struct LogToken {
  LogNumber kind = LogNumber::none;
  std::string_view value = {};  // with % and with the letter of a count, without other units
  std::string_view unit = {};   // "ms", "tok/s" or empty
  std::string_view total = {};  // of a fraction
  bool whole = false;           // only digits
  std::size_t end = 0;          // position after everything above
};

// The number, time or word that begins with the digit, sign or dot at `at`.
[[nodiscard]] LogToken log_number(std::string_view line, std::size_t at);

// Position of the first character that is no blank; escape sequences of terminals and backspaces count as blanks.
[[nodiscard]] std::size_t after_log_blanks(std::string_view line, std::size_t at);

// Position after the characters that can be in a word: letters, digits, _ / . - @ # % * ^ $ and letters beyond ASCII.
[[nodiscard]] std::size_t after_log_word(std::string_view line, std::size_t at);

// Whether a number can begin here: a digit, or a sign or a dot before one.
[[nodiscard]] bool begins_log_number(std::string_view line, std::size_t at);

// Signs that draw a bar or a frame (U+2000 to U+2FFF), and plus-minus: 0 if none is here, otherwise its bytes.
[[nodiscard]] std::size_t log_drawing(std::string_view line, std::size_t at);

// Whether a word is in a short list of words that are not empty.
[[nodiscard]] bool is_listed_word(std::string_view word, std::span<const std::string_view> list);

// nan, inf, infinity in any case, after an optional sign.
[[nodiscard]] bool is_not_finite_word(std::string_view word);

// None, null, N/A and similar: a name without a value.
[[nodiscard]] bool is_absent_value(std::string_view word);

}  // namespace phaselaw::documents
