// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "fitting/synthetic.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/fitting/fit_file.h"
#include "phaselaw/fitting/predict.h"

namespace phaselaw::fitting {
namespace {

using testing::fit_two_stage;
using testing::Sample;
using testing::Truth;
using testing::two_stage_sample;
using testing::TwoStageOptions;

TwoStageOptions options_of(Objective objective, bool free_floor, IntervalMethod interval = IntervalMethod::automatic) {
  TwoStageOptions options;
  options.fit.objective = objective;
  options.fit.interval = interval;
  if (free_floor) options.known.floor.reset();
  return options;
}

bool holds(const Estimate* estimate, double truth) {
  return estimate != nullptr && estimate->lo && estimate->hi && *estimate->lo <= truth && truth <= *estimate->hi;
}

bool warns(const Fit& fit, const std::string& words) {
  return std::any_of(fit.warnings.begin(), fit.warnings.end(),
                     [&](const std::string& warning) { return warning.find(words) != std::string::npos; });
}

TEST(TwoStageFit, RecoversExactCurves) {
  for (const Objective objective : {Objective::huber, Objective::l1, Objective::l2})
    for (const Truth& truth : {Truth{1, 1, 1.0 / 6, 0}, Truth{3, 1e18, 1.0 / 7, 0.5}, Truth{1e-5, 1e-7, 0.5, 1e-7}}) {
      const Sample sample = two_stage_sample(truth, 60, 0, 0);
      const Fit fit =
          fit_two_stage(sample.compute, sample.loss, options_of(objective, truth.floor > 0, IntervalMethod::none));
      EXPECT_TRUE(fit.convergence.certified)
          << base::enum_name(objective) << ": " << fit.convergence.status << ", objective " << fit.objective_value;
      EXPECT_GE(fit.convergence.agreed, 2);
      // ln L is good to some eps; the Jacobian's condition (below 100) carries it to the parameters.
      EXPECT_NEAR(fit.find("q")->value / truth.exponent, 1, 1e-6);
      EXPECT_NEAR(fit.find("A")->value / truth.amplitude, 1, 1e-6);
      EXPECT_NEAR(fit.find("bend_compute")->value / (std::exp(1.0) * truth.scale), 1, 1e-6);
      EXPECT_NEAR(fit.find("E")->value, truth.floor, 1e-6 * truth.amplitude);
    }
}

// Shown by issue 2: the 95 % interval of the exponent covers the truth in 90 to 99 % of draws. Tested more sharply:
// within four standard errors of 95 %, which a correct interval leaves with probability 6e-5.
TEST(TwoStageFit, IntervalOfTheExponentCovers) {
  for (const bool free_floor : {false, true}) {
    const Truth truth{1, 1, 1.0 / 6, free_floor ? 0.02 : 0};
    const int draws = free_floor ? 300 : 1000;
    int covered = 0, bend_covered = 0;
    for (int draw = 0; draw < draws; ++draw) {
      const Sample sample = two_stage_sample(truth, 60, 0.03, static_cast<std::uint64_t>(draw));
      const Fit fit = fit_two_stage(sample.compute, sample.loss, options_of(Objective::l2, free_floor));
      EXPECT_TRUE(fit.convergence.certified) << fit.convergence.status;
      EXPECT_EQ(fit.method, IntervalMethod::profile);
      covered += holds(fit.find("q"), truth.exponent) ? 1 : 0;
      bend_covered += holds(fit.find("bend_compute"), std::exp(1.0) * truth.scale) ? 1 : 0;
    }
    const double four_errors = 4 * std::sqrt(0.95 * 0.05 / draws);
    for (const int count : {covered, bend_covered}) EXPECT_NEAR(static_cast<double>(count) / draws, 0.95, four_errors);
  }
}

// The same for the default objective, with bootstrap intervals: 100 draws of 100 resamples, to be fast. The true
// coverage is 97 % (interval.h): a correct run leaves 90 to 99 of 100 with probability 0.05.
TEST(TwoStageFit, BootstrapIntervalOfTheExponentCovers) {
  int covered = 0;
  for (std::uint64_t draw = 0; draw < 100; ++draw) {
    const Sample sample = two_stage_sample({}, 60, 0.03, draw);
    TwoStageOptions options;
    options.fit.delta = kPublishedDelta;
    options.fit.resamples = 100;
    options.fit.seed = draw;
    const Fit fit = fit_two_stage(sample.compute, sample.loss, options);
    EXPECT_EQ(fit.method, IntervalMethod::bootstrap);
    covered += holds(fit.find("q"), 1.0 / 6) ? 1 : 0;
  }
  EXPECT_GE(covered, 90);
  EXPECT_LE(covered, 99);
}

TEST(TwoStageFit, HuberIgnoresOutliersWhereLeastSquaresDoesNot) {
  Sample sample = two_stage_sample({}, 60, 0.01, 4);
  for (const std::size_t i : {std::size_t{5}, std::size_t{30}, std::size_t{50}, std::size_t{55}}) sample.loss[i] *= 5;
  const double huber =
      fit_two_stage(sample.compute, sample.loss, options_of(Objective::huber, false, IntervalMethod::none))
          .find("q")
          ->value;
  const double l2 = fit_two_stage(sample.compute, sample.loss, options_of(Objective::l2, false, IntervalMethod::none))
                        .find("q")
                        ->value;
  EXPECT_NEAR(huber, 1.0 / 6, 0.003);  // 3 standard errors of 0.01 noise
  EXPECT_GT(std::abs(l2 - 1.0 / 6), 0.003);
}

TEST(TwoStageFit, ScalesWithTheUnits) {
  const Sample sample = two_stage_sample({1, 1, 1.0 / 6, 0.1}, 60, 0.03, 7);
  const Fit fit = fit_two_stage(sample.compute, sample.loss, options_of(Objective::l2, true));
  for (const auto& [compute_unit, loss_unit] : {std::pair{1e18, 3.0}, {1e-280, 1e-290}, {1e280, 1e290}}) {
    Sample scaled = sample;
    for (double& c : scaled.compute) c *= compute_unit;
    for (double& loss : scaled.loss) loss *= loss_unit;
    const Fit other = fit_two_stage(scaled.compute, scaled.loss, options_of(Objective::l2, true));
    EXPECT_TRUE(other.convergence.certified);
    EXPECT_NEAR(other.find("q")->value / fit.find("q")->value, 1, 1e-5);
    EXPECT_NEAR(other.find("E")->value / loss_unit / fit.find("E")->value, 1, 1e-5);
    EXPECT_NEAR(other.find("C0")->value / compute_unit / fit.find("C0")->value, 1, 1e-5);
    EXPECT_NEAR(*other.find("q")->hi / *fit.find("q")->hi, 1, 1e-3);
  }
}

TEST(TwoStageFit, OrderOfRowsDoesNotMatter) {
  const Sample sample = two_stage_sample({}, 40, 0.03, 2);
  Sample reversed = sample;
  std::reverse(reversed.compute.begin(), reversed.compute.end());
  std::reverse(reversed.loss.begin(), reversed.loss.end());
  const auto options = options_of(Objective::huber, false, IntervalMethod::none);
  EXPECT_NEAR(fit_two_stage(sample.compute, sample.loss, options).find("q")->value,
              fit_two_stage(reversed.compute, reversed.loss, options).find("q")->value, 1e-7);
}

TEST(TwoStageFit, WeightsRepeatRowsAndResamplesRepeatThemselves) {
  const Sample sample = two_stage_sample({}, 40, 0.03, 3);
  Sample doubled = sample;
  doubled.compute.push_back(sample.compute[10]);
  doubled.loss.push_back(sample.loss[10]);
  TwoStageOptions weighted = options_of(Objective::l2, false, IntervalMethod::none), plain = weighted;
  weighted.fit.weights.assign(40, 1);
  weighted.fit.weights[10] = 2;
  EXPECT_NEAR(fit_two_stage(sample.compute, sample.loss, weighted).find("q")->value,
              fit_two_stage(doubled.compute, doubled.loss, plain).find("q")->value, 1e-9);
  TwoStageOptions resampled;
  resampled.fit.interval = IntervalMethod::bootstrap;
  resampled.fit.resamples = 50;
  const Fit first = fit_two_stage(sample.compute, sample.loss, resampled);
  EXPECT_EQ(first.find("q")->lo, fit_two_stage(sample.compute, sample.loss, resampled).find("q")->lo);
  resampled.fit.seed = 1;
  EXPECT_NE(first.find("q")->lo, fit_two_stage(sample.compute, sample.loss, resampled).find("q")->lo);
}

TEST(TwoStageFit, ClustersWidenTheInterval) {
  // Five runs that each carry their own offset: rows of a run are no independent evidence.
  numerics::RandomStream stream(9, "clusters");
  Sample sample;
  TwoStageOptions clustered, rows;
  for (int run = 0; run < 5; ++run) {
    const Sample one = two_stage_sample({}, 30, 0.005, static_cast<std::uint64_t>(run));
    const double tilt = 0.05 * stream.normal();
    for (std::size_t i = 0; i < one.loss.size(); ++i) {
      sample.compute.push_back(one.compute[i]);
      sample.loss.push_back(one.loss[i] * std::pow(one.compute[i], tilt / 10));
      clustered.fit.cluster.push_back("run" + std::to_string(run));
    }
  }
  clustered.fit.objective = rows.fit.objective = Objective::l2;
  const Fit by_run = fit_two_stage(sample.compute, sample.loss, clustered);
  const Fit by_row = fit_two_stage(sample.compute, sample.loss, rows);
  const auto width = [](const Fit& fit) { return *fit.find("q")->hi - *fit.find("q")->lo; };
  EXPECT_GT(width(by_run), 1.5 * width(by_row));
  EXPECT_TRUE(by_run.clustered);
}

TEST(TwoStageFit, FixedExponentStaysFixed) {
  const Sample sample = two_stage_sample({}, 60, 0.03, 5);
  TwoStageOptions options = options_of(Objective::l2, true);
  options.known.exponent = 1.0 / 7;
  const Fit fit = fit_two_stage(sample.compute, sample.loss, options);
  EXPECT_EQ(fit.find("q")->value, 1.0 / 7);
  EXPECT_TRUE(fit.find("q")->fixed);
}

TEST(TwoStageFit, TheIntervalTellsTheEditionsApart) {
  const Sample sample = two_stage_sample({}, 60, 0.02, 6);
  const Fit fit = fit_two_stage(sample.compute, sample.loss, options_of(Objective::l2, false));
  const Estimate& q = *fit.find("q");
  EXPECT_LE(*q.lo, 1.0 / 6);
  EXPECT_GE(*q.hi, 1.0 / 6);
  EXPECT_GT(*q.lo, 1.0 / 7);
}

TEST(TwoStageFit, OneStageAloneIdentifiesLess) {
  const Sample whole = two_stage_sample({}, 90, 0.01, 8);
  const auto cut = [&](double lo, double hi) {
    Sample part;
    for (std::size_t i = 0; i < whole.compute.size(); ++i)
      if (whole.compute[i] >= lo && whole.compute[i] <= hi) {
        part.compute.push_back(whole.compute[i]);
        part.loss.push_back(whole.loss[i]);
      }
    return part;
  };
  for (const Sample& part : {cut(0, 0.3), cut(1e4, 1e9)}) {
    const Fit fit = fit_two_stage(part.compute, part.loss, options_of(Objective::l2, false));
    EXPECT_FALSE(fit.find("bend_compute")->identified);
    EXPECT_FALSE(fit.find("C0")->identified);
    EXPECT_FALSE(fit.warnings.empty());
  }
}

TEST(TwoStageFit, BendBeyondTheDataIsSaid) {
  const Sample whole = two_stage_sample({1, 1, 2, 0}, 60, 0, 0);
  Sample early;
  for (std::size_t i = 0; whole.compute[i] < 2; ++i) {
    early.compute.push_back(whole.compute[i]);
    early.loss.push_back(whole.loss[i]);
  }
  const Fit fit = fit_two_stage(early.compute, early.loss, options_of(Objective::l2, false, IntervalMethod::none));
  EXPECT_TRUE(warns(fit, "bend lies outside the measured compute"));
  EXPECT_FALSE(fit.find("q")->identified);
}

TEST(TwoStageFit, PredictsItsOwnCurve) {
  const Truth truth{2, 10, 0.3, 0.1};
  const Sample sample = two_stage_sample(truth, 40, 0, 0);
  const Fit fit = fit_two_stage(sample.compute, sample.loss, options_of(Objective::l2, true, IntervalMethod::none));
  const tables::Measurements data = testing::curve_of(sample.compute, sample.loss);
  const Prediction found = predict(fit, data, {}, data.columns);
  for (std::size_t i = 0; i < sample.loss.size(); ++i) EXPECT_NEAR(found.value[i] / sample.loss[i], 1, 1e-7);
  tables::Columns start;
  start.add("compute", {0.0});
  EXPECT_NEAR(predict(fit, data, {}, start).value[0], 2.1, 1e-6);
}

// Derived quantities against their closed forms.
TEST(TwoStageFit, DerivedQuantitiesAreThoseOfTheFormula) {
  const Truth truth{2, 1e18, 1.0 / 6, 0.3};
  const Sample sample = two_stage_sample(truth, 60, 0, 0);
  const Fit fit = fit_two_stage(sample.compute, sample.loss, options_of(Objective::l2, true));
  const double last = sample.compute.back(), w = numerics::lambert_w0_of_exp(std::log(last / truth.scale));
  const double slope = -truth.exponent * w / (1 + w), decay = truth.amplitude * std::exp(-truth.exponent * w);
  EXPECT_NEAR(fit.find("bend_compute")->value / (std::exp(1.0) * truth.scale), 1, 1e-6);
  EXPECT_NEAR(fit.find("initial_loss")->value, truth.amplitude + truth.floor, 1e-6);
  EXPECT_NEAR(fit.find("slope")->value, slope, 1e-6);
  EXPECT_NEAR(fit.find("slope_total")->value, slope * decay / (decay + truth.floor), 1e-6);
}

TEST(TwoStageFit, JsonHasTheFieldsThatScriptsRelyOn) {
  const Sample sample = two_stage_sample({}, 40, 0.03, 1);
  const base::Value value = to_value(fit_two_stage(sample.compute, sample.loss, options_of(Objective::l2, true)));
  const base::Value read = base::parse_json(base::to_json(value), "fit.json");
  for (const char* key : {"law", "objective", "delta", "n_points", "objective_value", "parameters", "derived",
                          "interval", "convergence", "selection", "warnings", "seconds"})
    EXPECT_NE(read.find(key), nullptr) << key;
  for (const char* name : {"A", "C0", "q", "E"})
    for (const char* key : {"value", "lo", "hi", "identified"})
      EXPECT_NE(read.at("parameters").at(name).find(key), nullptr) << name << "." << key;
  for (const char* key : {"method", "level", "resamples"}) EXPECT_NE(read.at("interval").find(key), nullptr);
  for (const char* key : {"starts", "agreed", "gradient_norm", "status"})
    EXPECT_NE(read.at("convergence").find(key), nullptr);
  EXPECT_TRUE(read.at("selection").at("aicc").is_number());
  EXPECT_TRUE(read.at("warnings").is_list());
}

}  // namespace
}  // namespace phaselaw::fitting
