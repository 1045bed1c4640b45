// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/identify.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "laws/law_truths.h"
#include "phaselaw/fitting/audit.h"
#include "phaselaw/numerics/statistics.h"

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
  EXPECT_TRUE(warns(fit, "E ends at 0"));
}

// Runs of several sizes, fitted as one curve of compute: the early losses of large models lie above those of small ones, so
// that the best floor of one curve is above the smallest loss.
tables::Measurements two_sizes() {
  std::vector<double> compute, loss;
  for (const double size : {1e4, 1e6})
    for (int i = 0; i < 40; ++i) {
      const double steps = std::pow(10, 1 + 0.1 * i);
      compute.push_back(size * steps);
      loss.push_back(1.6 + 0.8 * std::pow(size / 1e4, -0.3) + 3 * std::exp(-steps / 300));
    }
  tables::Measurements data;
  data.columns.add("compute", compute);
  data.output = loss;
  return data;
}

TEST(Identify, AFittedFloorIsBelowTheSmallestLossAndAtItIsNoMeasurement) {
  const tables::Measurements data = two_sizes();
  const double smallest = *std::min_element(data.output.begin(), data.output.end());
  for (const char* name : {"two-stage", "power", "exponential@compute", "shifted-power@compute"})
    for (const Objective objective : {Objective::huber, Objective::l2}) {
      FitOptions options;
      options.objective = objective;
      options.interval = IntervalMethod::none;
      const Fit fit = fit_law(laws::law_from(name), data, options);
      ASSERT_FALSE(fit.value.empty());
      EXPECT_LE(fit.find("E")->value, smallest * (1 + 1e-12)) << name;
      if (fit.find("E")->value > smallest * (1 - 1e-6)) {
        EXPECT_FALSE(fit.find("E")->identified) << name;
      }
    }
}

// One decade of a power law: any floor up to the smallest loss fits. Five decades bound it on both sides.
TEST(Identify, AFloorIsIdentifiedOnlyIfItsProfileIsBoundedOnBothSides) {
  const laws::Law law = laws::law_from("power");
  const auto over = [&](double decades, double noise, IntervalMethod interval) {
    tables::Measurements data;
    data.columns.add("compute", numerics::log_spaced(1e6, 1e6 * std::pow(10, decades), 30));
    data.output = evaluate(law, data.columns, std::vector<double>{1.5, 20, 0.25});
    numerics::RandomStream stream(22, "floor");
    for (double& loss : data.output) loss *= std::exp(noise * stream.normal());
    FitOptions options;
    options.objective = Objective::l2;
    options.interval = interval;
    return fit_law(law, data, options);
  };
  for (const IntervalMethod interval : {IntervalMethod::none, IntervalMethod::profile, IntervalMethod::bootstrap}) {
    const Fit short_range = over(0.5, 0.02, interval), long_range = over(5, 0.002, interval);
    EXPECT_FALSE(short_range.find("E")->identified);
    EXPECT_TRUE(warns(short_range, "no upper end below the smallest loss") || warns(short_range, "no lower end") ||
                warns(short_range, "E ends at 0"));
    EXPECT_TRUE(long_range.find("E")->identified);
  }
}

TEST(Identify, RepetitionThatDidNotHappenHasNoWorth) {
  const laws::Law law = laws::law_from("repeated-data");
  tables::Measurements data{laws::testing::full_table(150, 0), {}};
  data.columns.values[3] = data.columns.get("tokens");  // unique_tokens: one epoch only
  data.output = evaluate(law, data.columns, laws::testing::true_parameters(law));
  const Fit fit = fit_noisy(law, data, 0.005, {{"A", 521}, {"B", 1488}, {"E", 1.87}, {"alpha", 0.35}, {"beta", 0.37}});
  EXPECT_FALSE(fit.find("R_D")->identified);
  EXPECT_TRUE(warns(fit, "R_D is unbounded"));
  EXPECT_FALSE(fit.find("R_N")->identified);  // it belongs to an R_D at the bound of the search
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
