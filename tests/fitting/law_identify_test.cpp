// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/identify.h"

#include <cmath>

#include <gtest/gtest.h>

#include "laws/law_truths.h"
#include "phaselaw/fitting/audit.h"

namespace phaselaw::fitting {
namespace {

Fit fit_noisy(const laws::Law& law, tables::Measurements data, double noise, std::map<std::string, double> fixed = {}) {
  numerics::RandomStream stream(21, "identify");
  for (double& loss : data.output) loss *= std::exp(noise * stream.normal());
  FitOptions options;
  options.objective = Objective::l2;
  options.interval = IntervalMethod::none;
  options.fix = std::move(fixed);
  return fit_law(law, data, options);
}

bool warns(const Fit& fit, const std::string& words) {
  for (const std::string& warning : fit.warnings)
    if (warning.find(words) != std::string::npos) return true;
  return false;
}

TEST(Identify, WellDeterminedParametersAreSaidToBe) {
  const laws::Law law = laws::law_from("chinchilla");
  const Fit fit = fit_noisy(law, laws::testing::exact_measurements(law, 120), 0.005);
  for (const Estimate& estimate : fit.parameters) EXPECT_TRUE(estimate.identified) << estimate.name;
  EXPECT_TRUE(fit.warnings.empty()) << fit.warnings.front();
}

TEST(Identify, NoFloorIsSaidAndIsNoNumber) {
  const laws::Law law = laws::law_from("power");
  tables::Measurements data{laws::testing::full_table(100, 0), {}};
  data.output = evaluate(law, data.columns, std::vector<double>{0, 900, 0.15});
  for (double& loss : data.output) loss = std::max(loss - 0.01, 1e-3);  // bends down: the best floor is below 0
  const Fit fit = fit_noisy(law, data, 1e-4);
  EXPECT_EQ(fit.find("E")->value, 0);
  EXPECT_FALSE(fit.find("E")->identified);
  EXPECT_TRUE(warns(fit, "no floor"));
}

TEST(Identify, RepetitionThatDidNotHappenHasNoWorth) {
  const laws::Law law = laws::law_from("repeated-data");
  tables::Measurements data{laws::testing::full_table(150, 0), {}};
  data.columns.values[3] = data.columns.get("tokens");  // unique_tokens: one epoch only
  data.output = evaluate(law, data.columns, laws::testing::true_parameters(law));
  const Fit fit = fit_noisy(law, data, 0.005, {{"A", 521}, {"B", 1488}, {"E", 1.87}, {"alpha", 0.35}, {"beta", 0.37}});
  EXPECT_FALSE(fit.find("R_D")->identified);
  EXPECT_TRUE(warns(fit, "R_D is unbounded"));
  EXPECT_TRUE(fit.find("R_N")->identified);
}

TEST(Identify, CollinearColumnsAreNamed) {
  const laws::Law law = laws::law_from("chinchilla");
  tables::Measurements data{laws::testing::full_table(100, 0), {}};
  for (std::size_t i = 0; i < 100; ++i) data.columns.values[1][i] = 20 * data.columns.values[0][i];
  data.output = evaluate(law, data.columns, laws::testing::true_parameters(law));
  const Fit fit = fit_noisy(law, data, 0.005);
  EXPECT_TRUE(warns(fit, "n_params and tokens are powers of each other"));
}

TEST(Identify, OneSizeDeterminesNoPower) {
  const laws::Law law = laws::law_from("chinchilla");
  tables::Measurements data{laws::testing::full_table(100, 0), {}};
  data.columns.values[0].assign(100, 1e9);
  data.output = evaluate(law, data.columns, laws::testing::true_parameters(law));
  const Fit fit = fit_noisy(law, data, 0.005);
  EXPECT_TRUE(warns(fit, "n_params takes 1 distinct value"));
  EXPECT_FALSE(fit.find("alpha")->identified);
  EXPECT_TRUE(fit.find("beta")->identified);
}

// A start that was never left: far from the optimum, its gradient gives it away; the optimum itself passes.
TEST(Audit, TellsAStartFromAnOptimum) {
  const laws::Law law = laws::law_from("power");
  tables::Measurements data = laws::testing::exact_measurements(law, 60);
  numerics::RandomStream stream(22, "audit");
  for (double& loss : data.output) loss *= std::exp(0.01 * stream.normal());
  FitOptions options;
  options.objective = Objective::l2;
  const Fit fit = fit_law(law, data, options);
  const Audit start = audit(fit, data, {{"E", 1}, {"A", std::exp(5.0)}, {"alpha", 0.1}}, options);
  EXPECT_FALSE(start.is_optimum);
  EXPECT_GT(start.gradient_norm, 0.1);
  EXPECT_NE(start.verdict.find("not an optimum"), std::string::npos);
  std::map<std::string, double> best;
  for (const Estimate& estimate : fit.parameters) best[estimate.name] = estimate.value;
  const Audit found = audit(fit, data, best, options);
  EXPECT_TRUE(found.is_optimum) << found.verdict;
  EXPECT_LT(found.gradient_norm, 1e-8);
}

}  // namespace
}  // namespace phaselaw::fitting
