// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/number_style.h"

#include <cmath>

#include <gtest/gtest.h>

#include "count_allocations.h"

namespace phaselaw::documents {
namespace {

using base::NumberKind;

double value(std::string_view text, const NumberStyle& style) {
  const base::Number number = parse_number(text, style);
  return number.kind == NumberKind::finite ? number.value : NAN;
}

const NumberStyle kDotThousands = {.decimal = ',', .thousands = '.'};
const NumberStyle kMarked = {.marked = true};
const NumberStyle kUncertain = {.marked = true, .uncertainty = true};

TEST(NumberStyle, SeparatorsBetweenGroupsOfThree) {
  EXPECT_EQ(value("1,234,567.5", {.thousands = ','}), 1234567.5);
  EXPECT_EQ(value("1.234.567,5", kDotThousands), 1234567.5);
  EXPECT_EQ(value("-1.234", kDotThousands), -1234);
  EXPECT_EQ(value("500", kDotThousands), 500);
  EXPECT_EQ(value("1'234'567", {.thousands = '\''}), 1234567);
  EXPECT_EQ(value("1’234", {.thousands = '\''}), 1234);
  EXPECT_EQ(value("1_000_000", {.thousands = '_'}), 1e6);
  EXPECT_EQ(value("1 234,5", {.decimal = ',', .thousands = ' '}), 1234.5);
  EXPECT_EQ(value("1\u00a0234\u202f567,5", {.decimal = ',', .thousands = ' '}), 1234567.5);
  EXPECT_EQ(value("12\u2009000", {.thousands = ' '}), 12000);
  EXPECT_EQ(value("4,91", {.decimal = ','}), 4.91);
  EXPECT_EQ(value("3,4e-1", {.decimal = ','}), 0.34);
}

TEST(NumberStyle, GroupsOfAnyOtherLengthAreNoNumber) {
  for (const char* text : {"1,23", "12,34,567", "1234,567", ",123", "1,234,56", "1,,234", "1,234,"})
    EXPECT_EQ(parse_number(text, {.thousands = ','}).kind, NumberKind::not_a_number) << text;
  EXPECT_EQ(parse_number("1.2.3", kDotThousands).kind, NumberKind::not_a_number);
  EXPECT_EQ(parse_number("1,234", {.thousands = ' '}).kind, NumberKind::not_a_number);
}

TEST(NumberStyle, MarksOfAWriter) {
  for (const char* text :
       {"~3.412", "≈ 3.412", "**3.412**", "__3.412__", "`3.412`", "$3.412$", "\\textbf{3.412}", "$\\mathbf{3.412}$",
        "[3.412](https://example.org/a_b)", "<b>3.412</b>", "**~3.412**", "3.412*", "*3.412*", " ~ **3.412** "})
    EXPECT_EQ(value(text, kMarked), 3.412) << text;
  EXPECT_EQ(value("−3.5", kMarked), -3.5);
  EXPECT_EQ(parse_number("~3.4", {.thousands = ','}).kind, NumberKind::not_a_number);
  EXPECT_EQ(parse_number("**", kMarked).kind, NumberKind::not_a_number);
}

TEST(NumberStyle, PowersOfTen) {
  for (const char* text : {"3.4 x 10^-1", "3.4×10⁻¹", "3.4e-1", "3.4E-01", "$3.4 \\times 10^{-1}$", "3.4 * 10**-1",
                           "3.4 · 10⁻¹", "3.4*10^-1"})
    EXPECT_EQ(value(text, kMarked), 0.34) << text;
  EXPECT_EQ(value("1.2×10²¹", kMarked), 1.2e21);
  EXPECT_EQ(parse_number("1×10⁹⁹⁹", kMarked).kind, NumberKind::out_of_range);
}

TEST(NumberStyle, Uncertainties) {
  for (const char* text : {"3.41 ± 0.02", "3.41±0.02", "3.41 +- 0.02", "3.41 +/- 0.02", "3.41(2)", "$3.41 \\pm 0.02$",
                           "3.41 (±0.02)", "3.41"})
    EXPECT_EQ(value(text, kUncertain), 3.41) << text;
  EXPECT_NEAR(value("(3.4 ± 0.1) × 10⁻¹", kUncertain), 0.34, 1e-15);
  EXPECT_NEAR(value("(3.4±0.1)e-1", kUncertain), 0.34, 1e-15);
  EXPECT_EQ(parse_number("3.41(2)", kMarked).kind, NumberKind::not_a_number);
  EXPECT_EQ(parse_number("(3.41)", kUncertain).kind, NumberKind::not_a_number);
}

TEST(NumberStyle, PercentCountsAndUnits) {
  EXPECT_DOUBLE_EQ(value("12.5%", {.percent = true}), 0.125);
  EXPECT_DOUBLE_EQ(value("12,5 %", {.decimal = ',', .percent = true}), 0.125);
  EXPECT_DOUBLE_EQ(value("12.5\\%", {.marked = true, .percent = true}), 0.125);
  EXPECT_DOUBLE_EQ(value("12.5% ± 0.3%", {.marked = true, .percent = true, .uncertainty = true}), 0.125);
  EXPECT_EQ(value("0", {.percent = true}), 0);
  EXPECT_EQ(parse_number("12.5", {.percent = true}).kind, NumberKind::not_a_number);
  EXPECT_EQ(parse_number("nan%", {.percent = true}).kind, NumberKind::not_finite);
  EXPECT_EQ(value("70M", {.counts = true}), 7e7);
  EXPECT_EQ(value("1.4 billion", {.counts = true}), 1.4e9);
  EXPECT_EQ(value("1,4B", {.decimal = ',', .counts = true}), 1.4e9);
  EXPECT_EQ(value("70m", {.counts = true}), 7e7);
  EXPECT_EQ(value("1.4B tokens", {.counts = true, .unit = "tokens"}), 1.4e9);
  EXPECT_EQ(value("1.2 PFLOP", {.counts = true, .unit = "FLOP"}), 1.2e15);
  EXPECT_EQ(value("99.1ms", {.unit = "ms"}), 99.1);
  EXPECT_EQ(value("1.2e21 FLOPs", {.unit = "FLOPs"}), 1.2e21);
  EXPECT_EQ(parse_number("99.1s", {.unit = "ms"}).kind, NumberKind::not_a_number);
  EXPECT_EQ(parse_number("99.1", {.unit = "ms"}).kind, NumberKind::not_a_number);
  EXPECT_EQ(parse_number("70M", {.thousands = ','}).kind, NumberKind::not_a_number);
}

TEST(NumberStyle, WordsForNothing) {
  for (const char* text : {"", "-", "NA", "n/a", "null", "None"}) {
    EXPECT_EQ(parse_number(text, {}).kind, NumberKind::missing) << text;
    EXPECT_EQ(parse_number(text, {.thousands = ','}).kind, NumberKind::missing) << text;
  }
  for (const char* text : {"--", "—", "---"}) EXPECT_EQ(parse_number(text, kMarked).kind, NumberKind::missing) << text;
  for (const char* text : {"nan", "NaN", "inf", "-Inf", "**nan**"})
    EXPECT_EQ(parse_number(text, kMarked).kind, NumberKind::not_finite) << text;
}

TEST(NumberStyle, AllocatesNothing) {
  const NumberStyle unit = {.decimal = ',', .thousands = '.', .marked = true, .counts = true, .unit = "tokens"};
  const long before = allocations.load();
  double sum = value("3.412", {}) + value("~1.234,5M tokens", unit);
  EXPECT_EQ(allocations.load(), before);
  EXPECT_DOUBLE_EQ(sum, 3.412 + 1234.5e6);
}

}  // namespace
}  // namespace phaselaw::documents
