// SPDX-License-Identifier: Apache-2.0
//
// What users feed a fit: each case is one clear error, or a status; never a NaN shown as a number.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "fitting/synthetic.h"
#include "phaselaw/base/errors.h"

namespace phaselaw::fitting {
namespace {

using testing::fit_two_stage;
using testing::TwoStageOptions;

std::string message_of(std::vector<double> compute, std::vector<double> loss, const TwoStageOptions& options = {}) {
  try {
    (void)fit_two_stage(compute, loss, options);
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "no error";
}

void expect_numbers(const Fit& fit) {
  for (const auto* list : {&fit.parameters, &fit.derived})
    for (const Estimate& estimate : *list) {
      EXPECT_FALSE(std::isnan(estimate.value)) << estimate.name;
      EXPECT_FALSE(estimate.lo && std::isnan(*estimate.lo)) << estimate.name;
      EXPECT_FALSE(estimate.hi && std::isnan(*estimate.hi)) << estimate.name;
    }
}

TEST(BadInput, ValuesAreNamedByTheirRow) {
  for (const double bad : {std::nan(""), std::numeric_limits<double>::infinity(), 0.0, -1.0}) {
    const std::string loss = message_of({1, 2, 3, 4, 5}, {5, 4, bad, 2, 1});
    EXPECT_NE(loss.find("row 3"), std::string::npos) << loss;
    EXPECT_NE(loss.find("loss"), std::string::npos) << loss;
    if (bad == 0) continue;  // a run may begin at no compute, where the law is A + E
    const std::string compute = message_of({1, bad, 3, 4, 5}, {5, 4, 3, 2, 1});
    EXPECT_NE(compute.find("row 2"), std::string::npos) << compute;
    EXPECT_NE(compute.find("compute"), std::string::npos) << compute;
  }
}

TEST(BadInput, TooFewRows) {
  EXPECT_NE(message_of({}, {}).find("found none"), std::string::npos);
  EXPECT_NE(message_of({1, 2}, {1}).find("each of the 2 rows, found 1"), std::string::npos);
  EXPECT_NE(message_of({1}, {1}).find("at least 4 rows, found 1"), std::string::npos);
  EXPECT_NE(message_of({1, 2, 3}, {3, 2, 1}).find("at least 4 rows, found 3"), std::string::npos);
}

TEST(BadInput, OptionsOutsideTheirDomain) {
  const std::vector<double> compute = {1, 2, 3, 4, 5}, loss = {5, 4, 3, 2, 1};
  TwoStageOptions options;
  options.fit.delta = 0;
  EXPECT_NE(message_of(compute, loss, options).find("delta"), std::string::npos);
  options = {};
  options.fit.level = 1;
  EXPECT_NE(message_of(compute, loss, options).find("level"), std::string::npos);
  options = {};
  options.fit.resamples = 1;
  EXPECT_NE(message_of(compute, loss, options).find("resamples"), std::string::npos);
  options = {};
  options.fit.weights = {1, 1, -1, 1, 1};
  EXPECT_NE(message_of(compute, loss, options).find("weight of row 3"), std::string::npos);
  options.fit.weights = {1, 1};
  EXPECT_NE(message_of(compute, loss, options).find("weights"), std::string::npos);
  options.fit.weights = {0, 0, 0, 0, 0};
  EXPECT_NE(message_of(compute, loss, options).find("weights"), std::string::npos);
  options = {};
  options.fit.cluster = {"a"};
  EXPECT_NE(message_of(compute, loss, options).find("cluster"), std::string::npos);
}

TEST(BadInput, DegenerateDataGiveAStatusAndNoNumberThatIsNone) {
  const std::vector<double> many = numerics::log_spaced(1, 1e6, 12);
  const std::vector<double> same(12, 2.5), rising = numerics::log_spaced(1, 10, 12);
  std::vector<double> falling = rising;
  std::reverse(falling.begin(), falling.end());
  const std::vector<double> one_compute(12, 7.0);
  const auto huge = numerics::log_spaced(1e290, 1e300, 12), tiny = numerics::log_spaced(5e-324, 1e-310, 12);
  std::vector<double> tiny_falling(tiny.rbegin(), tiny.rend());
  for (const Objective objective : {Objective::huber, Objective::l2})
    for (const bool free_floor : {false, true})
      for (const auto& [compute, loss] : {std::pair{many, same},
                                          {many, rising},
                                          {one_compute, falling},
                                          {huge, falling},
                                          {tiny, tiny_falling},
                                          {many, tiny_falling},
                                          {huge, tiny_falling}}) {
        TwoStageOptions options;
        options.fit.objective = objective;
        options.fit.resamples = 20;
        if (free_floor) options.known.floor.reset();
        const Fit fit = fit_two_stage(compute, loss, options);
        expect_numbers(fit);
        EXPECT_FALSE(fit.convergence.status.empty());
      }
}

TEST(BadInput, EqualLossesAndEqualComputesIdentifyNothing) {
  const std::vector<double> many = numerics::log_spaced(1, 1e6, 12), same(12, 2.5);
  for (const auto& [compute, loss] : {std::pair{many, same}, {same, many}}) {
    const Fit fit = fit_two_stage(compute, loss);
    EXPECT_FALSE(fit.find("q")->identified);
    EXPECT_FALSE(fit.find("bend_compute")->identified);
    EXPECT_FALSE(fit.warnings.empty());
  }
}

TEST(BadInput, AFloorAboveTheLossIsSaid) {
  const auto sample = testing::two_stage_sample({}, 30, 0.01, 0);
  TwoStageOptions options;
  options.known.floor = 0.9;
  options.fit.interval = IntervalMethod::none;
  const Fit fit = fit_two_stage(sample.compute, sample.loss, options);
  expect_numbers(fit);
  bool said = false;
  for (const auto& warning : fit.warnings)
    said = said || warning.find("not below the smallest loss") != std::string::npos;
  EXPECT_TRUE(said);
}

}  // namespace
}  // namespace phaselaw::fitting
