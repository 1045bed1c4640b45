// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/noise.h"

#include <gtest/gtest.h>

#include <cmath>

#include "phaselaw/numerics/random.h"
#include "phaselaw/reproduce/verdict.h"

namespace phaselaw::reproduce {
namespace {

using report::Verdict;

constexpr double kOutputs = 16;
const std::vector<std::int64_t> kSizes = {32, 128, 512};

// Every run falls to its floor at the fifth of nine times and rises again.
struct Planted {
  double level = 1, slope = -1;  // of the floor
  double scatter = 0.02;         // of its logarithm, between runs
};

RiskCurves planted(const char* name, const Planted& p, std::size_t teachers) {
  RiskCurves curves;
  curves.sizes = kSizes;
  for (std::size_t t = 0; t < teachers; ++t) curves.teachers.push_back(static_cast<std::int64_t>(t));
  for (int i = 0; i < 9; ++i) curves.times.push_back(std::exp2(i));
  for (const auto n : kSizes) {
    auto& of_size = curves.risk.emplace_back();
    for (std::size_t t = 0; t < teachers; ++t) {
      numerics::RandomStream stream(7, name, static_cast<std::uint64_t>(100 * n) + t);
      const double floor = p.level * std::pow(static_cast<double>(n), p.slope) * std::exp(p.scatter * stream.normal());
      auto& curve = of_size.emplace_back();
      for (int i = 0; i < 9; ++i) curve.push_back(floor * (1 + 0.3 * std::abs(i - 4)));
    }
  }
  return curves;
}

// With 1000 eigenvalues so large that all 80 of a size are learned at once: xi^2 d_eff/(n L o) = 5 xi^2/n.
NoiseStudy study(const Planted& constant, const Planted& half, const Planted& mixture, double twin,
                 std::size_t teachers) {
  NoiseStudy s;
  s.outputs = kOutputs;
  s.twin = planted("twin", {twin, -1, 0.02}, teachers);
  s.schedules = {{"constant", "Constant noise", {1, 0}, planted("constant", constant, teachers)},
                 {"half", "Noise growing", {1, 0.5}, planted("half", half, teachers)}};
  s.kinds = {{"mixture", "A mixture", {1, 0}, planted("mixture", mixture, teachers)}};
  s.spectra.assign(kSizes.size(), std::vector<std::vector<double>>(teachers, std::vector<double>(80, 1e9)));
  return s;
}

Verdict verdict_of(const NoiseStudy& s, const std::string& id) {
  auto claims = claims_of(s, analyse(s));
  decide(claims);
  for (const auto& claim : claims)
    if (claim.id == "E2." + id) return claim.verdict;
  ADD_FAILURE() << "no claim " << id;
  return Verdict::kInconclusive;
}

const char* const kAll[] = {"constant_data_exponent",    "half_stays_flat", "effective_dimension",
                            "effective_dimension_slope", "mixture_slope",   "mixture_level"};

TEST(NoiseExperiment, ExactPowersHaveTheirSlopeAndNoWidth) {
  const auto s = study({5, -0.7, 0}, {5, 0.1, 0}, {10, -0.4, 0}, 0, 4);
  const auto results = analyse(s);
  EXPECT_NEAR(results.schedules[0].slope.value, -0.7, 1e-12);
  EXPECT_NEAR(results.schedules[0].slope.hi - results.schedules[0].slope.lo, 0, 1e-9);
  EXPECT_NEAR(results.schedules[1].slope.value, 0.1, 1e-12);
  EXPECT_NEAR(results.kinds[0].ratio_slope.value, 0.3, 1e-12);
  EXPECT_NEAR(results.kinds[0].ratio.value, 2 * std::exp(0.3 * std::log(128.0)), 1e-9);  // geometric mean of n: 128
  EXPECT_NEAR(results.schedules[0].level.value, std::exp(0.3 * std::log(128.0)), 1e-9);
  EXPECT_NEAR(results.schedules[0].slope_beyond.value, 0.3, 1e-12);
  EXPECT_EQ(results.schedules[0].points[1].d_eff, 80);
  EXPECT_EQ(results.schedules[0].points[1].time, 16);
  EXPECT_NEAR(results.schedules[0].points[1].predicted, 5.0 / 128, 1e-15);
}

TEST(NoiseExperiment, TheTwinIsSubtractedAtTheSameTime) {
  auto s = study({5, -1, 0}, {5, 0, 0}, {5, -1, 0}, 1, 3);
  for (auto& of_size : s.twin.risk)
    for (auto& curve : of_size) curve[8] = 1e-6;  // its own best time is later
  const auto results = analyse(s);
  // Best risk 5/n, twin 1/n there (times the twin's scatter of 2 %, three teachers).
  for (const auto& p : results.schedules[0].points) EXPECT_NEAR(p.noise_part * p.n, 4, 0.1);
}

TEST(NoiseExperiment, TrueClaimsAreSupported) {
  const auto s = study({5, -1}, {5, 0}, {5, -1}, 0.05, 8);
  for (const char* id : kAll) EXPECT_EQ(verdict_of(s, id), Verdict::kSupported) << id;
}

TEST(NoiseExperiment, PlantedFalseClaimsAreNotSupported) {
  const auto s = study({20, -0.5}, {5, -0.6}, {60, -0.2}, 0.05, 8);
  for (const char* id : kAll) EXPECT_EQ(verdict_of(s, id), Verdict::kNotSupported) << id;
}

TEST(NoiseExperiment, TooFewOrTooDifferentTeachersAreInconclusive) {
  const auto wide = study({5, -1, 0.6}, {5, 0, 0.6}, {5, -1, 0.6}, 0.05, 4);
  const auto single = study({5, -1}, {5, 0}, {5, -1}, 0.05, 1);
  for (const char* id : kAll) {
    EXPECT_EQ(verdict_of(wide, id), Verdict::kInconclusive) << id;
    EXPECT_EQ(verdict_of(single, id), Verdict::kInconclusive) << id;
  }
}

TEST(NoiseExperiment, ATeacherWithARunThatDivergedIsLeftOutOfEveryCase) {
  auto s = study({5, -1}, {5, 0}, {5, -1}, 0.05, 8);
  s.kinds[0].curves.risk[1][3].clear();
  const auto results = analyse(s);
  EXPECT_EQ(results.teachers, 7U);
  EXPECT_EQ(results.schedules[0].slope.degrees, 6);
}

TEST(NoiseExperiment, WhereNoiseDoesNotDecideNothingIsClaimedOfIt) {
  const auto s = study({5, -1}, {5, 0}, {5, -1}, 3, 8);  // without noise nearly as high
  EXPECT_LT(analyse(s).schedules[0].noise_share, kLeastNoiseShare);
  for (const char* id : {"constant_data_exponent", "effective_dimension", "mixture_slope", "mixture_level"})
    EXPECT_EQ(verdict_of(s, id), Verdict::kInconclusive) << id;
}

store::RunRecord record(std::int64_t index, std::int64_t n, std::int64_t seed, std::vector<double> risk) {
  store::RunRecord run;
  run.index = index;
  run.configuration = "{\"seed\": " + std::to_string(seed) + ", \"data\": {\"n_data\": " + std::to_string(n) + "}}";
  for (std::size_t i = 0; i < risk.size(); ++i) {
    store::Measurement m;
    m.step = static_cast<std::int64_t>(i);
    m.time = 0.5 * static_cast<double>(i);
    m.excess_risk = risk[i];
    run.measurements.push_back(m);
  }
  return run;
}

TEST(RiskCurves, AreSortedBySizeAndTeacherAndAveragedBeforeTheBestTime) {
  auto diverged = record(3, 64, 2, {1, 2});
  diverged.status = store::Status::kDiverged;
  const auto curves = risk_curves(
      {record(0, 64, 1, {3, 1, 2}), record(1, 32, 2, {3, 4, 1}), record(2, 32, 1, {3, 1, 2}), diverged}, "t");
  EXPECT_EQ(curves.sizes, (std::vector<std::int64_t>{32, 64}));
  EXPECT_EQ(curves.teachers, (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(curves.times, (std::vector<double>{0, 0.5, 1}));
  EXPECT_EQ(curves.diverged, 1);
  const RiskCurves* all[] = {&curves};
  EXPECT_EQ(complete_teachers(all), (std::vector<std::size_t>{0}));
  const std::size_t both[] = {0, 1};
  const auto mean = mean_curve(curves.risk[0], both);
  EXPECT_EQ(mean, (std::vector<double>{3, 2.5, 1.5}));
  EXPECT_EQ(best_of(mean).at, 2U);
}

TEST(RiskCurves, RunsWithoutAKnownTargetOrWithOtherTimesAreRefused) {
  EXPECT_THROW((void)risk_curves({record(0, 32, 1, {1, NAN})}, "t"), base::InputError);
  EXPECT_THROW((void)risk_curves({record(0, 32, 1, {1, 2}), record(1, 64, 1, {1, 2, 3})}, "t"), base::InputError);
}

}  // namespace
}  // namespace phaselaw::reproduce
