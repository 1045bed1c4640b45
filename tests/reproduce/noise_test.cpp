// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/noise.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "phaselaw/numerics/random.h"

namespace phaselaw::reproduce {
namespace {

using report::Verdict;

// Runs with the best excess risk ratio n^slope, with log-normal scatter: they fall to it and rise again.
NoiseCase planted(const char* name, double exponent, double slope, double ratio, double scatter) {
  NoiseCase c;
  c.name = c.label = name;
  c.exponent = exponent;
  for (const std::int64_t n : {16, 64, 256, 1024})
    for (std::int64_t seed = 0; seed < 4; ++seed) {
      numerics::RandomStream stream(7, name, static_cast<std::uint64_t>(100 * n + seed));
      const double best = ratio * std::pow(static_cast<double>(n), slope) * std::exp(scatter * stream.normal());
      RunCurve run;
      run.run = std::to_string(c.curves.runs.size());
      run.n_data = n;
      run.seed = seed;
      for (int i = 0; i < 12; ++i) {
        run.compute.push_back(1e6 * std::pow(2.0, i));
        run.value.push_back(best * (1 + 0.3 * std::abs(i - 8)));
      }
      c.curves.runs.push_back(std::move(run));
    }
  return c;
}

NoiseExperiment experiment(double constant, double half, double scatter, double kind_slope, double kind_ratio) {
  NoiseExperiment e;
  e.clean = planted("clean", 0, constant - 0.1, 0.05, scatter);
  e.schedules = {planted("constant", 0, constant, 1, scatter), planted("half", 0.5, half, 1, scatter)};
  e.kinds = {planted("mixture", 0, constant + kind_slope, kind_ratio, scatter)};
  analyse(e, 0, 1);
  return e;
}

Verdict verdict_of(const NoiseExperiment& e, const std::string& id) {
  for (const auto& claim : claims_of(e))
    if (claim.id == "E2." + id) return claim.verdict;
  ADD_FAILURE() << "no claim " << id;
  return Verdict::kInconclusive;
}

TEST(NoiseExperiment, ExactPowersHaveTheirSlopeAndNoWidth) {
  const auto e = experiment(-0.7, 0.1, 0, 0.3, 2);
  EXPECT_NEAR(e.schedules[0].slope.value, -0.7, 1e-12);
  EXPECT_NEAR(e.schedules[0].slope.hi - e.schedules[0].slope.lo, 0, 1e-6);
  EXPECT_NEAR(e.schedules[1].slope.value, 0.1, 1e-12);
  EXPECT_NEAR(e.kinds[0].slope_less_gaussian.value, 0.3, 1e-12);
  EXPECT_NEAR(e.kinds[0].ratio_to_gaussian.value, 2 * std::exp(0.3 * std::log(128.0)),
              1e-9);  // geometric mean of n: 128
}

// 200 plantings of slope -1, independent runs: an interval of 95 % covers 190 +- 3.1; below 176 is 4.5 deviations off.
TEST(NoiseExperiment, TheIntervalOfTheSlopeCoversThePlantedOne) {
  int covered = 0;
  for (std::uint64_t draw = 0; draw < 200; ++draw) {
    numerics::RandomStream stream(draw, "coverage");
    std::vector<BestRisk> best;
    for (const std::int64_t n : {16, 64, 256, 1024})
      for (std::int64_t seed = 0; seed < 3; ++seed)
        best.push_back({n, seed, std::exp(0.2 * stream.normal()) / static_cast<double>(n)});
    const auto slope = log_slope(best);
    covered += slope.lo <= -1 && -1 <= slope.hi ? 1 : 0;
  }
  EXPECT_GE(covered, 176);
  EXPECT_LE(covered, 199);
}

TEST(NoiseExperiment, TrueClaimsAreSupported) {
  const auto e = experiment(-1, 0, 0.05, 0, 1);
  for (const auto& claim : claims_of(e)) {
    const bool holds = claim.lo <= claim.predicted && claim.predicted <= claim.hi;
    if (holds || claim.id.ends_with("_flat") || claim.id.ends_with("_slope")) {
      EXPECT_EQ(claim.verdict, Verdict::kSupported) << claim.id;
    }
  }
}

TEST(NoiseExperiment, PlantedFalseClaimsAreNotSupported) {
  const auto e = experiment(-0.5, -0.6, 0.05, 0.5, 3);
  for (const char* id : {"constant_data_exponent", "half_stays_flat", "mixture_slope", "mixture_floor"})
    EXPECT_EQ(verdict_of(e, id), Verdict::kNotSupported) << id;
}

TEST(NoiseExperiment, TooFewSizesAreInconclusive) {
  auto e = experiment(-1, 0, 0.05, 0, 1);
  for (auto* list : {&e.schedules, &e.kinds})
    for (auto& c : *list) c.curves.runs.resize(4);  // one size
  analyse(e, 0, 1);
  for (const char* id : {"constant_data_exponent", "half_stays_flat", "mixture_slope"})
    EXPECT_EQ(verdict_of(e, id), Verdict::kInconclusive) << id;
}

TEST(NoiseExperiment, SizesWithARunThatStillFallsAreLeftOutOfEveryCase) {
  auto e = experiment(-1, 0, 0, 0, 1);
  ASSERT_EQ(e.sizes, (std::vector<std::int64_t>{16, 64, 256, 1024}));
  auto& run = e.kinds[0].curves.runs.back();
  run.value.resize(9);  // ends at its minimum
  run.compute.resize(9);
  analyse(e, 0, 1);
  EXPECT_EQ(e.sizes, (std::vector<std::int64_t>{16, 64, 256}));
  EXPECT_EQ(e.schedules[0].best.size(), 12U);
  EXPECT_EQ(e.kinds[0].best.size(), 12U);
}

TEST(NoiseExperiment, WhereNoiseDoesNotDecideNothingIsClaimedOfIt) {
  auto e = experiment(-1, 0, 0.05, 0, 1);
  EXPECT_GT(e.kinds[0].noise_share, 0.8);
  e.clean = planted("clean", 0, -1, 0.8, 0.05);  // as high as with noise, nearly
  analyse(e, 0, 1);
  EXPECT_LT(e.kinds[0].noise_share, 0.5);
  for (const char* id : {"constant_data_exponent", "mixture_slope", "mixture_floor"})
    EXPECT_EQ(verdict_of(e, id), Verdict::kInconclusive) << id;
}

}  // namespace
}  // namespace phaselaw::reproduce
