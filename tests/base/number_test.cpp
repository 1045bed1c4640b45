// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/number.h"

#include <gtest/gtest.h>

namespace phaselaw::base {

namespace {

TEST(Number, ReadsDecimalsWithBlanksAndAPlusSign) {
  for (const auto& [text, value] : {std::pair{"12", 12.0}, {" 0.5 ", 0.5}, {"+3e2", 300.0}, {"-1e-3", -1e-3}}) {
    const Number number = parse_number(text);
    EXPECT_EQ(number.kind, NumberKind::finite) << text;
    EXPECT_EQ(number.value, value) << text;
  }
}

TEST(Number, TellsWhatIsMissingFromWhatIsNoNumber) {
  for (const char* text : {"", "  ", "NA", "n/a", "null", "None", "-"})
    EXPECT_EQ(parse_number(text).kind, NumberKind::missing) << text;
  for (const char* text : {"nan", "inf", "-Inf"}) EXPECT_EQ(parse_number(text).kind, NumberKind::not_finite) << text;
  for (const char* text : {"1e999", "1e-999"}) EXPECT_EQ(parse_number(text).kind, NumberKind::out_of_range) << text;
  for (const char* text : {"1,5", "0x10", "12 3", "+-5", "--5", "e5", "five", "1.2.3"})
    EXPECT_EQ(parse_number(text).kind, NumberKind::not_a_number) << text;
}

TEST(Number, ReadsTheLettersOfLargeCounts) {
  for (const auto& [text, value] :
       {std::pair{"70M", 70e6}, {"1.4B", 1.4e9}, {"300 G", 300e9}, {"2T", 2e12}, {"8k", 8e3}})
    EXPECT_EQ(parse_count(text).value, value) << text;
  EXPECT_EQ(parse_count("M").kind, NumberKind::not_a_number);
  EXPECT_EQ(parse_count("-K").kind, NumberKind::not_a_number);
  EXPECT_EQ(parse_count("1e305B").kind, NumberKind::out_of_range);
}

TEST(Number, ReadsFractionsOfQuantities) {
  EXPECT_EQ(parse_quantity("1/6"), 1.0 / 6);
  EXPECT_EQ(parse_quantity("7B"), 7e9);
  for (const char* text : {"1/0", "/6", "1/", "1/2/3", "", "nan", "inf"}) EXPECT_FALSE(parse_quantity(text)) << text;
}

TEST(Number, ReadsWholeNumbersOnlyWhereEveryDigitIsOne) {
  EXPECT_EQ(parse_integer("-42"), -42);
  EXPECT_EQ(parse_integer("9223372036854775807"), 9223372036854775807);
  for (const char* text : {"9223372036854775808", "1.0", " 1", "1e3", ""}) EXPECT_FALSE(parse_integer(text)) << text;
}

TEST(Number, WritesSizesAsTheyAreRead) {
  EXPECT_EQ(parse_bytes("8G"), 8.0 * (1ULL << 30));
  EXPECT_FALSE(parse_bytes("8GB"));
  for (const double bytes : {1.0, 1023.0, 1024.0, 1536.0, 3.0 * (1 << 20), 8.0 * (1ULL << 30)})
    EXPECT_EQ(parse_bytes(bytes_text(bytes)), bytes);
}

}  // namespace

}  // namespace phaselaw::base
