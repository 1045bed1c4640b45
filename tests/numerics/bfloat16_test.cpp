// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/bfloat16.h"

#include <bit>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "phaselaw/numerics/random.h"

namespace phaselaw::numerics {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(Bfloat16, EveryOneOfThemIsItsOwnRounding) {
  for (std::uint32_t bits = 0; bits <= 0xffff; ++bits) {
    const auto x = static_cast<std::uint16_t>(bits);
    const float value = from_bfloat16(x);
    if (std::isnan(value))
      EXPECT_TRUE(std::isnan(round_to_bfloat16(value))) << bits;
    else
      EXPECT_EQ(to_bfloat16(value), x) << bits;
  }
}

// For floats of every exponent, denormals too: no neighbour is nearer, and a tie goes to the even one.
TEST(Bfloat16, IsTheNearest) {
  RandomStream random(1, "bfloat16");
  for (int trial = 0; trial < 200000; ++trial) {
    const auto bits = static_cast<std::uint32_t>(random.below(0x7f7f0000U)) | (trial % 2 == 0 ? 0U : 0x80000000U);
    const float x = std::bit_cast<float>(trial % 3 == 0 ? (bits & 0xffff0000U) | 0x8000U : bits);  // a third are ties
    const std::uint16_t found = to_bfloat16(x),
                        below = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(x) >> 16);
    const auto distance = [x](std::uint16_t to) {
      return std::abs(static_cast<double>(from_bfloat16(to)) - static_cast<double>(x));
    };
    const auto above = static_cast<std::uint16_t>(below + 1);  // the next away from zero
    ASSERT_TRUE(found == below || found == above) << x;
    ASSERT_LE(distance(found), std::min(distance(below), distance(above))) << x;
    const bool tie = distance(below) == distance(above);
    ASSERT_TRUE(!tie || found % 2 == 0) << x;
  }
}

TEST(Bfloat16, TiesAndEnds) {
  constexpr float kUlp = 0x1p-7F;  // of 1
  EXPECT_EQ(round_to_bfloat16(1 + kUlp / 2), 1);
  EXPECT_EQ(round_to_bfloat16(1 + 3 * kUlp / 2), 1 + 2 * kUlp);
  EXPECT_EQ(round_to_bfloat16(std::nextafter(1 + kUlp / 2, 2.0F)), 1 + kUlp);
  EXPECT_EQ(round_to_bfloat16(-1 - kUlp / 2), -1);
  EXPECT_EQ(round_to_bfloat16(kInfinity), kInfinity);
  EXPECT_EQ(round_to_bfloat16(-kInfinity), -kInfinity);
  EXPECT_EQ(round_to_bfloat16(std::numeric_limits<float>::max()), kInfinity);
  EXPECT_EQ(round_to_bfloat16(0x1.fep127F), 0x1.fep127F);  // the largest
  EXPECT_EQ(round_to_bfloat16(std::nextafter(0x1.ffp127F, 0.0F)), 0x1.fep127F);
  EXPECT_EQ(round_to_bfloat16(0x1.ffp127F), kInfinity);
  EXPECT_TRUE(std::signbit(round_to_bfloat16(-0.0F)));
  // Denormals: the smallest bfloat16 is 2^-133.
  EXPECT_EQ(round_to_bfloat16(0x1p-133F), 0x1p-133F);
  EXPECT_EQ(round_to_bfloat16(0x1p-134F), 0.0F);
  EXPECT_EQ(round_to_bfloat16(0x3p-134F), 0x1p-132F);
  EXPECT_EQ(round_to_bfloat16(std::numeric_limits<float>::denorm_min()), 0.0F);
}

// This includes NaN with a payload in the bits that are cut off, which could become infinite or overflow to zero.
TEST(Bfloat16, NanStaysNan) {
  for (const std::uint32_t bits : {0x7f800001U, 0x7fffffffU, 0x7fc00000U, 0xff800001U, 0xffffffffU})
    EXPECT_TRUE(std::isnan(round_to_bfloat16(std::bit_cast<float>(bits)))) << bits;
}

}  // namespace
}  // namespace phaselaw::numerics
