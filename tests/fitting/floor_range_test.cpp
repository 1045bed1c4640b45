// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/floor_range.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/fitting/fit.h"
#include "phaselaw/fitting/law_form.h"
#include "phaselaw/fitting/profile.h"
#include "phaselaw/laws/law.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {
namespace {

struct Curve {
  std::vector<double> x, loss;
};

Curve planted(double floor, double exponent, double noise, double decades, std::size_t n, std::uint64_t draw) {
  Curve c;
  c.x = numerics::log_spaced(1e6, 1e6 * std::pow(10, decades), n);
  numerics::RandomStream stream(1000, "floor_range", draw);
  for (const double x : c.x)
    c.loss.push_back((floor + 20 * std::pow(x, -exponent)) * std::exp(noise * stream.normal()));
  return c;
}

tables::Measurements measurements(const Curve& c) {
  tables::Measurements data;
  data.columns.add("compute", c.x);
  data.output = c.loss;
  return data;
}

FitOptions least_squares(double floor) {
  FitOptions options;
  options.objective = Objective::l2;
  options.interval = IntervalMethod::profile;
  if (std::isfinite(floor)) options.fix["E"] = floor;
  return options;
}

// The plain twin: the general fit with the floor fixed. Both solve the same least-squares problem to 1e-9; the
// interval there is the profile's, here the linearised one, which differ by the curvature, of second order in the noise.
TEST(FloorRange, EachFloorGivesTheFitWithThatFloorFixed) {
  const Curve c = planted(1.5, 0.2, 0.01, 4, 30, 1);
  const FloorRange range = exponent_over_floors(c.x, c.loss);
  for (std::size_t k = 0; k < range.at.size(); k += 16) {
    const auto& at = range.at[k];
    const Fit fit = fit_law(laws::law_from("E + A*C^-q"), measurements(c), least_squares(at.floor));
    const Estimate& q = *fit.find("q");
    EXPECT_NEAR(at.exponent, q.value, 1e-7) << at.floor;
    EXPECT_NEAR(std::log(at.amplitude), std::log(fit.find("A")->value), 1e-6);
    EXPECT_NEAR(at.hi - at.lo, *q.hi - *q.lo, 0.03 * (at.hi - at.lo)) << at.floor;
  }
}

TEST(FloorRange, ThePlausibleFloorsAreTheProfileIntervalOfTheGeneralFit) {
  const Curve c = planted(1.5, 0.3, 0.001, 5, 40, 2);
  const FloorRange range = exponent_over_floors(c.x, c.loss);
  const Fit fit = fit_law(laws::law_from("E + A*C^-q"), measurements(c), least_squares(NAN));
  const Estimate& e = *fit.find("E");
  ASSERT_TRUE(range.bounded);
  EXPECT_TRUE(e.identified);
  EXPECT_NEAR(range.floor, e.value, 1e-6);
  EXPECT_NEAR(range.exponent, fit.find("q")->value, 1e-6);
  EXPECT_NEAR(range.floor_lo, *e.lo, 1e-3 * e.value);  // the end of a profile is found to 1e-4 of its rise
  EXPECT_NEAR(range.floor_hi, *e.hi, 1e-3 * e.value);
  EXPECT_LE(range.lo, *fit.find("q")->lo);
  EXPECT_GE(range.hi, *fit.find("q")->hi);
}

// 200 draws: at 95 % coverage the count has a standard deviation of 3.1, and the union covers more often. 177 is four
// standard deviations below 190.
TEST(FloorRange, TheRangesContainTheTruth) {
  int floor = 0, exponent = 0;
  for (std::uint64_t draw = 0; draw < 200; ++draw) {
    const Curve c = planted(1.5, 1.0 / 6, 0.01, 5, 25, 100 + draw);
    const FloorRange range = exponent_over_floors(c.x, c.loss);
    floor += range.floor_lo <= 1.5 && 1.5 <= range.floor_hi ? 1 : 0;
    exponent += range.lo <= 1.0 / 6 && 1.0 / 6 <= range.hi ? 1 : 0;
  }
  EXPECT_GE(floor, 177);
  EXPECT_GE(exponent, 177);
}

TEST(FloorRange, AShortRangeDoesNotBoundTheFloorAndSaysForWhichFloorsAnExponentWouldHold) {
  const Curve c = planted(1.5, 1.0 / 6, 0.01, 1, 12, 3);
  const FloorRange range = exponent_over_floors(c.x, c.loss);
  EXPECT_FALSE(range.bounded);
  EXPECT_LT(range.lo, 1.0 / 7);
  EXPECT_GT(range.hi, 1.0 / 6);
  const auto floors = floors_that_give(range, 1.0 / 6);
  ASSERT_TRUE(floors.has_value());
  EXPECT_LT(floors->first, 1.5);
  EXPECT_GT(floors->second, 1.5);
  EXPECT_LE(floors->second, range.smallest);
  EXPECT_FALSE(floors_that_give(range, 40).has_value());
}

// The exponent grows with the floor, so its smallest value over all floors is that of floor 0: the total loss.
TEST(FloorRange, TheExponentGrowsWithTheFloor) {
  const Curve c = planted(1.5, 0.25, 0, 4, 20, 4);
  const FloorRange range = exponent_over_floors(c.x, c.loss);
  for (std::size_t k = 1; k < range.at.size(); ++k) {
    EXPECT_GE(range.at[k].floor, range.at[k - 1].floor);
    EXPECT_GE(range.at[k].exponent, range.at[k - 1].exponent - 1e-9);
  }
  EXPECT_NEAR(range.floor, 1.5, 1e-6);
  EXPECT_NEAR(range.exponent, 0.25, 1e-6);
}

// Rows repeated c times carry no new information: with inflation c the intervals are those of single rows.
TEST(FloorRange, InflationUndoesRepetition) {
  const Curve c = planted(1.5, 0.25, 0.01, 4, 20, 5);
  Curve twice = c;
  twice.x.insert(twice.x.end(), c.x.begin(), c.x.end());
  twice.loss.insert(twice.loss.end(), c.loss.begin(), c.loss.end());
  const FloorRange once = exponent_over_floors(c.x, c.loss);
  const FloorRange same = exponent_over_floors(twice.x, twice.loss, {.variance_inflation = 2});
  EXPECT_NEAR(same.floor_lo, once.floor_lo, 1e-6);
  EXPECT_NEAR(same.floor_hi, once.floor_hi, 1e-6);
  EXPECT_NEAR(same.lo, once.lo, 1e-6);
  EXPECT_NEAR(same.hi, once.hi, 1e-6);
}

TEST(FloorRange, AKnownFloorGivesTheEntryOfTheGridAtThatFloor) {
  const Curve c = planted(1.5, 0.2, 0.01, 4, 30, 6);
  const FloorRange range = exponent_over_floors(c.x, c.loss);
  for (const std::size_t k : {std::size_t{0}, range.at.size() / 2}) {
    const auto at = exponent_at_floor(c.x, c.loss, range.at[k].floor);
    EXPECT_EQ(at.exponent, range.at[k].exponent);
    EXPECT_EQ(at.lo, range.at[k].lo);
    EXPECT_EQ(at.hi, range.at[k].hi);
  }
  EXPECT_THROW((void)exponent_at_floor(c.x, c.loss, range.smallest), base::InputError);
}

// n losses of noise sd around their floor: the smallest lies below it, and the room covers the floor in 97.5 % of draws.
TEST(FloorRoom, CoversTheFloorOfACurveThatHasReachedIt) {
  EXPECT_EQ(floor_room(std::vector<double>{3, 2}, {}), 0);
  int covered = 0;
  constexpr int kDraws = 400;
  for (std::uint64_t draw = 0; draw < kDraws; ++draw) {
    numerics::RandomStream stream(1000, "floor room", draw);
    std::vector<double> loss, sd(50, 0.01);
    for (std::size_t i = 0; i < sd.size(); ++i) loss.push_back(2 * std::exp(0.01 * stream.normal()));
    const double smallest = *std::min_element(loss.begin(), loss.end());
    EXPECT_LT(smallest, 2);
    covered += smallest * std::exp(floor_room(loss, sd)) >= 2 ? 1 : 0;
  }
  EXPECT_GE(covered, 377);  // 390 expected; four standard deviations of 3.1 below
}

// With known errors the general fit finds the floor of such a curve; without them it ends at the smallest loss.
TEST(FloorRoom, KnownErrorsLetAFitFindAFloorThatWasReached) {
  tables::Measurements data;
  data.columns.add("step", numerics::log_spaced(1, 1000, 80));
  numerics::RandomStream stream(1000, "reached floor");
  for (const double t : data.columns.get("step"))
    data.output.push_back((2 + 3 * std::exp(-t / 20)) * std::exp(0.01 * stream.normal()));
  FitOptions options = least_squares(NAN);
  const Fit hard = fit_law(laws::law_from("exponential"), data, options);
  EXPECT_FALSE(hard.find("E")->identified);
  EXPECT_LE(hard.find("E")->value, *std::min_element(data.output.begin(), data.output.end()) * (1 + 1e-12));
  options.sd.assign(80, 0.01);
  const Fit known = fit_law(laws::law_from("exponential"), data, options);
  EXPECT_TRUE(known.find("E")->identified);
  EXPECT_NEAR(known.find("E")->value, 2, 4 * 2 * 0.01 / std::sqrt(40));
}

TEST(FloorRange, TooFewRowsAndBadNumbersAreErrors) {
  const std::vector<double> x = {1, 2, 4, 8}, loss = {4, 3, 2.5, 2.2}, bad = {4, 3, 0, 2};
  EXPECT_NO_THROW((void)exponent_over_floors(x, loss));
  EXPECT_THROW((void)exponent_over_floors(std::vector<double>{1, 2, 4}, std::vector<double>{4, 3, 2}),
               base::InputError);
  EXPECT_THROW((void)exponent_over_floors(std::vector<double>{1, 1, 2, 2}, loss), base::InputError);
  EXPECT_THROW((void)exponent_over_floors(x, bad), base::InputError);
  EXPECT_THROW((void)exponent_over_floors(x, loss, {.lowest = 2.5}), base::InputError);
}

}  // namespace
}  // namespace phaselaw::fitting
