// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/token_surface.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/numerics/line.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/reproduce/verdict.h"

namespace phaselaw::reproduce {
namespace {

// The sum of two powers, with scatter.
std::vector<SurfaceCell> planted(double alpha, double beta, double scatter, std::size_t teachers, double b = 30) {
  numerics::RandomStream stream(3, "test/grid", 0);
  std::vector<SurfaceCell> sizes;
  for (double n = 1000; n < 1e5; n *= 2) {
    SurfaceCell cell{.n_params = n, .n_data = 1, .steps = {}, .risk = std::vector<std::vector<double>>(teachers)};
    for (double d = 1e4; d < 1e7; d *= 2) {
      cell.steps.push_back(d);
      for (auto& risk : cell.risk)
        risk.push_back((10 * std::pow(n, -alpha) + b * std::pow(d, -beta)) * std::exp(scatter * stream.normal()));
    }
    sizes.push_back(std::move(cell));
  }
  return sizes;
}

TEST(TokenSurface, TheSumOfPowersIsRecoveredAndImpliesItsEnvelope) {
  const auto sizes = planted(0.5, 0.4, 0, 1);
  const auto numbers = measure_grid(sizes, all_teachers(1));
  EXPECT_NEAR(numbers.sum_model, 0.5, 1e-4);
  EXPECT_NEAR(numbers.sum_data, 0.4, 1e-4);
  EXPECT_NEAR(numbers.implied, 0.2 / 0.9, 1e-4);
  // Seven sizes a factor 2 apart: the staircase bends the slope by a few per cent.
  EXPECT_NEAR(numbers.envelope / numbers.implied, 1, 0.05);
  EXPECT_NEAR(numbers.params_of_charge, 0.4 / 0.9, 0.1 * 0.4 / 0.9);
  // Where one term is far smaller, the isolated law has its exponent: at D -> infinity the model's.
  const auto model_limited = measure_grid(planted(0.5, 0.4, 0, 1, 1e-6), all_teachers(1));
  EXPECT_NEAR(model_limited.model, 0.5, 1e-3);
  EXPECT_GT(numbers.time_by_size, 0);
}

TEST(TokenSurface, CountsFollowTheirExponentAndStoredContextsTheirs) {
  const CountingTask task;
  const std::vector<std::int64_t> n_data = {16384, 32768, 65536, 131072, 262144}, stored = {16, 32, 64, 128, 256};
  const auto counts = counting_risk(task, n_data, 0.5, 1), kept_contexts = stored_risk(task, stored, 1);
  const std::vector<double> d(n_data.begin(), n_data.end()), m(stored.begin(), stored.end());
  EXPECT_NEAR(-numerics::least_squares_power(d, counts).slope, 1.0 / 3, kExponentMargin / 3);
  EXPECT_NEAR(-numerics::least_squares_power(m, kept_contexts).slope, 0.5, kExponentMargin / 2);
  // Another exponent of the frequencies gives another slope: (2 - 1)/2 and 2 - 1.
  CountingTask steep = task;
  steep.exponent = 2;
  EXPECT_NEAR(-numerics::least_squares_power(d, counting_risk(steep, n_data, 0.5, 1)).slope, 0.5, 0.05);
  EXPECT_NEAR(-numerics::least_squares_power(m, stored_risk(steep, stored, 1)).slope, 1, 0.1);
}

// Nothing drawn: every estimate is uniform, which is also the risk of storing nothing.
TEST(TokenSurface, CountingNothingIsStoringNothing) {
  CountingTask task;
  task.contexts = 512;
  task.vocab = 8;
  EXPECT_NEAR(counting_risk(task, {0}, 0.5, 2).front(), stored_risk(task, {0}, 2).front(), 1e-12);
  EXPECT_EQ(stored_risk(task, {512}, 2).front(), 0);
}

}  // namespace
}  // namespace phaselaw::reproduce
