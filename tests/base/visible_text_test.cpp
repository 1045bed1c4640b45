// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/visible_text.h"

#include <random>

#include <gtest/gtest.h>

#include "phaselaw/base/csv.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/value.h"

namespace phaselaw::base {
namespace {

using namespace std::string_literals;

TEST(VisibleText, ControlCharactersBecomeEscapesAndOtherTextIsUnchanged) {
  EXPECT_EQ(one_line("a\x1b[31mred\x07\nphaselaw: all is well\r\t\x7f\0"s),
            "a\\x1b[31mred\\x07\\nphaselaw: all is well\\r\\t\\x7f\\x00");
  EXPECT_EQ(one_line("\xc2\x9b"
                     "2J \xe2\x80\xae"
                     "evil\xe2\x81\xa9\xe2\x80\xa8"),
            "\\u009b2J \\u202eevil\\u2069\\u2028");
  EXPECT_EQ(one_line("\xff\xc3 \xed\xa0\x80 \xc0\x8a"), "\\xff\\xc3 \\xed\\xa0\\x80 \\xc0\\x8a");
  for (const std::string plain :
       {"", "loss", "n\xc3\xa4ive \xe2\x80\x93 \xce\xb1 \xe2\x80\x90 \xf0\x9f\x98\x80", "\xc2\xa0"}) {
    EXPECT_EQ(one_line(plain), plain);
    EXPECT_EQ(visible_lines(plain), plain);
  }
  EXPECT_EQ(visible_lines("one\ntwo\x1b\n"), "one\ntwo\\x1b\n");
}

// Any bytes: the result is valid UTF-8 without a hidden character.
TEST(VisibleText, AnyBytesBecomeTextThatIsSafeOnATerminal) {
  std::mt19937 random(5);
  std::uniform_int_distribution<int> byte(0, 255), length(0, 40), choice(0, 4);
  const char* const pieces[] = {"\xe2\x80\xae", "\xc2\x85", "\x1b[2J", "\xe2\x81\xa6", "\n"};
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    for (int n = length(random); n > 0; --n)
      text +=
          choice(random) == 0 ? std::string(pieces[choice(random)]) : std::string(1, static_cast<char>(byte(random)));
    const std::string shown = one_line(text);
    for (std::size_t at = 0; at < shown.size();) {
      const std::size_t size = utf8_length(std::string_view(shown).substr(at, 4));
      ASSERT_GT(size, 0U);
      if (size == 1)
        ASSERT_TRUE(shown[at] >= 0x20 && shown[at] != 0x7f);
      else
        ASSERT_FALSE(is_hidden_character(std::string_view(shown).substr(at, size)));
      at += size;
    }
    ASSERT_EQ(one_line(shown), shown);
  }
}

TEST(VisibleText, JsonEscapesWhatActsOnATerminalAndKeepsTheValue) {
  const std::string name = "a\x1b\x7f\xc2\x9b\xe2\x80\xae\n\xce\xb1";
  const std::string json = to_json(Value::table({{name, name}}), -1);
  EXPECT_EQ(json, R"({"a\u001b\u007f\u009b\u202e\n)"
                  "\xce\xb1"
                  R"(":"a\u001b\u007f\u009b\u202e\n)"
                  "\xce\xb1"
                  R"("})");
  EXPECT_EQ(parse_json(json, "x").entries().front().first, name);
  EXPECT_EQ(parse_json(json, "x").entries().front().second.text(), name);
}

TEST(Csv, FormulasAreGuardedAndNumbersAreNot) {
  EXPECT_EQ(csv_text("=HYPERLINK(\"http://x\")"), "\"'=HYPERLINK(\"\"http://x\"\")\"");
  EXPECT_EQ(csv_text("@SUM(A1)"), "'@SUM(A1)");
  EXPECT_EQ(csv_text("+cmd|' /C calc'!A0"), "'+cmd|' /C calc'!A0");
  EXPECT_EQ(csv_text("-2+3"), "'-2+3");
  EXPECT_EQ(csv_text("\t=1"), "\"'\t=1\"");
  EXPECT_EQ(csv_text("\r=1"), "\"'\r=1\"");
  EXPECT_EQ(csv_text("'=1"), "''=1");
  for (const std::string same : {"-1.5", "+3e4", "-inf", "-", "", "adam", "a=b", "it's", "'quoted'"})
    EXPECT_EQ(csv_text(same), same);
}

TEST(Csv, AGuardedTextReadsBackAsItself) {
  std::mt19937 random(6);
  const std::string letters = "'=+-@\t\r1a. ";
  std::uniform_int_distribution<std::size_t> letter(0, letters.size() - 1), length(0, 6);
  for (int i = 0; i < 5000; ++i) {
    std::string text;
    for (std::size_t n = length(random); n > 0; --n) text += letters[letter(random)];
    ASSERT_EQ(csv_unguarded(csv_guarded(text)), text);
  }
}

}  // namespace
}  // namespace phaselaw::base
