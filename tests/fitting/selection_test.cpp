// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/selection.h"

#include <cmath>

#include <gtest/gtest.h>

#include "fitting/plain_options.h"
#include "laws/law_truths.h"
#include "phaselaw/base/errors.h"

namespace phaselaw::fitting {
namespace {

tables::Measurements sample(const std::string& name, double noise) {
  const laws::Law law = laws::law_from(name);
  tables::Measurements data{laws::testing::full_table(80, 0), {}};
  std::vector<double> compute;
  for (std::size_t i = 0; i < 80; ++i)
    compute.push_back(6 * data.columns.get("n_params")[i] * data.columns.get("tokens")[i]);
  data.columns.values[2] = compute;
  data.output = evaluate(law, data.columns, laws::testing::true_parameters(law));
  numerics::RandomStream stream(31, "selection");
  for (double& loss : data.output) loss *= std::exp(noise * stream.normal());
  return data;
}

TEST(Selection, ATrueLawPredictsExactDataExactly) {
  const auto result = holdout(laws::law_from("chinchilla"), sample("chinchilla", 0), plain(), 0.25);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->n_fitted, 60U);
  EXPECT_EQ(result->n_predicted, 20U);
  EXPECT_GT(result->compute_factor, 1);
  EXPECT_LT(result->mean_abs_rel_error, 1e-10);
}

// One constant fitted to data that fall: the bias is the mean error, and positive.
TEST(Selection, BiasIsSigned) {
  tables::Measurements data;
  std::vector<double> compute;
  for (int i = 1; i <= 10; ++i) {
    compute.push_back(std::pow(10, i));
    data.output.push_back(i <= 8 ? 4 : 2);
  }
  data.columns.add("compute", compute);
  const auto result = holdout(laws::law_from("A + 0*C"), data, plain(), 0.2);
  ASSERT_TRUE(result);
  EXPECT_NEAR(result->mean_abs_rel_error, 1, 1e-9);
  EXPECT_NEAR(result->bias, 1, 1e-9);
  EXPECT_NEAR(result->compute_factor, 100, 1e-9);
}

TEST(Selection, RowsOfOneSizeStayTogether) {
  tables::Measurements data;
  data.columns.add("compute", {1, 1, 1, 2, 2, 2, 4, 4, 4, 4});
  data.output = {5, 5, 5, 4, 4, 4, 3, 3, 3, 3};
  const auto result = holdout(laws::law_from("A*C^-b"), data, plain(), 0.3);  // 7 rows would divide the fours
  EXPECT_FALSE(result);                                                       // so nothing is left to predict
  EXPECT_EQ(holdout(laws::law_from("A*C^-b"), data, plain(), 0.4)->n_predicted, 4U);
  EXPECT_THROW((void)holdout(laws::law_from("A*C^-b"), data, plain(), 1.5), base::InputError);
}

TEST(Selection, BacktestsGoForward) {
  const auto results = backtest(laws::law_from("chinchilla"), sample("chinchilla", 0.005), plain());
  ASSERT_EQ(results.size(), 5U);
  for (std::size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i].n_fitted, 40 + 8 * i);
    EXPECT_EQ(results[i].n_predicted, 40 - 8 * i);
  }
}

// A fit that starts at the optimum of all rows with a coarse grid ends where a full search does.
TEST(Selection, BriefRefitsFindTheOptimumOfAFullSearch) {
  const tables::Measurements data = sample("chinchilla", 0.005);
  const laws::Law law = laws::law_from("chinchilla");
  const Fit full = fit_law(law, data, plain());
  const auto brief = backtest(law, data, plain(), &full), cold = backtest(law, data, plain());
  ASSERT_EQ(brief.size(), cold.size());
  // Optima agree to the square root of the agreed objective, 1e-3; predictions to that times their slope.
  for (std::size_t s = 0; s < cold.size(); ++s)
    EXPECT_NEAR(brief[s].mean_abs_rel_error, cold[s].mean_abs_rel_error, 1e-3 * cold[s].mean_abs_rel_error);
}

TEST(Selection, WhereNoLawCanBeFittedWhatIsLackingIsSaidOnce) {
  const auto error_of = [](const tables::Measurements& data) {
    try {
      (void)rank_laws(laws::all_laws(), data, plain());
    } catch (const base::InputError& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  tables::Measurements data;
  data.columns.add("size in M", {1, 2, 3, 4});
  data.output = {4, 3, 2, 1};
  const std::string lacking = error_of(data);
  EXPECT_TRUE(
      lacking.starts_with("no law can be fitted: each needs some of the columns batch, compute, d_model, lr_sum, "))
      << lacking;
  EXPECT_NE(
      lacking.find(
          "besides the loss the table has: size in M; name the column you have, for example --col n_params=COLUMN"),
      std::string::npos)
      << lacking;
  // The columns are there, the rows are not: the first reasons, not thirty.
  tables::Measurements one;
  for (const char* name : {"n_params", "tokens", "step"}) one.columns.add(name, {1e6});
  one.output = {3};
  const std::string few = error_of(one);
  EXPECT_NE(few.find(" more"), std::string::npos) << few;
  EXPECT_LT(few.size(), 700U) << few;
}

TEST(Selection, TheLawThatMadeTheDataRanksFirst) {
  const tables::Measurements data = sample("chinchilla", 0.003);
  const Ranking ranking = rank_laws({laws::law_from("power"), laws::law_from("kaplan"), laws::law_from("chinchilla"),
                                     laws::law_from("lr-annealing"), laws::law_from("chinchilla-tied")},
                                    data, plain());
  ASSERT_EQ(ranking.laws.size(), 5U);
  EXPECT_EQ(ranking.laws.front().fit.name(), "chinchilla");
  EXPECT_EQ(ranking.laws.front().delta_aicc, 0);
  EXPECT_EQ(ranking.laws.front().delta_bic, 0);
  double total = 0;
  for (const RankedLaw& law : ranking.laws) total += law.weight;
  EXPECT_NEAR(total, 1, 1e-12);
  EXPECT_FALSE(ranking.rule.empty());
}

TEST(Selection, LawsThatCannotBeFittedAreNoted) {
  tables::Measurements data;
  data.columns.add("tokens", {1, 2, 4, 8, 16, 32});
  data.output = {6, 5, 4, 3.5, 3.2, 3};
  const Ranking ranking = rank_laws({laws::law_from("chinchilla"), laws::law_from("shifted-power"),
                                     laws::law_from("power@tokens"), laws::law_from("kaplan-n")},
                                    data, plain());
  ASSERT_EQ(ranking.laws.size(), 1U);
  EXPECT_EQ(ranking.notes, (std::vector<std::string>{"chinchilla, kaplan-n: column n_params is missing",
                                                     "shifted-power: column step is missing"}));
  EXPECT_THROW((void)rank_laws({laws::law_from("chinchilla")}, data, plain()), base::InputError);
}

}  // namespace
}  // namespace phaselaw::fitting
