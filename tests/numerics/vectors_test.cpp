// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/vectors.h"

#include <gtest/gtest.h>

namespace phaselaw::numerics {
namespace {

template <class T>
class Vectors : public ::testing::Test {};
using Types = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Vectors, Types);

TYPED_TEST(Vectors, TransposeSwapsRowsAndColumns) {
  using Vector = typename VectorOf<TypeParam>::type;
  constexpr auto kLanes = static_cast<std::size_t>(VectorOf<TypeParam>::kLanes);
  Vector x[kLanes];
  for (std::size_t i = 0; i < kLanes; ++i)
    for (std::size_t j = 0; j < kLanes; ++j) x[i][j] = static_cast<TypeParam>(10 * i + j);
  transpose(x);
  for (std::size_t i = 0; i < kLanes; ++i)
    for (std::size_t j = 0; j < kLanes; ++j) EXPECT_EQ(x[i][j], static_cast<TypeParam>(10 * j + i)) << i << ", " << j;
}

}  // namespace
}  // namespace phaselaw::numerics
