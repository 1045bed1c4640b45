// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/averaging.h"

#include <cmath>

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/laws/law.h"

namespace phaselaw::fitting {
namespace {

tables::Columns sizes() {
  tables::Columns columns;
  columns.add("n_params", {1e8, 1e9, 1e10});
  columns.add("tokens", {2e9, 2e10, 2e11});
  return columns;
}

// The average of powers is the power with the mean exponent and amplitude.
TEST(Averaging, TheAverageOfTwoPowersIsAPower) {
  const laws::Law law = laws::law_from("A*N^-a");
  const AveragedLaw average({{law, {8, 0.1}, 3}, {law, {2, 0.3}, 1}});
  const std::vector<double> value = average.evaluate(sizes());
  for (std::size_t i = 0; i < value.size(); ++i) {
    const double n = sizes().values[0][i];
    EXPECT_NEAR(value[i], std::pow(8, 0.75) * std::pow(2, 0.25) * std::pow(n, -0.15), 1e-13 * value[i]);
  }
}

TEST(Averaging, TheSpreadIsThatOfTheWeightedLogarithms) {
  const std::vector<double> values = {2, 4, 8, 1e9, NAN}, weights = {1, 2, 1, 0, 5};
  const Spread spread = spread_of(values, weights);
  EXPECT_NEAR(spread.value, 4, 1e-14);
  EXPECT_EQ(spread.lowest, 2);
  EXPECT_EQ(spread.highest, 1e9);  // whatever its weight
  EXPECT_NEAR(spread.deviation, std::log(2) / std::sqrt(2), 1e-14);
  EXPECT_TRUE(std::isnan(spread_of({}, {}).value));
}

TEST(Averaging, WeightsAreScaledAndNamed) {
  const laws::Law law = laws::law_from("kaplan-n");
  const AveragedLaw average({{law, {1e14, 0.07}, 1},
                             {laws::law_from("kaplan-d"), {1e13, 0.09}, 3},
                             {laws::law_from("kaplan-c"), {1e28, 0.05}, 0.001}});
  EXPECT_EQ(average.description(), "kaplan-d (0.75), kaplan-n (0.25) and 1 with less than 0.5 %");
  EXPECT_THROW(AveragedLaw({{law, {1e14, 0.07}, 0}}), base::InputError);
  tables::Columns columns;
  columns.add("n_params", {1e8});
  EXPECT_THROW((void)average.evaluate(columns), base::InputError);
}

}  // namespace
}  // namespace phaselaw::fitting
