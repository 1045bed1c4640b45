// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/row_groups.h"

#include <cmath>

#include <gtest/gtest.h>

#include "phaselaw/documents/document.h"
#include "phaselaw/fitting/row_noise.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {
namespace {

tables::Rows rows_of(const std::string& text) { return tables::rows_from(documents::read_text(text, "table.csv")); }

TEST(RowGroups, ValuesUpToRoundingAreTheSame) {
  const RowGroups groups = groups_by_value({{1e9, 2e9, 1e9 * (1 + 1e-8), 2e9}, {1, 1, 1, 2}});
  ASSERT_EQ(groups.size(), 3U);
  EXPECT_EQ(groups[0], (std::vector<std::size_t>{0, 2}));
}

TEST(RowGroups, TheShareOfARunIsItsProgress) {
  const tables::Rows rows = rows_of(
      "run,n_params,tokens,loss\na,1e8,1e9,4\na,1e8,2e9,3.5\na,1e8,4e9,3\nb,2e8,3e9,3.2\nb,2e8,6e9,2.9\nc,3e8,5e9,2.8\n");
  const RunShares shares = run_shares(rows.data, std::vector<std::string>(rows.run));
  EXPECT_TRUE(shares.has_checkpoints());
  EXPECT_EQ(shares.progress, "tokens");
  EXPECT_EQ(shares.n_several, 2U);
  EXPECT_EQ(shares.rows, 5U);
  EXPECT_EQ(shares.share, (std::vector<double>{0.25, 0.5, 1, 0.5, 1, 1}));
  const RunShares by_size = run_shares(rows.data, {});
  EXPECT_FALSE(by_size.has_checkpoints());
  EXPECT_EQ(by_size.share, shares.share);
}

TEST(RowGroups, RunsOfOneRowHaveNoShare) {
  const tables::Rows rows = rows_of("run,n_params,tokens,loss\na,1e8,1e9,4\nb,2e8,2e9,3.5\nc,3e8,4e9,3\n");
  EXPECT_TRUE(run_shares(rows.data, std::vector<std::string>(rows.run)).share.empty());
  EXPECT_FALSE(run_shares(rows.data, std::vector<std::string>(rows.run)).has_checkpoints());
}

// Three equal runs and two equal runs: squares 0.02 and 0.005 in ln, 2 + 1 degrees of freedom.
TEST(RowGroups, EqualRunsGiveTheSeedVariance) {
  tables::Measurements data;
  data.columns.add("n_params", {1e8, 1e8, 1e8, 2e8, 2e8, 3e8});
  data.columns.add("tokens", {1e9, 1e9, 1e9, 1e9, 1e9, 1e9});
  for (const double y : {0.9, 1.0, 1.1, 0.75, 0.85, 0.5}) data.output.push_back(std::exp(y));
  const laws::Law law = laws::law_from("chinchilla");
  const Replicates equal = replicates(law, data, {});
  EXPECT_EQ(equal.configurations, 2U);
  EXPECT_EQ(equal.rows, 5U);
  EXPECT_EQ(equal.dof, 3);
  EXPECT_NEAR(equal.seed_sd, std::sqrt((0.02 + 0.005) / 3), 1e-14);
  const std::vector<std::string> label = {"a", "b", "a", "a", "b", "a"};
  EXPECT_EQ(replicates(law, data, label).dof, 1);
  EXPECT_NEAR(replicates(law, data, label).seed_sd, std::sqrt(0.02), 1e-14);
  EXPECT_TRUE(
      std::isnan(replicates(laws::law_from("power@tokens"), data.rows(std::vector<std::size_t>{0}), {}).seed_sd));
}

TEST(RowGroups, MethodsThatShareInputsArePooled) {
  const tables::Rows rows = rows_of(
      "method,seed,n_train,loss\nlinear,s0,500,0.74\nlinear,s1,1000,0.69\nlinear,s0,2000,0.66\nforest,s1,500,0.83\n"
      "forest,s0,1000,0.75\nforest,s1,2000,0.70\n");
  const laws::Law law = laws::law_from("E+A*n_train^-a", rows.table.header);
  const std::vector<PooledGroups> pooled = pooled_groups(law, rows);
  ASSERT_EQ(pooled.size(), 1U);
  EXPECT_EQ(pooled[0].column, "method");
  EXPECT_EQ(pooled[0].values, (std::vector<std::string>{"linear", "forest"}));
  EXPECT_EQ(pooled[0].repeated, 3U);
  EXPECT_NE(pooled[0].sentence().find("method has 2 values (linear, forest)"), std::string::npos);
  EXPECT_EQ(replicates(law, rows.data, pooled_labels(rows, pooled)).dof, 0);
  EXPECT_EQ(replicates(law, rows.data, {}).dof, 3);
}

TEST(RowGroups, SettingsOfDifferentInputsAreNotPooled) {
  const tables::Rows rows =
      rows_of("size,n_params,tokens,loss\nsmall,1e8,1e9,4\nsmall,1e8,2e9,3.9\nlarge,2e8,1e9,3.8\nlarge,2e8,2e9,3.7\n");
  EXPECT_TRUE(pooled_groups(laws::law_from("chinchilla"), rows).empty());
}

// The mean of all rows as the only parameter, with a tangent space of one column.
TangentSpace mean_space(std::vector<double> e) {
  TangentSpace space;
  space.rank = 1;
  const double mean = numerics::mean(e);
  for (std::size_t i = 0; i < e.size(); ++i) {
    space.rows.push_back(i);
    space.factor.push_back(1);
    space.basis.push_back(1 / std::sqrt(static_cast<double>(e.size())));
    space.residual.push_back(e[i] - mean);
    space.squares += std::pow(e[i] - mean, 2);
  }
  return space;
}

// Balanced analysis of variance, by hand: group means 2, 4, 9, grand mean 5, between 78, within 6.
TEST(RowNoise, OneWayAnalysisOfVariance) {
  const GroupTest test = test_groups(mean_space({1, 2, 3, 3, 4, 5, 8, 9, 10}), {{0, 1, 2}, {3, 4, 5}, {6, 7, 8}});
  EXPECT_NEAR(test.dof, 2, 1e-12);
  EXPECT_NEAR(test.dof_within, 6, 1e-12);
  EXPECT_NEAR(test.f, (78.0 / 2) / (6.0 / 6), 1e-12);
  EXPECT_NEAR(test.p_value, 1 - numerics::f_cdf(39, 2, 6), 1e-12);
  EXPECT_NEAR(test.sd, std::sqrt((39.0 - 1) / 3), 1e-12);
  EXPECT_EQ(test_groups(mean_space({1, 2, 3}), {{0}, {1}, {2}}).p_value, 1);
}

// In 400 draws an even noise is called uneven in 5 % (up to 9 % within 4 standard errors, as |e| is skewed), and a noise that
// grows tenfold in nearly all.
TEST(RowNoise, UnevenNoiseIsFound) {
  int false_alarms = 0, found = 0;
  for (std::uint64_t draw = 0; draw < 400; ++draw) {
    numerics::RandomStream stream(9, "test/row noise", draw);
    std::vector<double> x, even, uneven;
    for (int i = 0; i < 40; ++i) {
      x.push_back(i / 39.0);
      even.push_back(stream.normal());
      uneven.push_back(std::pow(10.0, x.back()) * stream.normal());
    }
    false_alarms += test_uneven(mean_space(even), x).p_value < 0.05 ? 1 : 0;
    const UnevenTest test = test_uneven(mean_space(uneven), x);
    found += test.p_value < 0.05 && test.slope > 0 ? 1 : 0;
  }
  EXPECT_LE(false_alarms, 36);
  EXPECT_GE(false_alarms, 5);
  EXPECT_GE(found, 360);
}

}  // namespace
}  // namespace phaselaw::fitting
