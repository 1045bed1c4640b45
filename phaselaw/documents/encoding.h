// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/documents/reading.h"

// The encoding of a text, and its conversion to UTF-8. Line ends are kept, so a line has the same number before and
// after.
namespace phaselaw::documents {

struct Decoded {
  Document document;               // in UTF-8, without a byte order mark; `encoding` names what it was
  std::vector<std::string> notes;  // whole sentences, about what was assumed or replaced
};

// Recognised, in this order:
//   a byte order mark     UTF-8, UTF-16 and UTF-32 of both byte orders
//   UTF-16 without mark   every second byte of the first 4 KiB is zero, and the others are text
//   UTF-8                 if valid; if only few sequences are invalid, or the last is cut, those become U+FFFD
//   Windows-1252          everything else (it agrees with Latin-1 on printable letters)
// Memory: UTF-8 without a mark is not copied. Otherwise the result stands beside the original until the end. Cost:
// about 0.1 ns per byte of ASCII. Errors: InputError at the line of a zero byte, which is in no text.
[[nodiscard]] Decoded decode(Document raw);

// UTF-16 or UTF-32, to judge by the first bytes.
[[nodiscard]] bool is_wide(std::string_view head);

void append_utf8(std::string& to, char32_t character);
// A short text of unknown encoding: as it is if it is UTF-8, otherwise read as Windows-1252.
[[nodiscard]] std::string as_utf8(std::string_view bytes);

}  // namespace phaselaw::documents
