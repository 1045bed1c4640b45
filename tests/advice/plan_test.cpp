// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/plan/plan.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "advice/plan_fixture.h"
#include "phaselaw/advice/plan/plan_page.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {
namespace {

using testing::ClosedForm;
using testing::saved_fit;

PlanOptions quick(Situation situation = {}) {
  PlanOptions options;
  options.situation = std::move(situation);
  options.isoflop_points = 9;
  options.past_errors = false;
  return options;
}

// The numeric allocation carried through every resample, against the closed form at every resample.
TEST(Plan, IntervalsAreThoseOfTheClosedForm) {
  const fitting::SavedFit saved = saved_fit("chinchilla", fitting::IntervalMethod::bootstrap);
  const fitting::Plausible plausible = fitting::plausible_parameters(saved);
  ASSERT_EQ(plausible.parameters.size(), static_cast<std::size_t>(saved.fit.resamples));
  const double compute = 1e24;
  const PlanPoint point = plan_for_compute(saved, {compute}, quick()).points.front();
  std::vector<double> n, a;
  for (const auto& p : plausible.parameters) {
    n.push_back(ClosedForm(saved.fit.law, p).n_params(compute));
    a.push_back(ClosedForm(saved.fit.law, p).a);
  }
  const ClosedForm centre(saved.fit.law, saved.fit.value);
  const fitting::Estimate size = plausible.estimate("n_params", centre.n_params(compute), n);
  const fitting::Estimate exponent = plausible.estimate("a", centre.a, a);
  EXPECT_NEAR(point.n_params.value / size.value, 1, 1e-8);
  EXPECT_NEAR(*point.n_params.lo / *size.lo, 1, 1e-8);
  EXPECT_NEAR(*point.n_params.hi / *size.hi, 1, 1e-8);
  EXPECT_NEAR(point.exponent_n_params.value, exponent.value, 1e-7);
  EXPECT_NEAR(*point.exponent_n_params.lo, *exponent.lo, 1e-7);
  EXPECT_NEAR(*point.exponent_n_params.hi, *exponent.hi, 1e-7);
  EXPECT_NEAR(point.exponent_n_params.value + point.exponent_tokens.value, 1, 1e-7);
  EXPECT_LT(*point.loss.lo, point.loss.value);
  EXPECT_LT(*point.run.lo, *point.loss.lo);
  EXPECT_GT(*point.run.hi, *point.loss.hi);
  EXPECT_EQ(point.bottleneck, "compute-starved");
  EXPECT_EQ(point.isoflop.size(), 9U);
  for (const IsoflopPoint& at : point.isoflop) EXPECT_NEAR(6 * at.n_params * at.tokens / compute, 1, 1e-12);
}

// alpha A N^-alpha/(A N^-alpha + B D^-beta), and alpha beta/(alpha + beta) along the optimum.
TEST(Plan, ElasticitiesOfChinchilla) {
  const fitting::SavedFit saved = saved_fit("chinchilla", fitting::IntervalMethod::sandwich);
  const auto value = [&](const char* name) { return saved.fit.find(name)->value; };
  const double alpha = value("alpha"), beta = value("beta");
  const auto expected = [&](double n, double d) {
    const double model = value("A") * std::pow(n, -alpha), data = value("B") * std::pow(d, -beta);
    return std::pair{alpha * model / (model + data), beta * data / (model + data)};
  };
  const PlanPoint best = plan_for_compute(saved, {1e22}, quick()).points.front();
  const auto at_best = expected(best.n_params.value, best.tokens.value);
  EXPECT_NEAR(best.elasticity.n_params.value, at_best.first, 1e-6);  // differences of 1e-3: 1e-6 of the third order
  EXPECT_NEAR(best.elasticity.tokens.value, at_best.second, 1e-6);
  EXPECT_NEAR(best.elasticity.compute.value, alpha * beta / (alpha + beta), 1e-5);
  EXPECT_NEAR(best.elasticity.n_params.value, best.elasticity.tokens.value, 1e-6);
  EXPECT_NEAR(best.elasticity_of_loss.compute.value,
              best.elasticity.compute.value * (best.loss.value - value("E")) / best.loss.value, 1e-5);

  Situation small, few;
  small.n_params = best.n_params.value / 10;
  few.tokens = best.tokens.value / 10;
  const PlanPoint model = plan_for_compute(saved, {1e22}, quick(small)).points.front();
  EXPECT_EQ(model.bottleneck, "model-limited");
  EXPECT_EQ(model.bottleneck_share, 1);
  EXPECT_NEAR(model.elasticity.n_params.value, expected(model.n_params.value, model.tokens.value).first, 1e-6);
  const PlanPoint data = plan_for_compute(saved, {1e22}, quick(few)).points.front();
  EXPECT_EQ(data.bottleneck, "data-limited");
  EXPECT_GT(data.elasticity.tokens.value, data.elasticity.n_params.value);
  // The compute that the best sizes need for the same loss.
  ASSERT_TRUE(model.optimal_share);
  EXPECT_LT(model.optimal_share->value, 1);
  const PlanPoint same = plan_for_loss(saved, {model.loss.value}, quick()).points.front();
  EXPECT_NEAR(same.compute.value / (model.optimal_share->value * 1e22), 1, 1e-9);
}

// With attention the same compute buys less, by the multiple that is stated.
TEST(Plan, AttentionCostsItsMultiple) {
  const fitting::SavedFit saved = saved_fit("chinchilla", fitting::IntervalMethod::none);
  Situation situation;
  situation.cost = {FlopConvention::with_attention, {64, 0, 4096, 0}};
  const PlanPoint with = plan_for_compute(saved, {1e21}, quick(situation)).points.front();
  const double n = with.n_params.value, d = with.tokens.value;
  EXPECT_NEAR(with.flop_multiple, attention_multiple(shape_of(situation.cost.family, n)), 1e-12);
  EXPECT_NEAR(6 * n * d * with.flop_multiple / 1e21, 1, 1e-12);
  EXPECT_GT(with.flop_multiple, 1);
  EXPECT_GT(with.loss.value, plan_for_compute(saved, {1e21}, quick()).points.front().loss.value);
}

TEST(Plan, TwoStageSaysItsStage) {
  const fitting::SavedFit saved = saved_fit("two-stage", fitting::IntervalMethod::profile);
  const double bend = std::exp(1.0) * saved.fit.find("C0")->value;
  const Plan plan = plan_for_compute(saved, {bend / 20, bend * 20}, quick());
  EXPECT_EQ(plan.points[0].bottleneck, "compute-starved");
  EXPECT_EQ(plan.points[1].bottleneck, "data-limited");
  EXPECT_TRUE(std::isnan(plan.points[0].n_params.value));
  // -d ln(L - E)/d ln C = q W0/(1 + W0)
  const double q = saved.fit.find("q")->value, w = 1;
  const PlanPoint at = plan_for_compute(saved, {bend}, quick()).points.front();
  EXPECT_NEAR(at.elasticity.compute.value, q * w / (1 + w), 1e-5);
}

TEST(Plan, LossBelowTheFloor) {
  const fitting::SavedFit saved = saved_fit("chinchilla", fitting::IntervalMethod::bootstrap);
  try {
    (void)plan_for_loss(saved, {1.5}, quick());
    FAIL();
  } catch (const base::InputError& error) {
    EXPECT_NE(std::string(error.what()).find("--loss: no compute up to 1e60 reaches 1.5"), std::string::npos)
        << error.what();
    EXPECT_NE(std::string(error.what()).find("floor 1.6"), std::string::npos) << error.what();
  }
  // A hair above the fitted floor: some resamples have a higher one, and the interval has no upper end.
  const PlanPoint near = plan_for_loss(saved, {saved.fit.find("E")->value + 1e-3}, quick()).points.front();
  EXPECT_LT(near.reached, 0.9);
  EXPECT_FALSE(near.compute.hi);
  EXPECT_TRUE(std::any_of(near.warnings.begin(), near.warnings.end(), [](const std::string& warning) {
    return warning.find("no compute reaches this loss") != std::string::npos;
  }));
}

TEST(Plan, ExtrapolationAndOpenParametersAreSaid) {
  const fitting::SavedFit saved = saved_fit("chinchilla", fitting::IntervalMethod::bootstrap);
  const PlanPoint far = plan_for_compute(saved, {1e28}, quick()).points.front();
  const std::vector<double> compute = saved.data.columns.get("compute");
  const double largest = *std::max_element(compute.begin(), compute.end());
  EXPECT_EQ(far.extrapolation.front().column, "compute");
  EXPECT_NEAR(far.extrapolation.front().factor, 1e28 / largest, 1e-6 * 1e28 / largest);
  EXPECT_FALSE(far.warnings.empty());
  // Rows of one ratio: alpha and beta trade against each other, and no best size follows.
  fitting::SavedFit diagonal = saved;
  std::vector<double>& tokens = diagonal.data.columns.values[1];
  ASSERT_EQ(diagonal.data.columns.names[1], "tokens");
  numerics::RandomStream stream(3, "diagonal", 0);
  for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] = 20 * diagonal.data.columns.values[0][i];
  diagonal.data.output = evaluate(saved.fit.law, diagonal.data.columns, saved.fit.value);
  for (double& loss : diagonal.data.output) loss *= std::exp(0.01 * stream.normal());
  diagonal.fit = fitting::fit_law(saved.fit.law, diagonal.data, diagonal.options);
  const Plan open = plan_for_compute(diagonal, {1e22}, quick());
  EXPECT_TRUE(std::any_of(open.warnings.begin(), open.warnings.end(), [](const std::string& warning) {
    return warning.find("poorly, so everything computed from them") != std::string::npos;
  }));
  const fitting::Estimate& size = open.points.front().n_params;
  EXPECT_FALSE(size.identified) << size.value << " " << size.lo.value_or(-1) << " " << size.hi.value_or(-1);
}

// Over 40 tables the interval of N* by the sandwich holds the truth, and its width is what estimates spread by.
TEST(Plan, IntervalsCoverTheTruth) {
  constexpr int kTables = 40;
  const double compute = 1e23;
  const laws::Law law = laws::law_from("chinchilla");
  const double truth =
      ClosedForm(law, testing::in_order(law, laws::testing::truths().at("chinchilla"))).n_params(compute);
  int covered = 0;
  std::vector<double> estimates, halves;
  for (int t = 0; t < kTables; ++t) {
    const fitting::SavedFit saved =
        saved_fit("chinchilla", fitting::IntervalMethod::sandwich, 100, 0.01, static_cast<std::uint64_t>(t));
    const FrontierPoint at = frontier(saved, {}, {compute}).front();
    ASSERT_TRUE(at.n_params.lo && at.n_params.hi);
    if (*at.n_params.lo <= truth && truth <= *at.n_params.hi) ++covered;
    estimates.push_back(std::log(at.n_params.value));
    halves.push_back(0.5 * std::log(*at.n_params.hi / *at.n_params.lo));
  }
  EXPECT_GE(covered, 33);  // below that with probability 0.004 if 94 % are covered
  // The standard deviation of 40 is known to 11 %: three of these.
  EXPECT_NEAR(numerics::mean(halves) / (1.98 * numerics::standard_deviation(estimates)), 1, 0.33);
}

// Eight runs of five rows each: the law's interval is cut far out for so few runs, and a new run's is wider still.
TEST(Plan, ANewRunIsLessCertainThanTheLaw) {
  fitting::SavedFit saved = saved_fit("chinchilla", fitting::IntervalMethod::none, 40);
  for (std::size_t i = 0; i < 40; ++i) saved.options.cluster.push_back(std::to_string(i / 5));
  saved.options.interval = fitting::IntervalMethod::bootstrap;
  saved.options.resamples = 200;
  saved.fit = fitting::fit_law(saved.fit.law, saved.data, saved.options);
  for (const PlanPoint& point : plan_for_compute(saved, {1e20, 1e24, 1e28}, quick()).points) {
    ASSERT_TRUE(point.loss.lo && point.run.lo && point.loss.hi && point.run.hi);
    EXPECT_LT(*point.run.lo, *point.loss.lo) << point.compute.value;
    EXPECT_GT(*point.run.hi, *point.loss.hi) << point.compute.value;
  }
}

// Few rows and much to determine: the resamples' losses are skewed, and their interval is cut at the outermost.
TEST(Plan, NorWhereResamplesAreSkewed) {
  for (std::uint64_t draw = 0; draw < 5; ++draw) {
    const fitting::SavedFit saved = saved_fit("chinchilla", fitting::IntervalMethod::bootstrap, 14, 0.003, draw);
    const auto range = saved.data.columns.get("compute");
    const double largest = *std::max_element(range.begin(), range.end());
    for (const PlanPoint& point : plan_for_compute(saved, {largest, 10 * largest, 1e4 * largest}, quick()).points) {
      ASSERT_TRUE(point.loss.lo && point.run.lo && point.loss.hi && point.run.hi);
      EXPECT_LT(*point.run.lo, *point.loss.lo) << draw << ", " << point.compute.value;
      EXPECT_GT(*point.run.hi, *point.loss.hi) << draw << ", " << point.compute.value;
    }
  }
}

// Along a contour the loss is one; budgets apart have measured optima near the law's, loss curves have none.
TEST(Plan, WhatFiguresShow) {
  fitting::SavedFit saved = saved_fit("chinchilla", fitting::IntervalMethod::none);
  const std::vector<Contour> contours = loss_contours(saved, {}, {1e20, 1e22});
  ASSERT_EQ(contours.size(), 2U);
  const Allocator allocator(saved.fit.law, {});
  for (const Contour& contour : contours)
    for (std::size_t i = 0; i < contour.n_params.size(); ++i)
      EXPECT_NEAR(allocator.loss(saved.fit.value, contour.n_params[i], contour.tokens[i]), contour.loss, 1e-10);
  const auto optima = [&](double ratio) {
    tables::Measurements data;
    std::vector<double> n, d, c;
    for (int b = 0; b < 12; ++b)
      for (int i = -4; i <= 4; ++i) {
        const double compute = 1e19 * std::pow(ratio, b), centre = allocator.best(saved.fit.value, compute).n_params;
        n.push_back(centre * std::exp(0.4 * i));
        c.push_back(compute);
        d.push_back(compute / (6 * n.back()));
      }
    data.columns.add("n_params", n);
    data.columns.add("tokens", d);
    data.columns.add("compute", c);
    data.output = evaluate(saved.fit.law, data.columns, saved.fit.value);
    return measured_optima(data);
  };
  const std::vector<Vertex> apart = optima(2);
  ASSERT_EQ(apart.size(), 12U);
  for (const Vertex& vertex : apart)
    EXPECT_NEAR(std::log(vertex.n_params.value / allocator.best(saved.fit.value, vertex.compute).n_params), 0, 0.1);
  EXPECT_TRUE(optima(1.04).empty());
}

TEST(Plan, JsonHasTheContract) {
  const fitting::SavedFit saved = saved_fit("chinchilla", fitting::IntervalMethod::bootstrap);
  const base::Value value = to_value(plan_for_compute(saved, {1e21, 1e24}, quick()));
  for (const char* name : {"compute", "n_params", "tokens", "loss"})
    for (const char* part : {"value", "lo", "hi"}) EXPECT_TRUE(value.at(name).at(part).is_number()) << name;
  for (const char* name : {"n_params", "tokens", "compute"})
    EXPECT_TRUE(value.at("elasticity").at(name).is_number()) << name;
  EXPECT_TRUE(value.at("bottleneck").is_text());
  EXPECT_EQ(value.at("isoflop").list().size(), 9U);
  EXPECT_EQ(value.at("plans").list().size(), 2U);
  EXPECT_EQ(value.at("plans").list()[1].at("compute").at("value").number(), 1e24);
}

}  // namespace
}  // namespace phaselaw::advice
