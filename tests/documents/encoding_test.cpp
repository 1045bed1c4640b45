// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/encoding.h"

#include <gtest/gtest.h>

#include "base/message_of.h"
#include "documents/scratch_files.h"
#include "phaselaw/base/errors.h"

namespace phaselaw::documents {
namespace {

using base::testing::contains;
using testing::document_of;

// The code points of a valid UTF-8 text, by a decoder of the test's own.
std::vector<char32_t> code_points(const std::string& text) {
  std::vector<char32_t> points;
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    const std::size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    char32_t point = length == 1 ? first : first & (0xFF >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) point = point << 6 | (static_cast<unsigned char>(text[at + i]) & 0x3F);
    points.push_back(point);
    at += length;
  }
  return points;
}

std::string utf16(const std::string& text, bool big_endian) {
  std::string bytes;
  for (const char32_t point : code_points(text)) {
    if (point >= 0x10000) {
      bytes += testing::raw_bytes(static_cast<std::uint16_t>(0xD800 + ((point - 0x10000) >> 10)), big_endian);
      bytes += testing::raw_bytes(static_cast<std::uint16_t>(0xDC00 + ((point - 0x10000) & 0x3FF)), big_endian);
    } else {
      bytes += testing::raw_bytes(static_cast<std::uint16_t>(point), big_endian);
    }
  }
  return bytes;
}

std::string utf32(const std::string& text, bool big_endian) {
  return testing::raw_bytes(code_points(text), big_endian);
}

Decoded decoded(const std::string& bytes) { return decode(document_of(bytes, "a.csv")); }

const std::string kText = "Schritt,Verlust\r\n1,\u00e4\u20ac\u4e2d\U0001F600\n2,3\r3,4";

TEST(Encoding, Utf8IsKeptWithoutACopy) {
  const Document raw = document_of(kText);
  const Decoded result = decode(raw);
  EXPECT_EQ(result.document.text, raw.text);
  EXPECT_EQ(result.document.encoding, "UTF-8");
  EXPECT_TRUE(result.notes.empty());
}

TEST(Encoding, AByteOrderMarkIsRemoved) {
  const Decoded result = decoded("\xef\xbb\xbf" + kText);
  EXPECT_EQ(*result.document.text, kText);
  EXPECT_EQ(result.document.encoding, "UTF-8 with a byte order mark");
  EXPECT_GE(result.document.text->capacity(), kText.size() + Document::kPadding);
}

TEST(Encoding, WideTextsOfBothByteOrdersAreRead) {
  for (const bool big_endian : {false, true}) {
    const std::string mark = utf16("\xef\xbb\xbf", big_endian);
    EXPECT_EQ(*decoded(mark + utf16(kText, big_endian)).document.text, kText);
    EXPECT_EQ(decoded(mark + utf16(kText, big_endian)).document.encoding, "UTF-16");
    const std::string wide = utf32("\xef\xbb\xbf", big_endian) + utf32(kText, big_endian);
    EXPECT_EQ(*decoded(wide).document.text, kText);
    EXPECT_EQ(decoded(wide).document.encoding, "UTF-32");
    const std::string plain = "step,loss\n1,3.5\n2,3.25\n";
    const Decoded unmarked = decoded(utf16(plain, big_endian));
    EXPECT_EQ(*unmarked.document.text, plain);
    EXPECT_TRUE(contains(unmarked.notes.at(0), "every second byte is zero"));
  }
}

TEST(Encoding, UnitsThatAreNoCharacterAreReplaced) {
  const std::string lone(
      "\xff\xfe\x00\xd8"
      "a\0",
      6);
  const Decoded result = decoded(lone);
  EXPECT_EQ(*result.document.text,
            "\ufffd"
            "a");
  EXPECT_TRUE(contains(result.notes.at(0), "1 units of UTF-16"));
  EXPECT_EQ(*decoded(lone + "x").document.text,
            "\ufffd"
            "a\ufffd");
}

TEST(Encoding, OtherBytesAreReadAsWindows1252) {
  const Decoded result = decoded("Verlust f\xfcr \x80 5\n");
  EXPECT_EQ(*result.document.text, "Verlust f\u00fcr \u20ac 5\n");
  EXPECT_EQ(result.document.encoding, "Windows-1252");
  EXPECT_TRUE(contains(result.notes.at(0), "Windows-1252"));
  std::string all;
  for (int c = 1; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(code_points(*decoded(all).document.text).size(), 255U);
}

TEST(Encoding, FewInvalidBytesInUtf8AreReplaced) {
  std::string text;
  for (int i = 0; i < 10; ++i) text += "\u00e4\n";
  const Decoded result = decoded(text + "\xff" + text);
  EXPECT_EQ(*result.document.text, text + "\ufffd" + text);
  EXPECT_EQ(result.document.encoding, "UTF-8");
  EXPECT_TRUE(contains(result.notes.at(0), "1 bytes are not valid UTF-8"));
  const Decoded cut = decoded("loss 3\xe2\x82");
  EXPECT_EQ(cut.document.encoding, "UTF-8");
  EXPECT_TRUE(contains(cut.notes.at(0), "ends within a character"));
  // Overlong forms, surrogates and code points beyond the last are invalid.
  for (const char* bytes : {"\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80"})
    EXPECT_EQ(decoded(bytes).document.encoding, "Windows-1252");
}

TEST(Encoding, ZeroBytesAreNoText) {
  const std::string message = base::testing::message_of<base::InputError>(
      [] { static_cast<void>(decoded(std::string("a,b\n1,2\n3,\0\n", 12))); });
  EXPECT_TRUE(contains(message, "a.csv:3: expected text, found a zero byte")) << message;
}

TEST(Encoding, LinesKeepTheirNumbersUnderEveryMutation) {
  testing::Mutator mutator(3);
  for (int i = 0; i < 2000; ++i) {
    const std::string bytes = mutator.mutated("\u00e4" + kText + kText);
    if (is_wide(bytes) || bytes.find('\0') != std::string::npos) continue;
    const std::string text = *decoded(bytes).document.text;
    for (const char end : {'\n', '\r'})
      EXPECT_EQ(std::count(text.begin(), text.end(), end), std::count(bytes.begin(), bytes.end(), end)) << bytes;
    EXPECT_EQ(decoded(text).document.encoding.substr(0, 5), "UTF-8");
  }
}

}  // namespace
}  // namespace phaselaw::documents
