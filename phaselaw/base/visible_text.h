// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// Text from files as a person may safely see it. Names, cells and messages can hold characters that act on a terminal
// or hide what a text says. They become escapes:
//
//   control characters   U+0000 to U+001F and U+007F: \n, \r, \t, otherwise \xNN
//   C1 controls          U+0080 to U+009F: \u0085
//   direction of text    U+202A to U+202E and U+2066 to U+2069, and the line separators U+2028 and U+2029: \u202e
//   broken UTF-8         each byte of it: \xNN
// All other text is unchanged. [S: Unicode Technical Report 36; Boucher and Anderson, Trojan Source, 2021]
// Cost: 1 ns for each byte of ASCII text.
namespace phaselaw::base {

// The length of the UTF-8 sequence at the start of `bytes`: 1 to 4. 0 if it is broken, cut, overlong or a surrogate.
[[nodiscard]] std::size_t utf8_length(std::string_view bytes);

// Whether a valid sequence is one of the characters above, other than those of ASCII.
[[nodiscard]] bool is_hidden_character(std::string_view sequence);

// one_line() of errors.h escapes all of them, so that the line feed in a cell cannot begin a line that looks like another
// message. In several lines of our own, line feeds are kept.
[[nodiscard]] std::string visible_lines(std::string_view text);

// JSON in which the hidden characters, and U+007F, are \uNNNN. They occur only in its texts, so the values are the same.
[[nodiscard]] std::string visible_json(std::string json);

}  // namespace phaselaw::base
