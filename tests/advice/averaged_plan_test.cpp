// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/plan/averaged_plan.h"

#include <cmath>

#include <gtest/gtest.h>

#include "phaselaw/advice/plan/plan_request.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/fitting/selection.h"
#include "phaselaw/numerics/random.h"

namespace phaselaw::advice {
namespace {

tables::Measurements runs() {
  tables::Measurements data;
  numerics::RandomStream stream(3, "averaged_plan_test");
  std::vector<double> sizes, tokens;
  for (int i = 0; i < 24; ++i) {
    sizes.push_back(3e7 * std::pow(60, stream.uniform()));
    tokens.push_back(sizes.back() * 5 * std::pow(40, stream.uniform()));
    data.output.push_back((1.8 + 900 * std::pow(sizes.back(), -.35) + 1540 * std::pow(tokens.back(), -.35)) *
                          std::exp(.005 * stream.normal()));
  }
  data.columns.add("n_params", sizes);
  data.columns.add("tokens", tokens);
  return data;
}

WeightedFit weighted(const char* law, double weight) {
  fitting::FitOptions options;
  options.objective = fitting::Objective::l2;
  WeightedFit out;
  out.saved.data = runs();
  out.saved.options = options;
  out.saved.fit = fitting::fit_law(laws::law_from(law), out.saved.data, options);
  out.weight = weight;
  return out;
}

// The average of one law is that law.
TEST(AveragedPlan, OneLawGivesItsOwnPlan) {
  const WeightedFit one = weighted("chinchilla-tied", 0.3);
  const Plan averaged = averaged_plan({one}, {1e21}, {});
  const Plan own = plan_for_compute(one.saved, {1e21});
  const PlanPoint &a = averaged.points.front(), &b = own.points.front();
  EXPECT_NEAR(std::log(a.n_params.value / b.n_params.value), 0, 1e-8);
  EXPECT_NEAR(a.loss.value, b.loss.value, 1e-12);
  ASSERT_TRUE(a.loss.lo && b.loss.lo);
  EXPECT_NEAR(*a.loss.lo, *b.loss.lo, 1e-9);
  EXPECT_NEAR(std::log(*a.n_params.hi / *b.n_params.hi), 0, 1e-7);
}

// The sizes minimise the averaged loss, and the intervals contain those of every law.
TEST(AveragedPlan, TheHullContainsEveryLaw) {
  const std::vector<WeightedFit> fits = {weighted("chinchilla-tied", 0.6), weighted("kaplan", 0.4),
                                         weighted("power", 0.1)};
  const Plan plan = averaged_plan(fits, {1e21}, {});
  const PlanPoint& point = plan.points.front();
  const auto loss = [&](double n) {
    const double d = 1e21 / (6 * n);
    tables::Columns at;
    at.add("n_params", {n});
    at.add("tokens", {d});
    double total = 0;
    for (const WeightedFit& fit : fits)
      total += fit.weight / 1.1 * std::log(evaluate(fit.saved.fit.law, at, fit.saved.fit.value).front());
    return std::exp(total);
  };
  const double n = point.n_params.value;
  EXPECT_NEAR(point.loss.value, loss(n), 1e-12 * loss(n));
  EXPECT_LT(loss(n), loss(1.01 * n));
  EXPECT_LT(loss(n), loss(n / 1.01));
  const std::vector<LawSpread> spread = spread_of_laws(fits, {}, {1e21});
  ASSERT_EQ(spread.front().laws.size(), 3U);
  ASSERT_TRUE(point.loss.lo && point.loss.hi && point.n_params.lo && point.n_params.hi);
  for (const WeightedFit& fit : fits) {
    const double own = Allocator(fit.saved.fit.law, {}).has_sizes()
                           ? Allocator(fit.saved.fit.law, {}).loss(fit.saved.fit.value, n, 1e21 / (6 * n))
                           : Allocator(fit.saved.fit.law, {}).best(fit.saved.fit.value, 1e21).loss;
    EXPECT_LE(*point.loss.lo, own);
    EXPECT_GE(*point.loss.hi, own);
  }
  EXPECT_LE(*point.n_params.lo, spread.front().n_params_lowest);
  EXPECT_GE(*point.n_params.hi, spread.front().n_params_highest);
  EXPECT_LT(spread.front().loss_lowest, spread.front().loss_highest);
  EXPECT_NE(sentence(spread.front()).find("laws that predict as well (chinchilla-tied, kaplan, power) give N* from"),
            std::string::npos);
}

TEST(AveragedPlan, LawsWithoutSizesAndFilesWithoutWeightsAreRefused) {
  EXPECT_THROW((void)averaged_plan({weighted("power", 1)}, {1e21}, {}), base::InputError);
  PlanRequest request;
  request.law = "averaged";
  request.compute = {1e21};
  EXPECT_THROW((void)plan(to_value(weighted("chinchilla", 1).saved), "fit.json", request), base::InputError);
}

}  // namespace
}  // namespace phaselaw::advice
