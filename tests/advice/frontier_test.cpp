// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/plan/frontier.h"

#include <cmath>

#include <gtest/gtest.h>

#include "advice/plan_fixture.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {
namespace {

using testing::saved_fit;

// The width of the prediction of a straight line at distance u from the middle of its data is proportional to
// sqrt(1 + u^2), the root of a parabola: nine knots give it at every point, wherever its middle lies.
TEST(Frontier, TheWidthOfAStraightLineIsExact) {
  const std::vector<double> x = numerics::log_spaced(1, 1e10, 101);
  const std::vector<double> value(x.size(), 3.0);
  const auto half = [&](std::size_t i) { return 0.02 * std::hypot(1, std::log(x[i]) - 9.3); };
  int asked = 0;
  const auto band = with_band("loss", x, value, [&](std::size_t i) {
    ++asked;
    return fitting::Estimate{"loss", 3, 3 * std::exp(-half(i)), 3 * std::exp(2 * half(i)), true, false};
  });
  EXPECT_EQ(asked, 9);
  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_NEAR(std::log(3 / *band[i].lo), half(i), 1e-12);
    EXPECT_NEAR(std::log(*band[i].hi / 3), 2 * half(i), 1e-12);
  }
}

// The band from nine knots against that computed at every point, and the values, which are never interpolated. Quantiles
// of 400 draws are no smooth function of the compute: each end has a standard error of 3.4 % of the width.
TEST(Frontier, BandsFromNineKnotsAreThoseOfEveryPoint) {
  for (const char* name : {"chinchilla", "chinchilla-outer", "power"}) {
    const fitting::SavedFit saved = saved_fit(name, fitting::IntervalMethod::sandwich);
    const std::vector<double> computes = numerics::log_spaced(1e18, 1e25, 25);
    const auto few = frontier(saved, {}, computes), all = frontier(saved, {}, computes, computes.size());
    const Allocator allocator(saved.fit.law, {});
    const auto compare = [&](const fitting::Estimate& a, const fitting::Estimate& b) {
      ASSERT_TRUE(a.lo && a.hi && b.lo && b.hi);
      const double width = std::log(*b.hi / *b.lo);
      EXPECT_NEAR(std::log(*a.lo / *b.lo), 0, 0.1 * width) << name;
      EXPECT_NEAR(std::log(*a.hi / *b.hi), 0, 0.1 * width) << name;
    };
    for (std::size_t i = 0; i < computes.size(); ++i) {
      EXPECT_EQ(few[i].loss.value, allocator.best(saved.fit.value, computes[i]).loss);
      compare(few[i].loss, all[i].loss);
      if (!allocator.has_sizes()) continue;
      compare(few[i].n_params, all[i].n_params);
      EXPECT_NEAR(6 * few[i].n_params.value * few[i].tokens.value / computes[i], 1, 1e-9);
      EXPECT_NEAR(6 * *few[i].n_params.lo * *few[i].tokens.hi / computes[i], 1, 1e-9);
    }
  }
}

TEST(Frontier, AnOpenEndAtOneKnotLeavesTheBandOpen) {
  const std::vector<double> x = numerics::log_spaced(1, 100, 20);
  const std::vector<double> value(20, 2.0);
  const auto band = with_band("loss", x, value, [&](std::size_t i) {
    fitting::Estimate e{"loss", 2, 1.5, 3, true, false};
    if (i == 0) e.hi = std::nullopt;
    return e;
  });
  for (const fitting::Estimate& e : band) {
    EXPECT_FALSE(e.hi);
    EXPECT_NEAR(e.lo.value_or(0), 1.5, 1e-12);
  }
}

TEST(Frontier, HeldSizesHaveNoInterval) {
  const fitting::SavedFit saved = saved_fit("chinchilla", fitting::IntervalMethod::sandwich);
  Situation held;
  held.tokens_per_param = 20;
  for (const FrontierPoint& at : frontier(saved, held, {1e20, 1e22})) {
    EXPECT_TRUE(at.n_params.fixed);
    EXPECT_NEAR(at.tokens.value / at.n_params.value, 20, 1e-9);
    EXPECT_LT(*at.loss.lo, *at.loss.hi);
  }
}

}  // namespace
}  // namespace phaselaw::advice
