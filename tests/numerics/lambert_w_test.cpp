// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/lambert_w.h"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/base/constants.h"

namespace phaselaw::numerics {
namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();
using base::kInfinity;

// Newton's iteration in 60-digit decimal arithmetic on the exact value of each double.
TEST(LambertW, ReferenceTable) {
  const std::vector<std::pair<double, double>> table = {
      {-0.36, -8.060843159708176244500e-1},   {-0.3, -4.894022271802149335650e-1},
      {-0.1, -1.118325591589629718232e-1},    {-1e-10, -1.000000000100000036447e-10},
      {1e-300, 1.000000000000000025059e-300}, {0.1, 9.127652716086226894296e-2},
      {0.5, 3.517337112491958260249e-1},      {1, 5.671432904097838730000e-1},
      {2, 8.526055020137254913465e-1},        {10, 1.745528002740699383074},
      {100, 3.385630140290050184888},         {1e6, 1.138335808614005262200e1},
      {1e100, 2.248431064451185015552e2},     {1e300, 6.842472086297608492920e2},
  };
  // d ln W / d ln z = 1/(1+W): near -1/e the rounding inside weighs more.
  for (const auto& [z, w] : table) EXPECT_NEAR(lambert_w0(z) / w, 1, 4 * kEps * (1 + 1 / (1 + w))) << z;
}

TEST(LambertW, Boundaries) {
  EXPECT_EQ(lambert_w0(kMinusInverseE), -1);
  EXPECT_EQ(lambert_w0(0), 0);
  const double next = std::nextafter(kMinusInverseE, 0.0);
  EXPECT_GE(lambert_w0(next), -1);
  EXPECT_NEAR(lambert_w0(next), -1, 4 * std::sqrt(kEps));  // -1 + sqrt(2 (1 + e z))
}

TEST(LambertW, InvertsItsDefinition) {
  for (double w = -0.999; w < 700; w += 0.37) {
    const double z = w * std::exp(w);
    ASSERT_TRUE(std::isfinite(z));
    EXPECT_NEAR(lambert_w0(z), w, 8 * kEps * (std::abs(w) + (1 + std::abs(w)) / (1 + w))) << w;
  }
}

TEST(LambertW, DomainErrors) {
  EXPECT_THROW((void)lambert_w0(std::nextafter(kMinusInverseE, -1.0)), std::domain_error);
  EXPECT_THROW((void)lambert_w0(-kInfinity), std::domain_error);
  EXPECT_THROW((void)lambert_w0(kInfinity), std::domain_error);
  EXPECT_THROW((void)lambert_w0(std::nan("")), std::domain_error);
  EXPECT_THROW((void)lambert_w0_of_exp(std::nan("")), std::domain_error);
  EXPECT_THROW((void)lambert_w0_of_exp(kInfinity), std::domain_error);
  EXPECT_THROW((void)lambert_w0_of_exp(-kInfinity), std::domain_error);
}

TEST(LambertWOfExp, ReferenceTable) {
  const std::vector<std::pair<double, double>> table = {
      {1, 1},
      {300, 2.943153481945927483600e2},
      {709, 7.024454322782812700495e2},
      {710, 7.034440117119545643178e2},
      {1000, 9.930991694723891043882e2},
      {1e6, 9.999861845032576279031e5},
      {1e15, 9.999999999999654612236e14},
  };
  for (const auto& [x, w] : table) EXPECT_NEAR(lambert_w0_of_exp(x) / w, 1, 4 * kEps) << x;
}

TEST(LambertWOfExp, AgreesWithTheDirectForm) {
  for (double x = -700; x < 709; x += 0.83)  // exp(x) itself carries eps |x|
    EXPECT_NEAR(lambert_w0_of_exp(x) / lambert_w0(std::exp(x)), 1, 4 * kEps * std::max(1.0, std::abs(x))) << x;
}

TEST(LambertWOfExp, SolvesItsEquation) {
  for (const double x : {-30.0, -1.0, 0.0, 2.0, 299.999, 300.0, 300.001, 1e3, 1e8, 1e154, 1e300}) {
    const double w = lambert_w0_of_exp(x);
    EXPECT_NEAR(w + std::log(w), x, 8 * kEps * std::max({1.0, std::abs(x), w})) << x;
  }
}

TEST(LambertWOfExp, VanishesFarBelow) {
  EXPECT_EQ(lambert_w0_of_exp(-1e300), 0);
  EXPECT_EQ(lambert_w0_of_exp(-50), std::exp(-50.0));
}

}  // namespace
}  // namespace phaselaw::numerics
