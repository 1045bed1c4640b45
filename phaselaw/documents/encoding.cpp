// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/encoding.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/visible_text.h"

namespace phaselaw::documents {

namespace {

using namespace std::string_view_literals;

constexpr char32_t kReplacement = 0xFFFD;

// A text of units of 2 or 4 bytes.
struct Wide {
  std::size_t unit = 0;  // 0: not wide
  bool big_endian = false;
  std::size_t mark = 0;  // bytes of the byte order mark
};

// Zeros in every second place, and text in the others.
bool looks_like_utf16(std::string_view head, bool big_endian) {
  constexpr std::size_t kSample = 4096;
  head = head.substr(0, std::min(head.size(), kSample));
  const std::size_t pairs = head.size() / 2;
  std::size_t plain = 0;
  for (std::size_t i = 0; i < pairs; ++i) {
    const auto high = static_cast<unsigned char>(head[2 * i + (big_endian ? 0 : 1)]);
    const auto low = static_cast<unsigned char>(head[2 * i + (big_endian ? 1 : 0)]);
    if (high == 0 && low < ' ' && low != '\t' && low != '\n' && low != '\r') return false;
    plain += high == 0 ? 1 : 0;
  }
  return pairs >= 2 && plain * 10 >= pairs * 9;
}

Wide wide_encoding(std::string_view head) {
  if (head.starts_with("\xff\xfe\0\0"sv)) return {4, false, 4};
  if (head.starts_with("\0\0\xfe\xff"sv)) return {4, true, 4};
  if (head.starts_with("\xff\xfe"sv)) return {2, false, 2};
  if (head.starts_with("\xfe\xff"sv)) return {2, true, 2};
  for (const bool big_endian : {false, true})
    if (looks_like_utf16(head, big_endian)) return {2, big_endian, 0};
  return {};
}

char32_t unit_at(std::string_view bytes, std::size_t at, const Wide& wide) {
  char32_t unit = 0;
  for (std::size_t i = 0; i < wide.unit; ++i)
    unit = unit << 8 | static_cast<unsigned char>(bytes[at + (wide.big_endian ? i : wide.unit - 1 - i)]);
  return unit;
}

struct Converted {
  std::string text;
  std::size_t replaced = 0;  // sequences that are no character
};

Converted from_wide(std::string_view bytes, const Wide& wide) {
  Converted result;
  result.text.reserve(bytes.size() / 2 + Document::kPadding);
  std::size_t at = wide.mark;
  for (; at + wide.unit <= bytes.size(); at += wide.unit) {
    char32_t c = unit_at(bytes, at, wide);
    if (wide.unit == 2 && c >= 0xD800 && c < 0xDC00 && at + 4 <= bytes.size())
      if (const char32_t low = unit_at(bytes, at + 2, wide); low >= 0xDC00 && low < 0xE000) {
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
        at += 2;
      }
    if (c > 0x10FFFF || (c >= 0xD800 && c < 0xE000)) {
      c = kReplacement;
      ++result.replaced;
    }
    append_utf8(result.text, c);
  }
  if (at < bytes.size()) {
    append_utf8(result.text, kReplacement);
    ++result.replaced;
  }
  return result;
}

// Eight bytes of ASCII are one step.
bool is_utf8(std::string_view bytes) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080U;
  std::size_t at = 0;
  while (at < bytes.size()) {
    std::uint64_t eight = 0;
    if (at + sizeof(eight) <= bytes.size()) {
      std::memcpy(&eight, bytes.data() + at, sizeof(eight));
      if ((eight & kHighBits) == 0) {
        at += sizeof(eight);
        continue;
      }
    }
    const std::size_t length = base::utf8_length(bytes.substr(at, 4));
    if (length == 0) return false;
    at += length;
  }
  return true;
}

// A text that is UTF-8 except for some bytes: how many, and how many characters beyond ASCII there are besides. The
// start of a character at the end of the text, as in a file that is still written, is no fault.
struct Utf8Faults {
  std::size_t invalid = 0, valid = 0;
  bool cut = false;
};

template <class Use>
void for_each_sequence(std::string_view bytes, Use&& use) {
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t length = base::utf8_length(bytes.substr(at, 4));
    use(bytes.substr(at, std::max<std::size_t>(length, 1)), length > 0);
    at += std::max<std::size_t>(length, 1);
  }
}

Utf8Faults utf8_faults(std::string_view bytes) {
  Utf8Faults faults;
  for_each_sequence(bytes, [&](std::string_view sequence, bool valid) {
    faults.invalid += valid ? 0 : 1;
    faults.valid += valid && sequence.size() > 1 ? 1 : 0;
  });
  for (std::size_t back = 1; back <= 3 && back <= bytes.size() && !faults.cut; ++back) {
    const auto first = static_cast<unsigned char>(bytes[bytes.size() - back]);
    if (first >> 6 == 2) continue;
    const std::size_t needed = first >= 0xF0 && first < 0xF5   ? 4
                               : first >= 0xE0 && first < 0xF0 ? 3
                               : first >= 0xC2 && first < 0xE0 ? 2
                                                               : 1;
    faults.cut = needed > back;
    if (faults.cut) faults.invalid -= back;
    break;
  }
  return faults;
}

Converted from_damaged_utf8(std::string_view bytes) {
  Converted result;
  result.text.reserve(bytes.size() + Document::kPadding);
  for_each_sequence(bytes, [&](std::string_view sequence, bool valid) {
    if (valid) {
      result.text += sequence;
    } else {
      append_utf8(result.text, kReplacement);
      ++result.replaced;
    }
  });
  return result;
}

// The bytes 0x80 to 0x9f of Windows-1252; the five that it leaves open are control characters, as in Latin-1.
constexpr std::array<char16_t, 32> kWindows1252 = {0x20AC, 0x81,   0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                                   0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8D,   0x017D, 0x8F,
                                                   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                                   0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x9D,   0x017E, 0x0178};

std::string from_windows1252(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() + bytes.size() / 8 + Document::kPadding);
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    append_utf8(text, byte >= 0x80 && byte < 0xA0 ? kWindows1252[byte - 0x80] : byte);
  }
  return text;
}

void replace_text(Decoded& decoded, std::string text) {
  text.reserve(text.size() + Document::kPadding);
  decoded.document.text = std::make_shared<const std::string>(std::move(text));
}

void require_no_zeros(const Document& document) {
  const std::string& text = *document.text;
  const auto zero = text.find('\0');
  if (zero == std::string::npos) return;
  const auto lines = std::count(text.begin(), text.begin() + static_cast<long>(zero), '\n');
  throw base::InputError({document.source, lines + 1},
                         "expected text, found a zero byte, as binary data and damaged files have; remove it, for "
                         "example with tr -d '\\000'");
}

void decode_narrow(Decoded& decoded) {
  std::string_view bytes = *decoded.document.text;
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  decoded.document.encoding = "UTF-8";
  const bool marked = bytes.starts_with(kMark);
  if (marked) {
    decoded.document.encoding = "UTF-8 with a byte order mark";
    bytes.remove_prefix(kMark.size());
  }
  if (is_utf8(bytes)) {
    if (marked) replace_text(decoded, std::string(bytes));
    return;
  }
  const Utf8Faults faults = utf8_faults(bytes);
  if (!marked && faults.invalid > faults.valid / 4) {
    decoded.document.encoding = "Windows-1252";
    decoded.notes.push_back(
        "The text is not valid UTF-8 and was read as Windows-1252; if letters beyond ASCII look "
        "wrong, convert the file, for example with iconv -t UTF-8.");
    replace_text(decoded, from_windows1252(bytes));
    return;
  }
  Converted converted = from_damaged_utf8(bytes);
  decoded.notes.push_back(faults.invalid == 0
                              ? std::string("The text ends within a character, so the file may still be written.")
                              : fmt::format("{} bytes are not valid UTF-8 and were replaced.", converted.replaced));
  replace_text(decoded, std::move(converted.text));
}

}  // namespace

void append_utf8(std::string& to, char32_t c) {
  const auto byte = [&](char32_t value) { to += static_cast<char>(value); };
  if (c < 0x80) {
    byte(c);
  } else if (c < 0x800) {
    byte(0xC0 | c >> 6);
    byte(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    byte(0xE0 | c >> 12);
    byte(0x80 | (c >> 6 & 0x3F));
    byte(0x80 | (c & 0x3F));
  } else {
    byte(0xF0 | c >> 18);
    byte(0x80 | (c >> 12 & 0x3F));
    byte(0x80 | (c >> 6 & 0x3F));
    byte(0x80 | (c & 0x3F));
  }
}

std::string as_utf8(std::string_view bytes) { return is_utf8(bytes) ? std::string(bytes) : from_windows1252(bytes); }

bool is_wide(std::string_view head) { return wide_encoding(head).unit != 0; }

Decoded decode(Document raw) {
  Decoded decoded{.document = std::move(raw), .notes = {}};
  const std::string_view bytes = *decoded.document.text;
  if (const Wide wide = wide_encoding(bytes.substr(0, std::min<std::size_t>(bytes.size(), 1 << 16))); wide.unit != 0) {
    Converted converted = from_wide(bytes, wide);
    decoded.document.encoding = wide.unit == 2 ? "UTF-16" : "UTF-32";
    if (wide.mark == 0) decoded.notes.push_back("The text was read as UTF-16, because every second byte is zero.");
    if (converted.replaced > 0)
      decoded.notes.push_back(fmt::format("{} units of {} are no character and were replaced.", converted.replaced,
                                          decoded.document.encoding));
    replace_text(decoded, std::move(converted.text));
  } else {
    decode_narrow(decoded);
  }
  require_no_zeros(decoded.document);
  return decoded;
}

}  // namespace phaselaw::documents
