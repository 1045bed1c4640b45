// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/number_columns.h"

#include <cmath>
#include <filesystem>
#include <random>

#include <gtest/gtest.h>

#include "phaselaw/base/files.h"
#include "phaselaw/documents/delimited.h"

namespace phaselaw::documents {
namespace {

using Columns = std::vector<std::pair<std::string, std::vector<std::string>>>;

struct Decided {
  Table table;
  std::vector<std::string> notes;
};

Decided decide(const Columns& columns, const DocumentOptions& options = {}, std::string_view separator = "comma") {
  Decided out;
  for (const auto& [name, cells] : columns) {
    const std::size_t c = out.table.add_column(name);
    for (std::size_t row = 0; row < cells.size(); ++row) {
      if (row == out.table.n_rows()) out.table.add_row(static_cast<long>(row) + 2);
      out.table.set(row, c, cells[row]);
    }
  }
  decide_styles(out.table, options, out.notes, separator);
  return out;
}

// The numbers of a column, or its ambiguity.
std::string numbers(const Decided& decided, std::size_t column = 0) {
  if (!decided.table.ambiguity(column).empty()) return decided.table.ambiguity(column);
  std::vector<std::string> out;
  for (std::size_t row = 0; row < decided.table.n_rows(); ++row) {
    const base::Number x = decided.table.number(row, column);
    out.push_back(x.kind == base::NumberKind::finite       ? fmt::format("{}", x.value)
                  : x.kind == base::NumberKind::missing    ? "-"
                  : x.kind == base::NumberKind::not_finite ? "nan"
                                                           : "?");
  }
  return fmt::format("{}", fmt::join(out, " "));
}

std::string one(const std::vector<std::string>& cells, const DocumentOptions& options = {},
                std::string_view separator = "comma") {
  return numbers(decide({{"x", cells}}, options, separator));
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
#define EXPECT_CONTAINS(text, part) EXPECT_TRUE(contains(text, part)) << text

TEST(NumberColumns, PlainColumnsGetNoNote) {
  const Decided decided = decide({{"a", {"1", "2.5", "", "nan", "1e5"}}, {"b", {"x", "y", "z", "x", "70"}}});
  EXPECT_EQ(numbers(decided), "1 2.5 - nan 100000");
  EXPECT_TRUE(decided.table.style(0).is_plain());
  EXPECT_TRUE(decided.notes.empty());
  EXPECT_EQ(one({"3.412", "3.120", "2.998"}), "3.412 3.12 2.998");
  EXPECT_EQ(one({"1.000", "2.000", "3.000"}), "1 2 3");
}

TEST(NumberColumns, SignsThatHaveOneReading) {
  EXPECT_EQ(one({"4,91", "4,3"}), "4.91 4.3");
  EXPECT_EQ(one({"1,234,567", "1,200"}), "1234567 1200");
  EXPECT_EQ(one({"1.234.567", "1.200"}), "1234567 1200");
  EXPECT_EQ(one({"1,234.5", "1,200"}), "1234.5 1200");
  EXPECT_EQ(one({"1.234,5", "1.200"}), "1234.5 1200");
  EXPECT_EQ(one({"1 234,5", "12 200"}), "1234.5 12200");
  EXPECT_EQ(one({"1'234", "999"}), "1234 999");
  EXPECT_EQ(one({"0,123", "1,234"}), "0.123 1.234");
  EXPECT_EQ(one({"3,412 ± 0,02", "3,411 ± 0,03"}), "3.412 3.411");
  EXPECT_EQ(decide({{"loss", {"4,91"}}, {"acc", {"0,5"}}}).notes,
            std::vector<std::string>{"Numbers in `loss`, `acc` have a decimal comma."});
}

TEST(NumberColumns, PointsBetweenThousandsAreSeenInTheOrderOfTheRows) {
  const Columns steps = {{"step", {"500", "1.000", "2.000", "4.000"}}, {"loss", {"6.10", "5.42", "4.80", "4.31"}}};
  const Decided decided = decide(steps, {}, "semicolon");
  EXPECT_EQ(numbers(decided), "500 1000 2000 4000");
  EXPECT_EQ(numbers(decided, 1), "6.1 5.42 4.8 4.31");
  EXPECT_EQ(decided.notes, std::vector<std::string>{"Numbers in `step` have points between thousands: 1.000 is 1000."});
  EXPECT_EQ(one({"512", "1.024", "2.048", "4.096"}), "512 1024 2048 4096");
  EXPECT_EQ(one({"500", "1,000", "2,000"}), "500 1000 2000");
  EXPECT_EQ(one({"3", "2.891", "2.755"}), "3 2.891 2.755");
  EXPECT_EQ(one({"3", "2.891", "2.955"}), "3 2.891 2.955");
  EXPECT_EQ(one({"3", "2,891", "2,755"}, {}, "semicolon"), "3 2.891 2.755");
  EXPECT_CONTAINS(one({"0", "1.000", "2.000"}), "'1.000' at line 3 in column `x` is 1 or 1000");
}

TEST(NumberColumns, OtherColumnsShowTheCountry) {
  EXPECT_EQ(numbers(decide({{"x", {"1.234", "2.345"}}, {"loss", {"4,9", "4,8"}}}, {}, "semicolon")), "1234 2345");
  EXPECT_EQ(numbers(decide({{"x", {"1,234", "2,345"}}, {"loss", {"4,9", "4,8"}}}, {}, "semicolon")), "1.234 2.345");
  EXPECT_EQ(numbers(decide({{"x", {"1,234", "2,345"}}, {"loss", {"4.9", "4.8"}}}, {}, "semicolon")), "1234 2345");
  EXPECT_EQ(numbers(decide({{"x", {"3,412", "3,345"}}, {"step", {"1000", "2000"}}}, {}, "semicolon")), "3.412 3.345");
  EXPECT_EQ(one({"1.234", "2.345"}, {}, "semicolon"), "1.234 2.345");
  EXPECT_CONTAINS(numbers(decide({{"x", {"3.412", "3.301"}}, {"n", {"1.000.000", "2.000.000"}}})), "is 3.412 or 3412");
  EXPECT_CONTAINS(numbers(decide({{"x", {"3,412", "3,301"}}, {"n", {"1,000,000", "2,000,000"}}}, {}, "semicolon")),
                  "is 3.412 or 3412");
  EXPECT_EQ(numbers(decide({{"x", {"3,412", "3,301"}}, {"n", {"1,000,000", "2,000,000"}}})), "3412 3301");
  EXPECT_EQ(one({"1,234", "2,345"}), "1234 2345");
}

TEST(NumberColumns, WhatStaysOpenIsAnAmbiguityWhoseNextStepsWork) {
  const std::vector<std::string> commas = {"1,234", "2,345"}, points = {"1.000", "2.000"};
  EXPECT_EQ(
      one(commas, {}, "semicolon"),
      "'1,234' at line 2 in column `x` is 1.234 or 1234; give --decimal , if it is 1.234, or --decimal . if it is "
      "1234");
  EXPECT_EQ(one(commas, {.decimal = ","}, "semicolon"), "1.234 2.345");
  EXPECT_EQ(one(commas, {.decimal = "."}, "semicolon"), "1234 2345");
  EXPECT_CONTAINS(one(points, {}, "semicolon"), "is 1 or 1000");
  EXPECT_EQ(one(points, {.decimal = ","}, "semicolon"), "1000 2000");
  EXPECT_EQ(one(points, {.decimal = "."}, "semicolon"), "1 2");
  const Columns both = {{"step", points}, {"loss", {"5.42", "4.8"}}};
  EXPECT_CONTAINS(numbers(decide(both, {}, "semicolon")), "is 1 or 1000");
  EXPECT_EQ(numbers(decide(both, {.decimal = ","}, "semicolon")), "1000 2000");
  EXPECT_EQ(numbers(decide(both, {.decimal = ","}, "semicolon"), 1), "5.42 4.8");
  EXPECT_CONTAINS(one({"3.41", "3,42"}), "'3.41' at line 2 and '3,42' at line 3");
  EXPECT_CONTAINS(one({"1 234", "1'234"}), "in different ways");
  EXPECT_THROW((void)one({"1"}, {.decimal = "x"}), base::InputError);
}

TEST(NumberColumns, LettersPercentSignsAndUnits) {
  EXPECT_EQ(one({"70M", "1.4B"}), "70000000 1400000000");
  EXPECT_EQ(one({"70m", "1.4b"}), "70000000 1400000000");
  EXPECT_EQ(one({"0", "500", "1k", "2k"}), "0 500 1000 2000");
  EXPECT_EQ(one({"1.4B tokens", "2.8B tokens"}), "1400000000 2800000000");
  EXPECT_EQ(one({"1.2e21 FLOPs", "2e21 FLOPs"}), "1.2e+21 2e+21");
  EXPECT_EQ(one({"12.5%", "0", "nan%", "25%"}), "0.125 0 nan 0.25");
  EXPECT_EQ(decide({{"t", {"99.1ms", "98ms"}}}).notes,
            std::vector<std::string>{"The unit `ms` behind the numbers in `t` was left out."});
  EXPECT_EQ(one({"99.1ms", "-", "98ms", "--"}), "99.1 - 98 -");
  EXPECT_CONTAINS(one({"12", "12M"}), "so the first may lack its letter");
  EXPECT_CONTAINS(one({"12.5", "25%"}), "with and without a percent sign");
  EXPECT_CONTAINS(one({"99ms", "1s"}), "different units");
  EXPECT_CONTAINS(one({"99ms", "98"}), "with and without a unit");
  EXPECT_CONTAINS(one({"70m", "160m"}), "write M for millions");
  EXPECT_EQ(one({"**3.41**", "~3.5", "3.2", "--"}), "3.41 3.5 3.2 -");
  EXPECT_EQ(one({"3.41 ± 0.02", "3.5(1)"}), "3.41 3.5");
}

TEST(NumberColumns, NamesStayText) {
  const Decided decided = decide({{"model", {"70M", "160M"}}, {"run", {"a1", "b2"}}});
  EXPECT_EQ(decided.table.text(0, 0), "70M");
  EXPECT_EQ(decided.table.text(0, 1), "a1");
  EXPECT_TRUE(decide({{"model", {"70m-deduped", "160m-deduped"}}}).notes.empty());
}

}  // namespace
}  // namespace phaselaw::documents
