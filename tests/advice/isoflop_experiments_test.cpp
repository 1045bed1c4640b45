// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/isoflop/experiments.h"

#include <cmath>
#include <filesystem>

#include <gtest/gtest.h>

#include "advice/isoflop_designs.h"
#include "phaselaw/advice/isoflop/isoflop_request.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/documents/document.h"

// Tables as users have them: without tokens, with several experiments, with two budgets, counted in another way.
namespace phaselaw::advice {
namespace {

using testing::IsoflopDesign;

IsoflopRequest quick() {
  IsoflopRequest request;
  request.options.fit.resamples = 60;
  request.options.fit.objective = fitting::Objective::l2;
  request.options.fit.interval = fitting::IntervalMethod::sandwich;
  return request;
}

fitting::FitOptions quick_exact() {
  fitting::FitOptions options;
  options.resamples = 60;
  options.interval = fitting::IntervalMethod::sandwich;
  return options;
}

// Rows of one experiment; its losses are multiplied by `factor`, and `labels` follow them.
std::string rows_of(const IsoflopDesign& design, std::uint64_t draw, double factor, const std::string& labels) {
  const testing::SimulatedIsoflop table = testing::simulate(design, draw);
  std::string text;
  for (std::size_t i = 0; i < table.noisy.loss.size(); ++i)
    text += fmt::format("{:.10g},{:.10g},{:.10g}{}\n", table.noisy.n_params[i], table.noisy.compute[i],
                        factor * table.noisy.loss[i], labels);
  return text;
}

IsoflopAnswer answer_of(const std::string& text, const IsoflopRequest& request = quick()) {
  return isoflop(request, documents::read_text(text, "runs.csv"));
}

std::string error_of(const std::string& text, const IsoflopRequest& request = quick()) {
  try {
    (void)answer_of(text, request);
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "";
}

const IsoflopDesign kDesign{4, 6, false, 0.003};

TEST(IsoflopTables, TokensFollowFromCompute) {
  const IsoflopAnswer answer = answer_of("params,flops,loss\n" + rows_of(kDesign, 1, 1, ""));
  const IsoflopResult& result = *answer.experiments.front().result;
  EXPECT_NE(result.notes.front().find("tokens = compute/(6 n_params)"), std::string::npos);
  ASSERT_NE(result.method("parametric"), nullptr);
  for (const char* name : {"parabola", "akima", "parametric"}) {
    const OptimumPower& power = *result.method(name)->power;
    ASSERT_TRUE(power.a.lo && power.a.hi) << name;
    EXPECT_LT(*power.a.lo, testing::kDesignExponent) << name;
    EXPECT_GT(*power.a.hi, testing::kDesignExponent) << name;
    EXPECT_NEAR(power.a.value + power.b.value, 1, 1e-6) << name;
    EXPECT_NEAR(*power.a.lo + *power.b.hi, 1, 1e-6) << name;
  }
  EXPECT_NE(error_of("params,loss\n1e7,3\n2e7,2.9\n").find("neither compute nor tokens"), std::string::npos);
}

// Budgets of 9, 7, 5, 4 and 3 sizes: the last is not used, and no interval is missing.
TEST(IsoflopTables, UnevenBudgetsHaveIntervals) {
  const IsoflopDesign design{5, 9, true, 0.002};
  std::string text = "params,flops,loss\n" + rows_of(design, 2, 1, "");
  text.erase(text.rfind('\n', text.size() - 2) + 1);  // leaves three sizes at the largest budget
  const IsoflopAnswer answer = answer_of(text);
  const IsoflopResult& result = *answer.experiments.front().result;
  EXPECT_EQ(result.budgets.size(), 4U);
  for (const char* name : {"parabola", "akima"}) {
    const IsoflopMethod& method = *result.method(name);
    ASSERT_TRUE(method.power && method.power->a.lo && method.power->a.hi) << name;
    EXPECT_TRUE(method.power->why.empty());
    for (const Vertex& vertex : method.vertices)
      EXPECT_TRUE((vertex.n_params.lo && vertex.n_params.hi) || !vertex.why.empty()) << name;
  }
}

TEST(IsoflopTables, TwoBudgetsHaveTheExponentOfTheLaw) {
  const IsoflopAnswer answer = answer_of("params,flops,loss\n" + rows_of({2, 6, false, 0.002}, 1, 1, ""));
  const IsoflopResult& result = *answer.experiments.front().result;
  EXPECT_FALSE(result.method("parabola")->power);
  EXPECT_EQ(result.method("parabola")->why,
            "2 of the 3 budgets that an exponent needs have a minimum inside the sizes");
  ASSERT_TRUE(result.method("parametric") != nullptr && result.method("parametric")->power);
  EXPECT_EQ(result.leading()->name, "parametric");
  EXPECT_NEAR(result.method("parametric")->power->a.value, testing::kDesignExponent, 0.2);
  EXPECT_NE(isoflop_text(answer).find("by the fitted law"), std::string::npos);
}

TEST(IsoflopExperiments, AreNamedAndFittedApart) {
  const std::string text = "params,flops,loss,dataset,schedule\n" + rows_of(kDesign, 1, 1, ",c4,cosine") +
                           rows_of(kDesign, 1, 1.1, ",c4,constant") + rows_of(kDesign, 1, 1.3, ",pile,cosine");
  const std::string error = error_of(text);
  EXPECT_NE(error.find("3 experiments"), std::string::npos) << error;
  EXPECT_NE(error.find("--by dataset+schedule"), std::string::npos) << error;
  IsoflopRequest request = quick();
  request.read.by = "dataset+schedule";
  const IsoflopAnswer answer = answer_of(text, request);
  ASSERT_EQ(answer.experiments.size(), 3U);
  EXPECT_EQ(answer.experiments[1].name, "c4, constant");
  // A common factor changes no minimum.
  const double a = answer.experiments[0].result->method("parabola")->power->a.value;
  for (const IsoflopExperiment& one : answer.experiments)
    EXPECT_NEAR(one.result->method("parabola")->power->a.value, a, 1e-6) << one.name;
  EXPECT_EQ(experiment_rows(answer.experiments).size(), 4U);
  EXPECT_EQ(answer.json.at("experiments").list().size(), 3U);
  EXPECT_FALSE(isoflop_page(answer).sections.empty());
  request.read.by = "dataset";
  EXPECT_EQ(answer_of(text, request).experiments[1].name, "pile");
  EXPECT_NE(answer_of(text, request).experiments[0].error.find("--by schedule"), std::string::npos);
  request.read.by = "datset";
  EXPECT_NE(error_of(text, request).find("dataset"), std::string::npos);
}

TEST(IsoflopExperiments, SeedsBudgetsAndSizesAreNone) {
  EXPECT_EQ(error_of("params,flops,loss,seed\n" + rows_of(kDesign, 1, 1, ",0") + rows_of(kDesign, 1, 1.0001, ",1")),
            "");
  std::string text = "params,flops,loss,budget\n";
  for (int b = 0; b < 4; ++b) {
    const testing::SimulatedIsoflop table = testing::simulate(kDesign, 1);
    for (const std::size_t i : table.budgets[static_cast<std::size_t>(b)].rows)
      text += fmt::format("{:.10g},{:.10g},{:.10g},{}\n", table.noisy.n_params[i], table.noisy.compute[i],
                          table.noisy.loss[i], b);
  }
  EXPECT_EQ(error_of(text), "");
}

TEST(IsoflopExperiments, ConflictingRowsWithoutAColumnAreFound) {
  const tables::Rows rows = tables::rows_from(documents::read_text(
      "params,flops,loss\n" + rows_of(kDesign, 1, 1, "") + rows_of(kDesign, 1, 1.05, ""), "runs.csv"));
  std::vector<std::string> notes;
  const auto found = pooled_experiments(rows, sizes_of(with_tokens(rows.data, notes)), {});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->count, 0U);
  EXPECT_NE(found->message.find("no column tells them apart"), std::string::npos);
}

// The law's best size for 6 N D + 12 n_layers d_model seq_len D = C, by a fine search over N.
double best_size(double compute, const ShapeFamily& family) {
  double best = 0, least = 1e9;
  for (const double n : numerics::log_spaced(1e7, 1e11, 40001)) {
    const double loss =
        testing::design_loss(n, compute / flop_per_token(FlopConvention::with_attention, shape_of(family, n)));
    if (loss < least) {
      least = loss;
      best = n;
    }
  }
  return best;
}

TEST(IsoflopConventions, ExponentsFollowTheConvention) {
  IsoflopRequest request = quick();
  request.options.vocab = 1e-9;
  request.options.seq_len = 65536;
  request.options.aspect_ratio = 100;
  request.options.fit = quick_exact();
  const IsoflopAnswer answer = answer_of("params,flops,loss\n" + rows_of({4, 9, false, 1e-5}, 1, 1, ""), request);
  const IsoflopResult& result = *answer.experiments.front().result;
  ASSERT_EQ(result.conventions.size(), 5U);
  const ConventionRow &exact = result.conventions[0], &inner = result.conventions[3],
                      &attention = result.conventions[4];
  EXPECT_NEAR(exact.parametric->a.value, testing::kDesignExponent, 5e-4);  // 1e-5 of noise
  // Without embeddings to speak of, nothing changes.
  EXPECT_NEAR(inner.parabola->a.value, exact.parabola->a.value, 1e-6);
  EXPECT_NEAR(inner.parametric->a.value, exact.parametric->a.value, 1e-6);
  // The budgets of the convention are geometric means over the rows.
  const ShapeFamily family{100, {}, 65536, {}};
  const testing::SimulatedIsoflop table = testing::simulate({4, 9, false, 0}, 1);
  std::vector<double> compute;
  for (const std::size_t b : {0U, 3U}) {
    double log_compute = 0;
    for (const std::size_t i : table.budgets[b].rows)
      log_compute +=
          std::log(flop_per_token(FlopConvention::with_attention, shape_of(family, table.exact.n_params[i])) *
                   table.exact.tokens[i]) /
          9;
    compute.push_back(std::exp(log_compute));
  }
  const double slope =
      std::log(best_size(compute[1], family) / best_size(compute[0], family)) / std::log(compute[1] / compute[0]);
  EXPECT_NEAR(attention.parametric->a.value, slope, 2e-3);  // the search is 2.3e-4 in ln N, over 4.2 in ln C
  EXPECT_GT(slope - testing::kDesignExponent, 0.02);
  EXPECT_NEAR(attention.parabola->a.value, slope, 0.01);  // a parabola has a bias
  request.options.seq_len.reset();
  const auto missing = [&](const std::string& heading, const std::string& labels) {
    const IsoflopAnswer again = answer_of("params,flops,loss" + heading + rows_of(kDesign, 1, 1, labels), request);
    return again.experiments.front().result->conventions.back().missing;
  };
  EXPECT_EQ(missing("\n", ""), "needs --seq-len or a column seq_len");
  EXPECT_EQ(missing(",seq_len\n", ",4096"), "");
}

// Published optima of 15 experiments: their published exponents, through the request.
TEST(IsoflopExperiments, PublishedOptima) {
  const std::string folder = PHASELAW_SOURCE_DIR "/../shared/data/porian_isoflop";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no published measurements at " << folder;
  IsoflopRequest request = quick();
  request.options.optima = true;
  request.read.by = "exp+file";
  request.read.loss = "loss_opt";
  request.read.col = {{"n_params", "n_opt"}, {"tokens", "tokens_opt"}};
  const IsoflopAnswer answer = isoflop(request, documents::read(folder + "/published_optima.csv"));
  const documents::Table fits = documents::read(folder + "/published_fits.csv").table;
  const auto text = [&](std::size_t row, const char* column) { return fits.text(row, fits.column(column)); };
  int compared = 0;
  for (const IsoflopExperiment& one : answer.experiments)
    for (std::size_t i = 0; i < fits.n_rows(); ++i) {
      if (text(i, "fit") != "basic" || one.name != text(i, "exp") + ", " + text(i, "file")) continue;
      const fitting::Estimate& a = one.result->method("optima")->power->a;
      EXPECT_NEAR(a.value, fits.number(i, fits.column("n_exponent")).value, 1e-11) << one.name;
      EXPECT_TRUE(a.lo && a.hi);
      ++compared;
    }
  EXPECT_EQ(compared, 15);
  request = quick();
  try {
    (void)isoflop(request, documents::read(folder + "/isoflop_points.csv"));
    FAIL();
  } catch (const base::InputError& error) {
    EXPECT_NE(std::string(error.what()).find("15 experiments by column exp+file"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace phaselaw::advice
