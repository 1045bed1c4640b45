// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/report/format.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include <gtest/gtest.h>

namespace phaselaw::report {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Format, Numbers) {
  const std::pair<double, const char*> cases[] = {{0, "0"},           {-0.0, "0"},         {0.5, "0.5"},
                                                  {1.0 / 6, "0.167"}, {-2.0, "-2"},        {12.345, "12.3"},
                                                  {999.4, "999"},     {999.6, "1,000"},    {1234.5, "1,234"},
                                                  {1249.7, "1,250"},  {999999, "999,999"}, {3.2e12, "3.2e12"},
                                                  {-4e-7, "-4e-7"},   {9.999e20, "1e21"},  {0.001, "0.001"},
                                                  {kNan, "–"},        {kInfinity, "∞"},    {-kInfinity, "-∞"}};
  for (const auto& [value, text] : cases) EXPECT_EQ(format_number(value), text);
  EXPECT_EQ(format_number(3.14159, 5), "3.1416");
}

TEST(Format, ValuesHaveTheDigitsOfTheirInterval) {
  EXPECT_EQ(format_value(0.16349, 0.15112, 0.17553), "0.163 [0.151, 0.176]");
  EXPECT_EQ(format_value(0.5, kNan, kNan), "0.5");
  EXPECT_EQ(format_value(2.4e10, 1.3e10, 4.4e10), "2.4e10 [1.3e10, 4.4e10]");
  EXPECT_EQ(format_value(2.412e10, 2.401e10, 2.423e10), "2.412e10 [2.401e10, 2.423e10]");
  EXPECT_EQ(format_value(123456, 110000, 135000), "123,000 [110,000, 135,000]");
  EXPECT_EQ(format_value(9.0e21, 7.9e21, 9.97e21), "0.90e22 [0.79e22, 1.00e22]");
  EXPECT_EQ(format_value(-0.02, -0.11, 0.07), "-0.020 [-0.110, 0.070]");
  EXPECT_EQ(format_value(0.001, -0.11, 0.11), "0.00 [-0.11, 0.11]");
  EXPECT_EQ(format_value(1, 1, 1), "1.00 [1.00, 1.00]");
  EXPECT_EQ(format_value(0, 0, 0), "0 [0, 0]");
  EXPECT_EQ(format_value(kNan, 1, 2), "– [1.00, 2.00]");
  EXPECT_EQ(format_value(3, 1, kInfinity), "3 [1, ∞]");
  EXPECT_EQ(format_interval(0.15112, 0.17553), "[0.151, 0.176]");
  EXPECT_EQ(format_interval(kNan, kNan), "–");
}

TEST(Format, EndsOrdersApartHaveTheirOwnDigits) {
  EXPECT_EQ(format_value(7.9e7, 2.6e6, 2.1e9), "7.9e7 [2.6e6, 2.1e9]");
  EXPECT_EQ(format_value(2.0, 0.31, 50), "2 [0.31, 50]");
  EXPECT_EQ(format_interval(0.0011, 0.9), "[0.0011, 0.9]");
  EXPECT_EQ(format_interval(-0.6, 20), "[-1, 20]");  // through 0: one last digit for both
}

// Whatever the magnitude, the printed bounds are the true ones to within a tenth of the half width.
TEST(Format, RoundingIsSmallAgainstTheInterval) {
  for (double magnitude = 1e-9; magnitude < 1e15; magnitude *= 3.7)
    for (const double half : {0.3, 0.03, 0.0011}) {
      const double lo = magnitude * (1 - half), hi = magnitude * (1 + half);
      std::string text = format_interval(lo, hi);
      text.erase(std::remove(text.begin(), text.end(), ','), text.end());
      double a = 0, b = 0;
      ASSERT_EQ(std::sscanf(text.c_str(), "[%lf %lf]", &a, &b), 2) << text;
      EXPECT_LE(std::abs(a - lo), 0.1 * (hi - lo) / 2) << text;
      EXPECT_LE(std::abs(b - hi), 0.1 * (hi - lo) / 2) << text;
    }
}

TEST(Format, ComputeAsPeopleWriteIt) {
  EXPECT_EQ(format_flop(3.2e12), "3.2e12 FLOP");
  EXPECT_EQ(format_flop(3.2e13), "3.2e13 FLOP");
  EXPECT_EQ(format_flop(999.9e9), "1e12 FLOP");
  EXPECT_EQ(format_flop(1e22), "1e22 FLOP");
  EXPECT_EQ(format_flop(512), "512 FLOP");
  EXPECT_EQ(format_flop(kNan), "– FLOP");
  EXPECT_EQ(format_count(1250000), "1,250,000");
  EXPECT_EQ(format_count(-999), "-999");
  EXPECT_EQ(format_count(1000), "1,000");
}

TEST(Format, TextIsEscapedAndAlwaysValidUtf8) {
  EXPECT_EQ(escape_html("<a href=\"x\">'&amp;'</a>"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;amp;&#39;&lt;/a&gt;");
  EXPECT_EQ(escape_html("ξ² – 😀\n\t"), "ξ² – 😀\n\t");
  EXPECT_EQ(escape_html(std::string("a\x01\x00z\x7f", 5)), "az");
  EXPECT_EQ(escape_html("\xff|\xc0\xaf|\xed\xa0\x80|\xe2\x82"), "\ufffd|\ufffd\ufffd|\ufffd\ufffd\ufffd|\ufffd\ufffd");
}

}  // namespace
}  // namespace phaselaw::report
