// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/format.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/base/number.h"

namespace phaselaw::base {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr Notation kNotations[] = {Notation::plain, Notation::suffix, Notation::power};

TEST(Format, NumbersWithoutAnInterval) {
  const std::pair<double, const char*> cases[] = {
      {0, "0"},          {-0.0, "0"},        {0.5, "0.5"},        {1.0 / 6, "0.167"},
      {-2.0, "-2"},      {12.345, "12.3"},   {999.4, "999"},      {999.6, "1,000"},
      {1234.5, "1,234"}, {1249.7, "1,250"},  {999999, "999,999"}, {3.2e12, "3.2e12"},
      {-4e-7, "-4e-7"},  {9.999e20, "1e21"}, {0.001, "0.001"},    {999999.6, "1e6"},
      {kNan, "–"},       {kInfinity, "∞"},   {-kInfinity, "-∞"},  {-1234567, "-1.23e6"}};
  for (const auto& [value, text] : cases) EXPECT_EQ(format_number(value), text);
  EXPECT_EQ(format_number(3.14159, 5), "3.1416");
}

TEST(Format, CountsHaveSuffixesAndComputeHasPowers) {
  const auto suffix = [](double x) { return format_number(x, 3, Notation::suffix); };
  EXPECT_EQ(suffix(512), "512");
  EXPECT_EQ(suffix(126247), "126k");
  EXPECT_EQ(suffix(999499), "999k");
  EXPECT_EQ(suffix(999500), "1M");  // never 1000k
  EXPECT_EQ(suffix(70e9), "70B");
  EXPECT_EQ(suffix(1.4e12), "1.4T");
  EXPECT_EQ(suffix(2e15), "2e15");
  EXPECT_EQ(suffix(-1.25e6), "-1.25M");
  EXPECT_EQ(format_number(1300, 2, Notation::power), "1.3e3");
  EXPECT_EQ(format_flop(3.2e13), "3.2e13 FLOP");
  EXPECT_EQ(format_flop(999.9e9), "1e12 FLOP");
  EXPECT_EQ(format_flop(512), "512 FLOP");
  EXPECT_EQ(format_flop(kNan), "– FLOP");
  EXPECT_EQ(notation_of("parameters"), Notation::suffix);
  EXPECT_EQ(notation_of("steps at the peak learning rate"), Notation::suffix);
  EXPECT_EQ(notation_of("tokens/parameter"), Notation::plain);
  EXPECT_EQ(notation_of("FLOP"), Notation::power);
  EXPECT_EQ(notation_of("loss"), Notation::plain);
}

TEST(Format, ThingsThatWereCountedKeepAllDigits) {
  EXPECT_EQ(format_count(1250000), "1,250,000");
  EXPECT_EQ(format_count(-999), "-999");
  EXPECT_EQ(format_count(1000.4), "1,000");
  EXPECT_EQ(format_count(-0.4), "0");
  EXPECT_EQ(format_count(kNan), "–");
}

TEST(Format, PercentagesKeepTheirUnit) {
  EXPECT_EQ(format_percent(0.0261), "2.6 %");
  EXPECT_EQ(format_percent(1.234), "123 %");
  EXPECT_EQ(format_percent(0.975, 4), "97.5 %");
  EXPECT_EQ(format_percent(kNan), "–");
}

TEST(Format, AValueHasTheDigitsOfItsInterval) {
  EXPECT_EQ(format_value(0.16349, 0.15112, 0.17553), "0.163 [0.151, 0.176]");
  EXPECT_EQ(format_value(2.412e10, 2.401e10, 2.423e10), "2.412e10 [2.401e10, 2.423e10]");
  EXPECT_EQ(format_value(123456, 110000, 135000), "123000 [110000, 135000]");
  EXPECT_EQ(format_value(-0.02, -0.11, 0.07), "-0.020 [-0.110, 0.070]");
  EXPECT_EQ(format_value(0.001, -0.11, 0.11), "0.00 [-0.11, 0.11]");
  EXPECT_EQ(format_value(65.4e9, 65.23e9, 65.67e9, Notation::suffix), "65.40B [65.23B, 65.67B]");
  EXPECT_EQ(format_interval(0.15112, 0.17553), "[0.151, 0.176]");
}

TEST(Format, EndsOrdersApartHaveTwoDigitsEach) {
  EXPECT_EQ(format_value(159497, 48123, 1.71e6, Notation::suffix), "160k [48k, 1.7M]");
  EXPECT_EQ(format_value(7.9e7, 2.6e6, 2.1e9, Notation::power), "7.9e7 [2.6e6, 2.1e9]");
  EXPECT_EQ(format_value(8.02, 4.2, 4417), "8.0 [4.2, 4400]");
  EXPECT_EQ(format_value(-8.02, -4417, -4.2), "-8.0 [-4400, -4.2]");
  EXPECT_EQ(format_value(8.02, 4.2, 4417000), "8.0 [4.2, 4.4e6]");
  EXPECT_EQ(format_interval(0.0011, 0.9), "[0.0011, 0.90]");
  EXPECT_EQ(format_interval(-0.6, 20), "[-1, 20]");         // through 0: one last digit for both
  EXPECT_EQ(format_value(8.02, 0, 4417), "8.0 [0, 4400]");  // but the value must not vanish
  EXPECT_EQ(format_value(1e-9, 0, 2), "0.0 [0.0, 2.0]");    // unless it is as good as nothing
}

TEST(Format, RoundingIntoTheNextSuffixOrPower) {
  EXPECT_EQ(format_value(999960, 999000, 1001000, Notation::suffix), "1.0000M [999.0k, 1.0010M]");
  EXPECT_EQ(format_value(999700, 20000, 5e6, Notation::suffix), "1.0M [20k, 5.0M]");
  EXPECT_EQ(format_value(9.0e21, 7.9e21, 9.97e21, Notation::power), "9.0e21 [7.9e21, 1.00e22]");
  EXPECT_EQ(format_value(950000, 900000, 999999), "9.50e5 [9.00e5, 1.000e6]");
  EXPECT_EQ(format_value(0.00095, 0.0009, 0.00099999), "0.000950 [0.000900, 0.001000]");
}

TEST(Format, UnboundedUnknownAndExactIntervals) {
  EXPECT_EQ(format_value(0.5, kNan, kNan), "0.5");
  EXPECT_EQ(format_value(kNan, kNan, kNan), "–");
  EXPECT_EQ(format_value(kNan, 1, 2), "– [1.00, 2.00]");
  EXPECT_EQ(format_value(3, 1, kInfinity), "3.0 [1.0, ∞]");
  EXPECT_EQ(format_value(3, -kInfinity, kInfinity), "3.0 [-∞, ∞]");
  EXPECT_EQ(format_value(0.2134, 0.2101, kNan), "0.2134 [0.2101, unbounded]");
  EXPECT_EQ(format_value(159497, kNan, 1.71e6, Notation::suffix), "160k [unbounded, 1.7M]");
  EXPECT_EQ(format_interval(kNan, kNan), "–");
  EXPECT_EQ(format_value(1, 1, 1), "1.00 [1.00, 1.00]");
  EXPECT_EQ(format_value(0, 0, 0), "0 [0, 0]");
  EXPECT_EQ(format_value(0, 0, 2), "0.0 [0.0, 2.0]");
}

TEST(Format, AValueOutsideItsIntervalIsSeenThere) {
  EXPECT_EQ(format_value(0.1507, 0.151, 0.176), "0.1507 [0.1510, 0.1760]");
  EXPECT_EQ(format_value(1.001, 1, 1), "1.001 [1.000, 1.000]");
  EXPECT_EQ(format_value(0.309, 0.311, 50), "0.309 [0.311, 50]");
  EXPECT_EQ(format_value(5e9, 0.15, 0.17), "5.0000000e9 [0.150, 0.170]");
}

TEST(Format, TheEndsOfDoublePrecision) {
  EXPECT_EQ(format_number(5e-324), "4.94e-324");
  EXPECT_EQ(format_value(5e-324, 5e-324, 1e-322), "4.9e-324 [4.9e-324, 9.9e-323]");
  EXPECT_EQ(format_value(1.7e308, -1.7e308, 1.7e308), "1.7e308 [-1.7e308, 1.7e308]");
}

// A printed number, and the place of its last digit.
struct Printed {
  double value = 0, unit = 0;
};

Printed read(std::string text) {
  text.erase(std::remove(text.begin(), text.end(), ','), text.end());
  const std::size_t end = text.find_first_not_of("-.0123456789");
  std::string digits = text.substr(0, end);
  const std::string scale = end == std::string::npos ? "" : text.substr(end);
  const double factor = scale.starts_with('e') ? std::strtod(("1" + scale).c_str(), nullptr)
                        : scale.empty()        ? 1
                                               : parse_count("1" + scale).value;
  const std::size_t point = digits.find('.');
  const auto decimals = point == std::string::npos ? 0 : static_cast<int>(digits.size() - point - 1);
  // Trailing zeros before the point may be rounded.
  int zeros = 0;
  if (decimals == 0)
    for (auto at = digits.rbegin(); at != digits.rend() && *at == '0'; ++at) ++zeros;
  return {std::strtod(digits.c_str(), nullptr) * factor, std::pow(10.0, zeros - decimals) * factor};
}

std::vector<Printed> read_value(const std::string& text) {
  const std::size_t open = text.find(" ["), comma = text.find(", ", open);
  return {read(text.substr(0, open)), read(text.substr(open + 2, comma - open - 2)),
          read(text.substr(comma + 2, text.size() - comma - 3))};
}

// Values with intervals of every size and shape, a third of them negative or through zero.
class Intervals {
 public:
  struct Interval {
    double value, lo, hi;
  };
  Interval next() {
    const double scale = std::pow(10.0, 24 * uniform_(random_) - 9);
    const double below = scale * std::pow(10.0, 6 * uniform_(random_) - 5);
    const double above = scale * std::pow(10.0, 6 * uniform_(random_) - 5);
    const double kind = uniform_(random_);
    if (kind < 0.4) return {scale, scale / (1 + below / scale), scale + above};
    return {kind < 0.7 ? scale : -scale, (kind < 0.7 ? scale : -scale) - below, (kind < 0.7 ? scale : -scale) + above};
  }

 private:
  std::mt19937_64 random_{7};
  std::uniform_real_distribution<double> uniform_;
};

TEST(FormatProperties, PrintedNumbersAreTheTrueOnesRounded) {
  Intervals intervals;
  for (int i = 0; i < 20000; ++i) {
    const auto [value, lo, hi] = intervals.next();
    for (const Notation notation : kNotations) {
      const std::string text = format_value(value, lo, hi, notation);
      const auto printed = read_value(text);
      const double truth[] = {value, lo, hi};
      double coarsest = 0;  // what rounds to zero has lost its unit
      for (const Printed& x : printed) coarsest = std::max(coarsest, x.unit);
      for (std::size_t k = 0; k < 3; ++k)
        ASSERT_LE(std::abs(printed[k].value - truth[k]),
                  0.5 * (printed[k].value == 0 ? coarsest : printed[k].unit) * (1 + 1e-6))
            << text << " of " << truth[k];
    }
  }
}

TEST(FormatProperties, TheOrderHoldsInPrint) {
  Intervals intervals;
  for (int i = 0; i < 20000; ++i) {
    const auto [value, lo, hi] = intervals.next();
    for (const Notation notation : kNotations) {
      const std::string text = format_value(value, lo, hi, notation);
      const auto printed = read_value(text);
      ASSERT_LE(printed[1].value, printed[0].value) << text;
      ASSERT_LE(printed[0].value, printed[2].value) << text;
    }
  }
}

// Whatever the magnitude, the printed ends are the true ones to within a tenth of the half width.
TEST(FormatProperties, RoundingIsSmallAgainstTheInterval) {
  for (double magnitude = 1e-9; magnitude < 1e15; magnitude *= 3.7)
    for (const double half : {0.3, 0.03, 0.0011})
      for (const Notation notation : kNotations) {
        const double lo = magnitude * (1 - half), hi = magnitude * (1 + half);
        const auto printed = read_value(format_value(magnitude, lo, hi, notation));
        EXPECT_LE(std::abs(printed[1].value - lo), 0.1 * (hi - lo) / 2);
        EXPECT_LE(std::abs(printed[2].value - hi), 0.1 * (hi - lo) / 2);
      }
}

TEST(FormatProperties, ALargerNumberIsNeverPrintedSmaller) {
  for (const Notation notation : kNotations)
    for (const int digits : {1, 2, 3, 6}) {
      double before = -kInfinity;
      for (double x = 0.7e-5; x < 3e16; x *= 1.00037) {
        const std::string text = format_number(x, digits, notation);
        const double printed = read(text).value;
        // Reading multiplies by the suffix, which rounds.
        ASSERT_GE(printed, before * (1 - 1e-15)) << text;
        before = printed;
        ASSERT_EQ(text.find("1000k"), std::string::npos);
        ASSERT_EQ("-" + text, format_number(-x, digits, notation));
      }
    }
}

TEST(FormatProperties, AThousandTimesAsMuchHasTheNextSuffix) {
  const std::string letters = "kMBT";
  std::mt19937_64 random(3);
  for (int i = 0; i < 2000; ++i) {
    // Whole numbers, so that a thousand times as much is exact.
    const auto whole = [&] { return static_cast<double>(1001 + random() % 900'000); };
    std::vector<double> x = {whole(), whole(), whole()};
    std::sort(x.begin(), x.end());
    std::string text = format_value(x[1], x[0], x[2], Notation::suffix);
    for (const double factor : {1e3, 1e6}) {
      for (char& c : text)
        if (const std::size_t at = letters.find(c); at != std::string::npos) c = letters[at + 1];
      ASSERT_EQ(text, format_value(factor * x[1], factor * x[0], factor * x[2], Notation::suffix));
    }
  }
}

}  // namespace
}  // namespace phaselaw::base
