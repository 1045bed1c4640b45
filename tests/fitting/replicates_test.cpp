// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/replicates.h"

#include <cmath>

#include <gtest/gtest.h>

#include "phaselaw/numerics/random.h"

namespace phaselaw::fitting {
namespace {

// `sizes[g]` runs at each input; the noise of a group is sd(g).
template <class Sd>
tables::Measurements table_of(const std::vector<int>& sizes, std::uint64_t draw, const Sd& sd) {
  numerics::RandomStream stream(41, "replicates", draw);
  tables::Measurements data;
  std::vector<double> n, d;
  for (std::size_t g = 0; g < sizes.size(); ++g)
    for (int i = 0; i < sizes[g]; ++i) {
      n.push_back(1e7 * std::pow(3.0, static_cast<double>(g)));
      d.push_back(1e9);
      data.output.push_back((4 - 0.2 * static_cast<double>(g)) * std::exp(sd(g) * stream.normal()));
    }
  data.columns.add("n_params", n);
  data.columns.add("tokens", d);
  return data;
}

const std::vector<std::string> kInputs = {"n_params", "tokens"};

TEST(Replicates, TwoRunsByHand) {
  tables::Measurements data;
  data.columns.add("n_params", {1e7, 1e8, 1e7});
  data.columns.add("tokens", {1e9, 1e9, 1e9});
  data.output = {3, 2.5, 3.03};
  const auto found = replicates(data, kInputs, {}, false, 0.95);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->groups, (std::vector<std::vector<std::size_t>>{{0, 2}}));
  EXPECT_EQ(found->dof, 1);
  EXPECT_NEAR(found->sd, std::log(3.03 / 3) / std::sqrt(2.0), 1e-14);
  // chi-squared of one degree: the squares of the normal quantiles at 0.5125 and 0.9875.
  EXPECT_NEAR(found->lo, found->sd / 2.2414027276049473, 1e-8);
  EXPECT_NEAR(found->hi, found->sd / 0.0313379820214266, 1e-5);
  EXPECT_FALSE(found->trend.has_value());
  EXPECT_NEAR(replicates(data, kInputs, {}, true, 0.95)->sd, 0.03 / std::sqrt(2.0), 1e-14);
}

TEST(Replicates, NoInputTwiceIsNone) {
  const auto data = table_of({1, 1, 1, 1}, 0, [](std::size_t) { return 0.01; });
  EXPECT_FALSE(replicates(data, kInputs, {}, false, 0.95).has_value());
}

// Two evaluations of one run are one run, and only their mean enters.
TEST(Replicates, RowsOfOneRunAreNotReplicates) {
  tables::Measurements data;
  data.columns.add("n_params", {1e7, 1e7, 1e7});
  data.columns.add("tokens", {1e9, 1e9, 1e9});
  data.output = {3, 3.1, 3.2};
  const std::vector<std::string> one = {"a", "a", "a"}, two = {"a", "a", "b"};
  EXPECT_FALSE(replicates(data, kInputs, one, true, 0.95).has_value());
  const auto found = replicates(data, kInputs, two, true, 0.95);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->dof, 1);
  EXPECT_NEAR(found->sd, 0.15 / std::sqrt(2.0), 1e-12);
}

// 1,000 tables: the interval covers 95 %, with a standard error of 0.7 points.
TEST(Replicates, TheIntervalCovers) {
  int covered = 0, trends = 0;
  double variance = 0;
  for (std::uint64_t draw = 0; draw < 1000; ++draw) {
    const auto found =
        replicates(table_of({2, 3, 1, 2, 4, 2}, draw, [](std::size_t) { return 0.01; }), kInputs, {}, false, 0.95);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->dof, 8);
    covered += found->lo <= 0.01 && 0.01 <= found->hi ? 1 : 0;
    trends += *found->trend_p < 0.05 ? 1 : 0;
    variance += found->sd * found->sd / 1000;
  }
  EXPECT_NEAR(covered, 950, 4 * 6.9);
  EXPECT_NEAR(variance, 1e-4, 4 * 1e-4 * std::sqrt(2.0 / 8 / 1000));
  EXPECT_LT(trends, 120);  // five groups: Student's t is a rough approximation for ranks
}

TEST(Replicates, NoiseThatGrowsIsATrend) {
  const std::vector<int> sizes(12, 4);
  const auto found =
      replicates(table_of(sizes, 1, [](std::size_t g) { return 0.001 * std::pow(1.6, static_cast<double>(g)); }),
                 kInputs, {}, false, 0.95);
  ASSERT_TRUE(found.has_value() && found->trend.has_value());
  EXPECT_LT(*found->trend, -0.7);  // the loss falls where the noise grows
  EXPECT_LT(*found->trend_p, 0.01);
}

}  // namespace
}  // namespace phaselaw::fitting
