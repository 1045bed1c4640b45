// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "laws/law_truths.h"
#include "phaselaw/fitting/fit.h"
#include "phaselaw/fitting/multi_start.h"

// Fits to many rows, where starts are refined on a sample and threads share the rows.
namespace phaselaw::fitting {
namespace {

tables::Measurements noisy(const laws::Law& law, std::size_t n, double noise) {
  tables::Measurements data = laws::testing::exact_measurements(law, n, 0);
  numerics::RandomStream stream(12, "many rows", n);
  for (double& loss : data.output) loss *= std::exp(noise * stream.normal());
  return data;
}

FitOptions plain(Objective objective, int threads = 1) {
  FitOptions options;
  options.objective = objective;
  options.interval = IntervalMethod::none;
  options.threads = threads;
  return options;
}

// The optimum of all starts refined on all rows. Both are polished to a scaled gradient of 1e-9 or less, at which the
// objective differs from its minimum by the square of that.
TEST(ManyRows, TheSampleLeadsToTheOptimumOfAllRows) {
  for (const char* name : {"chinchilla", "width-depth-params-tokens", "kaplan", "two-stage"})
    for (const Objective objective : {Objective::huber, Objective::l2}) {
      const laws::Law law = laws::law_from(name);
      const tables::Measurements data = noisy(law, 3000, 0.01);
      const LawForm form(law, data, {});
      Refitter refitter(form, plain(objective));
      const MultiStart search = multi_start(refitter);
      EXPECT_TRUE(search.convergence.certified) << name << ": " << search.convergence.status;
      double least = std::numeric_limits<double>::infinity();
      for (const auto& start : search.starts) least = std::min(least, refitter.solve(start).cost);
      EXPECT_NEAR(search.best.cost, least, 1e-10 * least) << name;
    }
}

TEST(ManyRows, ThreadsThatShareTheRowsGiveTheSameBits) {
  const laws::Law law = laws::law_from("chinchilla");
  const tables::Measurements data = noisy(law, 70000, 0.02);
  const LawForm form(law, data, {});
  Refitter one(form, plain(Objective::huber)), three(form, plain(Objective::huber, 3));
  EXPECT_FALSE(one.shares_rows());
  EXPECT_TRUE(three.shares_rows());
  const MultiStart alone = multi_start(one), shared = multi_start(three);
  EXPECT_TRUE(alone.convergence.certified) << alone.convergence.status;
  EXPECT_EQ(alone.best.parameters, shared.best.parameters);
  EXPECT_EQ(alone.best.cost, shared.best.cost);
  // One long evaluation gives the same numbers as its parts.
  std::vector<double> whole(form.n_rows()), parts(form.n_rows());
  one.residuals(alone.best.parameters, whole, {});
  three.residuals(alone.best.parameters, parts, {});
  EXPECT_EQ(whole, parts);
}

TEST(ManyRows, TheSampleSpansEveryColumn) {
  const laws::Law law = laws::law_from("chinchilla");
  tables::Measurements data = noisy(law, 5000, 0);
  const LawForm form(law, data, {});
  const std::vector<std::size_t> rows = form.spread_rows(256);
  EXPECT_LE(rows.size(), 256U);
  EXPECT_GE(rows.size(), 200U);
  EXPECT_EQ(std::set<std::size_t>(rows.begin(), rows.end()).size(), rows.size());
  for (const char* name : {"n_params", "tokens"}) {
    const std::vector<double> column = data.columns.get(name);
    for (const auto at :
         {std::min_element(column.begin(), column.end()), std::max_element(column.begin(), column.end())})
      EXPECT_TRUE(std::binary_search(rows.begin(), rows.end(), static_cast<std::size_t>(at - column.begin()))) << name;
  }
}

// Least absolute deviations end at a vertex: as many residuals are 0 as there are parameters, and every other fit is
// higher. The multipliers of numerics/l1_fit.h certify it.
TEST(ManyRows, AbsoluteValuesAreSolvedExactly) {
  for (const Objective objective : {Objective::l1, Objective::l1_raw})
    for (const bool weighted : {false, true}) {
      const laws::Law law = laws::law_from("chinchilla");
      const tables::Measurements data = noisy(law, 240, 0.01);
      FitOptions options = plain(objective);
      if (weighted)
        for (std::size_t i = 0; i < 240; ++i) options.weights.push_back(1 + static_cast<double>(i % 3));
      const Fit fit = fit_law(law, data, options);
      ASSERT_TRUE(fit.convergence.certified) << fit.convergence.status;
      const std::vector<double> value = laws::evaluate(law, data.columns, fit.value);
      double total = 0;
      std::size_t zeros = 0;
      for (std::size_t i = 0; i < 240; ++i) {
        const double r = objective == Objective::l1 ? std::log(data.output[i] / value[i]) : data.output[i] - value[i];
        total += (weighted ? options.weights[i] / 2 : 1) * std::abs(r);
        zeros += std::abs(r) < 1e-11 ? 1 : 0;
      }
      EXPECT_EQ(zeros, 5U);
      EXPECT_NEAR(fit.objective_value, total, 1e-12 * total);  // residuals carry eps of the loss, 1e-14 of their size
    }
}

}  // namespace
}  // namespace phaselaw::fitting
