// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/exact_number.h"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

namespace phaselaw {
namespace {

using Op = base::Arithmetic::Op;
using sweep::ExactNumber;

ExactNumber of(double x) { return ExactNumber::of_decimal(x); }
ExactNumber apply(Op op, const ExactNumber& x, const ExactNumber& y = {}) { return ExactNumber::apply(op, x, y); }

TEST(ExactNumber, DecimalNumbersAreTheFractionsThatWereTyped) {
  const struct {
    double x;
    const char* text;
  } cases[] = {
      {0.1, "1/10"},     {3, "3"},    {-0.75, "-3/4"},        {1e15, "1000000000000000"},   {1e-9, "1/1000000000"},
      {0.003, "3/1000"}, {-0.0, "0"}, {123.456, "15432/125"}, {1e18, "1000000000000000000"}};
  for (const auto& [x, text] : cases) {
    EXPECT_EQ(of(x).to_string(), text) << x;
    EXPECT_DOUBLE_EQ(of(x).value(), x);
  }
  for (const double x : {1e30, 1e-30, std::numeric_limits<double>::infinity()}) {
    EXPECT_FALSE(of(x).is_exact()) << x;
    EXPECT_EQ(of(x).value(), x);
  }
}

// The cases in which doubles are wrong.
TEST(ExactNumber, FractionsCancelExactly) {
  const ExactNumber thirds = apply(Op::divide, of(8), of(3));
  EXPECT_EQ(apply(Op::multiply, thirds, of(48)).to_string(), "128");
  const ExactNumber parts = apply(Op::divide, of(1), of(49));
  EXPECT_NE(1.0 / 49 * 49, 1.0);
  EXPECT_TRUE(apply(Op::multiply, parts, of(49)).is_integer());
  EXPECT_NE(0.1 * 3, 0.3);
  EXPECT_EQ(apply(Op::multiply, of(0.1), of(3)).to_string(), of(0.3).to_string());
  EXPECT_EQ(apply(Op::multiply, of(0.1), of(30)).to_string(), "3");
}

TEST(ExactNumber, ArithmeticOfRandomFractionsIsThatOfIntegers) {
  std::mt19937 draw(3);
  const auto integer = [&](int most) {
    return static_cast<std::int64_t>(draw() % static_cast<unsigned>(most)) - most / 2;
  };
  for (int k = 0; k < 2000; ++k) {
    const std::int64_t a = integer(2000), c = integer(2000), b = std::abs(integer(200)) + 1,
                       d = std::abs(integer(200)) + 1;
    const ExactNumber x = apply(Op::divide, ExactNumber(a), ExactNumber(b));
    const ExactNumber y = apply(Op::divide, ExactNumber(c), ExactNumber(d));
    // (x op y) b d is an integer, by the rules of fractions.
    const ExactNumber bd(b * d);
    EXPECT_EQ(apply(Op::multiply, apply(Op::add, x, y), bd).integer(), a * d + c * b);
    EXPECT_EQ(apply(Op::multiply, apply(Op::subtract, x, y), bd).integer(), a * d - c * b);
    EXPECT_EQ(apply(Op::multiply, apply(Op::multiply, x, y), bd).integer(), a * c);
    if (c != 0) {
      EXPECT_EQ(apply(Op::multiply, apply(Op::divide, x, y), ExactNumber(b * c)).integer(), a * d);
    }
    const double quotient = static_cast<double>(a) / static_cast<double>(b);
    EXPECT_DOUBLE_EQ(x.value(), quotient);
    EXPECT_EQ(apply(Op::floor, x).integer(), static_cast<std::int64_t>(std::floor(quotient)));
    EXPECT_EQ(apply(Op::ceil, x).integer(), static_cast<std::int64_t>(std::ceil(quotient)));
    EXPECT_EQ(apply(Op::round, x).integer(), static_cast<std::int64_t>(std::round(quotient)));
  }
}

TEST(ExactNumber, PowersAndRootsAreExactWhereTheyExist) {
  EXPECT_EQ(apply(Op::power, of(2), of(10)).to_string(), "1024");
  EXPECT_EQ(apply(Op::power, of(2), of(-2)).to_string(), "1/4");
  EXPECT_EQ(apply(Op::power, of(-3), of(3)).to_string(), "-27");
  EXPECT_EQ(apply(Op::power, of(64), of(0.5)).to_string(), "8");
  EXPECT_EQ(apply(Op::sqrt, apply(Op::divide, of(9), of(16))).to_string(), "3/4");
  EXPECT_EQ(apply(Op::log2, of(4096)).to_string(), "12");
  EXPECT_FALSE(apply(Op::sqrt, of(2)).is_exact());
  EXPECT_FALSE(apply(Op::log2, of(6)).is_exact());
  EXPECT_FALSE(apply(Op::power, of(10), of(30)).is_exact());  // beyond 64 bits
  EXPECT_DOUBLE_EQ(apply(Op::power, of(10), of(30)).value(), 1e30);
  for (std::int64_t root : {std::int64_t{3037000499}, std::int64_t{94906267}, std::int64_t{1}}) {
    const ExactNumber square = apply(Op::multiply, ExactNumber(root), ExactNumber(root));
    if (square.is_exact()) {
      EXPECT_EQ(apply(Op::sqrt, square).integer(), root);
    }
  }
}

// An error of the function before could decide what round, floor or ceil give.
TEST(ExactNumber, WholeNumbersOfInexactOnesAreDecidedOnlyAwayFromTheJump) {
  EXPECT_TRUE(apply(Op::round, apply(Op::sqrt, of(10))).is_integer());
  EXPECT_EQ(apply(Op::round, apply(Op::sqrt, of(10))).integer(), 3);
  const ExactNumber nearly = apply(Op::exp, apply(Op::log, of(16)));  // 16, but for rounding
  EXPECT_FALSE(nearly.is_integer());
  EXPECT_FALSE(apply(Op::floor, nearly).is_integer());
  EXPECT_FALSE(apply(Op::ceil, nearly).is_integer());
  EXPECT_EQ(apply(Op::round, nearly).integer(), 16);
  EXPECT_FALSE(apply(Op::round, ExactNumber::inexact(2.5)).is_integer());
}

TEST(ExactNumber, NoNumberIsNeverExact) {
  EXPECT_FALSE(apply(Op::divide, of(1), of(0)).is_exact());
  EXPECT_FALSE(apply(Op::divide, of(0), of(0)).is_exact());
  EXPECT_FALSE(apply(Op::power, of(0), of(-1)).is_exact());
  EXPECT_FALSE(apply(Op::sqrt, of(-4)).is_exact());
  EXPECT_FALSE(apply(Op::round, ExactNumber::inexact(std::nan(""))).is_exact());
  EXPECT_FALSE(apply(Op::floor, ExactNumber::inexact(1e300)).is_exact());
}

}  // namespace
}  // namespace phaselaw
