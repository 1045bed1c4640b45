// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/plan/plan.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "advice/plan_fixture.h"
#include "phaselaw/advice/plan/frontier.h"
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

void expect_limit(const std::vector<Limit>& limits, const std::string& part) {
  EXPECT_TRUE(std::any_of(limits.begin(), limits.end(), [&](const Limit& limit) {
    return limit.text.find(part) != std::string::npos;
  })) << part;
}

// The plan's intervals against those of the closed form, entered as functions of the parameters.
TEST(Plan, IntervalsAreThoseOfTheClosedForm) {
  const fitting::SavedFit saved = saved_fit("chinchilla", fitting::IntervalMethod::bootstrap);
  const fitting::Uncertainty uncertainty(saved);
  const double compute = 1e24;
  const PlanPoint point = plan_for_compute(saved, {compute}, quick()).points.front();
  const auto closed = [&](std::span<const double> p) {
    return ClosedForm(saved.fit.law, std::vector<double>(p.begin(), p.end()));
  };
  const auto expect_same = [](const fitting::Estimate& found, const fitting::Estimate& expected) {
    ASSERT_TRUE(found.lo && found.hi && expected.lo && expected.hi);
    EXPECT_NEAR(found.value / expected.value, 1, 1e-6);
    EXPECT_NEAR(*found.lo / *expected.lo, 1, 1e-6);
    EXPECT_NEAR(*found.hi / *expected.hi, 1, 1e-6);
  };
  expect_same(point.n_params,
              uncertainty.estimate("n_params", [&](std::span<const double> p) { return closed(p).n_params(compute); }));
  // The ends of tokens follow from those of n_params; quantiles of draws of either differ by the interpolation between
  // two of 60 neighbours.
  const fitting::Estimate tokens =
      uncertainty.estimate("tokens", [&](std::span<const double> p) { return closed(p).tokens(compute); });
  EXPECT_NEAR(point.tokens.value / tokens.value, 1, 1e-9);
  EXPECT_NEAR(std::log(*point.tokens.lo / *tokens.lo), 0, 0.1 * std::log(*tokens.hi / *tokens.lo));
  EXPECT_NEAR(std::log(*point.tokens.hi / *tokens.hi), 0, 0.1 * std::log(*tokens.hi / *tokens.lo));
  expect_same(point.exponent_n_params, uncertainty.estimate(
                                           "a", [&](std::span<const double> p) { return closed(p).a; }, false));
  EXPECT_NEAR(point.exponent_n_params.value + point.exponent_tokens.value, 1, 1e-7);
  EXPECT_LT(*point.loss.lo, point.loss.value);
  EXPECT_LT(*point.run.lo, *point.loss.lo);
  EXPECT_GT(*point.run.hi, *point.loss.hi);
  EXPECT_EQ(point.bottleneck, "compute-starved");
  EXPECT_TRUE(point.bottleneck_certain());
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
  ASSERT_TRUE(model.balance && model.balance->lo);
  EXPECT_GT(*model.balance->lo, 1);
  EXPECT_TRUE(model.bottleneck_certain());
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
  // A hair above the fitted floor, which may well be higher: the compute has no upper end.
  const PlanPoint near = plan_for_loss(saved, {saved.fit.find("E")->value + 1e-3}, quick()).points.front();
  EXPECT_FALSE(near.compute.hi);
  EXPECT_FALSE(near.measured);
  EXPECT_GT(*near.floor.hi, near.loss.value);
  expect_limit(near.limits, "lies within the interval of the floor");
}

// Of several points: a sentence for all once, one for some with their computes, one extrapolation.
TEST(Plan, LimitsOfSeveralPointsAreGathered) {
  PlanPoint near, far;
  near.compute.value = 1e21;
  far.compute.value = 1e25;
  near.extrapolation = {{"compute", 1e21, 20, true}};
  far.extrapolation = {{"compute", 1e25, 2e5, true}};
  near.limits = {{Harm::extrapolated, "20 times"}, {Harm::remark, "both"}};
  far.limits = {{Harm::extrapolated, "200,000 times"}, {Harm::remark, "both"}, {Harm::undetermined, "wide"}};
  Plan plan;
  plan.points = {near, far};
  plan.limits = {{Harm::wrong, "not certified"}};
  EXPECT_EQ(limit_sentences(limits_of(plan)),
            (std::vector<std::string>{"not certified", "1e25 FLOP: wide", "1e25 FLOP: 200,000 times", "both"}));
}

TEST(Plan, ExtrapolationIsSaid) {
  const fitting::SavedFit saved = saved_fit("chinchilla", fitting::IntervalMethod::bootstrap);
  const PlanPoint far = plan_for_compute(saved, {1e28}, quick()).points.front();
  const std::vector<double> compute = saved.data.columns.get("compute");
  const double largest = *std::max_element(compute.begin(), compute.end());
  EXPECT_EQ(far.extrapolation.front().column, "compute");
  EXPECT_NEAR(far.extrapolation.front().factor, 1e28 / largest, 1e-6 * 1e28 / largest);
  expect_limit(far.limits, "so the plan is an extrapolation");
}

// Rows of one ratio: alpha and beta trade against each other, and no best size follows. What the rows do determine is
// the loss at their ratio.
TEST(Plan, RunsOfOneRatioGiveNoSizesButTheLossAtTheirRatio) {
  fitting::SavedFit diagonal = saved_fit("chinchilla", fitting::IntervalMethod::bootstrap);
  const std::vector<double> truth = diagonal.fit.value;
  std::vector<double>& tokens = diagonal.data.columns.values[1];
  ASSERT_EQ(diagonal.data.columns.names[1], "tokens");
  numerics::RandomStream stream(3, "diagonal", 0);
  for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] = 20 * diagonal.data.columns.values[0][i];
  diagonal.data.output = evaluate(diagonal.fit.law, diagonal.data.columns, truth);
  for (double& loss : diagonal.data.output) loss *= std::exp(0.01 * stream.normal());
  diagonal.fit = fitting::fit_law(diagonal.fit.law, diagonal.data, diagonal.options);
  const Plan plan = plan_for_compute(diagonal, {1e22}, quick());
  const PlanPoint& point = plan.points.front();
  ASSERT_TRUE(point.measured);
  EXPECT_TRUE(point.measured->one_ratio);
  EXPECT_NEAR(point.measured->tokens_per_param, 20, 1e-9);
  EXPECT_NEAR(6 * point.measured->n_params * point.measured->tokens / 1e22, 1, 1e-9);
  EXPECT_TRUE(std::isnan(point.n_params.value) && std::isnan(point.tokens.value));
  EXPECT_FALSE(point.n_params.lo || point.n_params.hi || point.n_params.identified);
  EXPECT_TRUE(point.bottleneck.empty());
  const double exact = Allocator(diagonal.fit.law, {}).loss(truth, point.measured->n_params, point.measured->tokens);
  EXPECT_NEAR(point.loss.value / exact, 1, 0.02);  // 60 rows of 1 %, a factor 100 beyond them
  EXPECT_EQ(limits_of(plan).front().harm, Harm::wrong);
  expect_limit(limits_of(plan), "so the rows determine the loss at this ratio and no best sizes");
  EXPECT_EQ(plan_answer(plan).rfind("The best sizes for 1e22 FLOP are not determined", 0), 0U) << plan_answer(plan);
  const base::Value json = base::parse_json(base::to_json(to_value(plan)), "plan");
  EXPECT_TRUE(json.at("n_params").at("value").is_null());
  EXPECT_EQ(json.at("status").text(), "sizes not determined");
  // The user's own ratio is held as asked, and is no recommendation.
  Situation asked;
  asked.tokens_per_param = 20;
  const PlanPoint held = plan_for_compute(diagonal, {1e22}, quick(asked)).points.front();
  EXPECT_FALSE(held.measured);
  EXPECT_NEAR(held.loss.value / point.loss.value, 1, 1e-12);
  EXPECT_FALSE(held.bottleneck_certain());
  EXPECT_FALSE(held.optimal_share);
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

// Two sizes without a compute: the loss of this run, and what it costs.
TEST(Plan, TheLossOfGivenSizes) {
  const fitting::SavedFit saved = saved_fit("chinchilla", fitting::IntervalMethod::sandwich);
  const double n = 7e9, d = 2e12;
  PlanOptions options = quick();
  options.situation.n_params = n;
  options.situation.tokens = d;
  const PlanPoint point = plan_for_sizes(saved, options).points.front();
  EXPECT_NEAR(point.compute.value / (6 * n * d), 1, 1e-15);
  EXPECT_EQ(point.n_params.value, n);
  EXPECT_EQ(point.tokens.value, d);
  EXPECT_TRUE(point.n_params.fixed && point.tokens.fixed);
  const fitting::Estimate loss = fitting::Uncertainty(saved).estimate(
      "loss", [&](std::span<const double> p) { return Allocator(saved.fit.law, {}).loss(p, n, d); });
  EXPECT_NEAR(point.loss.value / loss.value, 1, 1e-12);
  EXPECT_NEAR(*point.loss.lo / *loss.lo, 1, 1e-12);
  EXPECT_NEAR(*point.loss.hi / *loss.hi, 1, 1e-12);
  EXPECT_LT(*point.run.lo, *point.loss.lo);
  EXPECT_EQ(point.bottleneck, "model-limited");  // 286 tokens per parameter
  EXPECT_FALSE(point.extrapolation.empty());
  // The same run by its ratio.
  options.situation.tokens = std::nullopt;
  options.situation.tokens_per_param = d / n;
  EXPECT_NEAR(plan_for_sizes(saved, options).points.front().loss.value / loss.value, 1, 1e-12);
  options.situation.tokens = d;
  EXPECT_THROW((void)plan_for_sizes(saved, options), base::InputError);
}

// A ratio between the two bottlenecks is uncertain; far to either side it is not.
TEST(Plan, TheBottleneckIsCertainIfItsIntervalSaysSo) {
  const fitting::SavedFit saved = saved_fit("chinchilla", fitting::IntervalMethod::sandwich);
  const PlanPoint best = plan_for_compute(saved, {1e21}, quick()).points.front();
  const auto at_ratio = [&](double factor) {
    Situation held;
    held.tokens_per_param = best.tokens_per_param.value * factor;
    return plan_for_compute(saved, {1e21}, quick(held)).points.front();
  };
  const PlanPoint near = at_ratio(1.001), over = at_ratio(100), under = at_ratio(0.01);
  EXPECT_FALSE(near.bottleneck_certain());
  EXPECT_NEAR(near.balance->value, 1, 1e-3);
  expect_limit(near.limits, "the bottleneck is uncertain");
  EXPECT_TRUE(over.bottleneck_certain());
  EXPECT_EQ(over.bottleneck, "model-limited");
  EXPECT_TRUE(under.bottleneck_certain());
  EXPECT_EQ(under.bottleneck, "data-limited");
  EXPECT_EQ(plan_rows({"", "", "", "", 0.95, false, {near}, {}, {}})[1].back(), "uncertain: " + near.bottleneck);
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
  EXPECT_TRUE(value.at("bottleneck_certain").boolean());
  EXPECT_FALSE(value.at("limits").list().empty());
  EXPECT_EQ(value.at("isoflop").list().size(), 9U);
  EXPECT_EQ(value.at("plans").list().size(), 2U);
  EXPECT_EQ(value.at("plans").list()[1].at("compute").at("value").number(), 1e24);
}

}  // namespace
}  // namespace phaselaw::advice
