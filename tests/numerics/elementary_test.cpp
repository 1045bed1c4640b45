// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/elementary.h"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/base/instruction_set.h"
#include "phaselaw/numerics/random.h"

namespace phaselaw::numerics {
namespace {

void logarithms(std::int64_t n, const double* x, double* out) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) out[i] = logarithm(x[i]);
}

void exponentials(std::int64_t n, const double* x, double* out) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) out[i] = exponential(x[i]);
}

// The largest relative error of each version that this processor can run.
template <class Versions, class Exact>
double worst_error(const std::vector<double>& x, Exact exact) {
  std::vector<double> out(x.size());
  const auto n = static_cast<std::int64_t>(x.size());
  double worst = 0;
  for (const auto set : {base::InstructionSet::baseline, base::InstructionSet::avx2, base::InstructionSet::avx512}) {
    if (set > base::supported_instruction_set()) break;
    if (set == base::InstructionSet::baseline) Versions::baseline(n, x.data(), out.data());
    if (set == base::InstructionSet::avx2) Versions::avx2(n, x.data(), out.data());
    if (set == base::InstructionSet::avx512) Versions::avx512(n, x.data(), out.data());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const long double truth = exact(static_cast<long double>(x[i]));
      const auto error = static_cast<double>(std::abs(static_cast<long double>(out[i]) - truth) / std::abs(truth));
      if (!(error <= worst)) worst = truth == 0 && out[i] == 0 ? worst : error;
    }
  }
  return worst;
}

TEST(ElementaryTest, TheLogarithmIsAccurateOverTheRangeAndAroundOne) {
  RandomStream random(1, "logarithm");
  std::vector<double> wide, near_one;
  for (int i = 0; i < 100000; ++i) {
    wide.push_back(std::exp(1416 * random.uniform() - 708));
    near_one.push_back(1 + (random.uniform() - 0.5) * std::exp2(-52 * random.uniform()));
  }
  wide.push_back(std::numeric_limits<double>::min());
  wide.push_back(std::numeric_limits<double>::max());
  using Log = base::Versions<logarithms>;
  EXPECT_LT(worst_error<Log>(wide, [](long double x) { return std::log(x); }), 2.5e-16);
  EXPECT_LT(worst_error<Log>(near_one, [](long double x) { return std::log(x); }), 2.5e-16);
}

TEST(ElementaryTest, TheExponentialIsAccurateOverTheRange) {
  RandomStream random(2, "exponential");
  std::vector<double> x;
  for (int i = 0; i < 100000; ++i) x.push_back(1417 * random.uniform() - 708);
  EXPECT_LT((worst_error<base::Versions<exponentials>>(x, [](long double a) { return std::exp(a); })), 4e-16);
}

TEST(ElementaryTest, TheLogarithmAtTheEndsIsAsDocumented) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(logarithm(1.0), 0.0);
  EXPECT_EQ(logarithm(kInfinity), kInfinity);
  EXPECT_TRUE(std::isnan(logarithm(std::numeric_limits<double>::quiet_NaN())));
  EXPECT_EQ(logarithm(1e-320), logarithm(std::numeric_limits<double>::min()));
  for (int k = -1022; k < 1024; ++k)
    EXPECT_NEAR(logarithm(std::ldexp(1.0, k)), k * std::log(2.0), 2.5e-16 * std::abs(k)) << k;
}

}  // namespace
}  // namespace phaselaw::numerics
