// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/compare/compare_request.h"

#include <cmath>
#include <filesystem>

#include <gtest/gtest.h>

#include "advice/compare_designs.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/documents/document.h"
#include "phaselaw/numerics/random.h"

namespace phaselaw::advice {
namespace {

using testing::Design;

RecipeInput input(const std::string& name, const std::string& text) {
  return {.name = name, .reading = documents::read_text(text, name + ".csv"), .fit = std::nullopt};
}

std::string table_of_points(const RecipePoints& points, const std::string& loss = "val_loss") {
  std::string text = "compute," + loss + "\n";
  for (std::size_t i = 0; i < points.loss.size(); ++i)
    text += fmt::format("{},{}\n", points.resource[i], points.loss[i]);
  return text;
}

// A log of one run or several: a power law over a floor with noise, `faster` times as fast.
std::string log_of(double faster, int runs, double noise, std::uint64_t seed, const std::string& loss = "train_loss",
                   int steps = 2000, double between = 0) {
  std::string text = "run,step," + loss + "\n";
  for (int r = 0; r < runs; ++r) {
    numerics::RandomStream stream(seed, "compare_request_test", static_cast<std::uint64_t>(r));
    const double own = std::exp(between * stream.normal());
    for (int t = 10; t <= steps; t += 10)
      text += fmt::format("{},{},{}\n", r, t,
                          (2 + 3 * std::pow(faster * own * t / 10, -0.3)) * std::exp(noise * stream.normal()));
  }
  return text;
}

CompareAnswer answer_of(std::vector<RecipeInput> inputs, const CompareRequest& request = {}) {
  return compare(request, std::move(inputs));
}

std::string error_of(std::vector<RecipeInput> inputs, const CompareRequest& request = {}) {
  try {
    (void)compare(request, std::move(inputs));
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "";
}

TEST(CompareRequest, TwoTablesGiveTheFactorInTheFirstLine) {
  const Design design{.budgets = 6, .gain = 2};
  const auto pair = testing::draw(design, 0);
  const CompareAnswer answer =
      answer_of({input("adam", table_of_points(pair.baseline)), input("muon", table_of_points(pair.candidate))});
  ASSERT_EQ(answer.comparisons.size(), 1U);
  EXPECT_EQ(answer.comparisons[0].outcome, Outcome::better);
  const std::string text = compare_text(answer);
  EXPECT_EQ(text.find("muon is better than adam: at 1e21 FLOP, adam needs "), 0U) << text;
  EXPECT_NE(text.find("Will it last: "), std::string::npos);
  EXPECT_EQ(answer.json.at("comparisons").list()[0].at("outcome").text(), "better");
}

TEST(CompareRequest, GroupsOfOneTableAreRecipesAndTheBaselineCanBeChosen) {
  const auto pair = testing::draw({.budgets = 6, .gain = 2}, 0);
  std::string text = "optimizer,compute,loss\n";
  for (std::size_t i = 0; i < 6; ++i) {
    text += fmt::format("muon,{},{}\n", pair.candidate.resource[i], pair.candidate.loss[i]);
    text += fmt::format("adam,{},{}\n", pair.baseline.resource[i], pair.baseline.loss[i]);
  }
  CompareRequest request;
  request.read.by = "optimizer";
  const CompareAnswer first = answer_of({input("runs", text)}, request);
  EXPECT_EQ(first.baseline, "muon");
  EXPECT_EQ(first.comparisons[0].outcome, Outcome::worse);
  request.baseline = "adam";
  EXPECT_EQ(answer_of({input("runs", text)}, request).comparisons[0].outcome, Outcome::better);
  request.baseline = "adan";
  EXPECT_NE(error_of({input("runs", text)}, request).find("did you mean 'adam'"), std::string::npos);
}

TEST(CompareRequest, DifferentQuantitiesAreRefusedInOneSentence) {
  const auto pair = testing::draw({.budgets = 4}, 0);
  const auto refused = [&](const char* a, const char* b) {
    return error_of({input("x", table_of_points(pair.baseline, a)), input("y", table_of_points(pair.candidate, b))});
  };
  EXPECT_NE(refused("train_loss", "val_loss").find("cannot be compared"), std::string::npos);
  EXPECT_NE(refused("excess_risk", "test_loss").find("cannot be compared"), std::string::npos);
  EXPECT_NE(refused("val_loss", "val_bpb_loss").find("bits"), std::string::npos);
  EXPECT_EQ(refused("val_loss", "val_loss"), "");
}

TEST(CompareRequest, AnAccuracyIsNoLoss) {
  std::string text = "compute,accuracy\n1e18,0.2\n1e19,0.3\n1e20,0.4\n1e21,0.5\n";
  const auto pair = testing::draw({.budgets = 4}, 0);
  CompareRequest request;
  request.read.col["loss"] = "accuracy";
  EXPECT_NE(error_of({input("x", text), input("y", text)}, request), "");
}

TEST(CompareRequest, StreamsOfARunAreNoRecipes) {
  std::string text = "split,compute,loss\n";
  for (const char* split : {"train", "val"})
    for (int i = 0; i < 4; ++i) text += fmt::format("{},{},{}\n", split, std::pow(10, 18 + i), 3 - 0.3 * i);
  CompareRequest request;
  request.read.by = "split";
  EXPECT_NE(error_of({input("runs", text)}, request), "");
}

TEST(CompareRequest, OneRecipeIsNoComparison) {
  const auto pair = testing::draw({.budgets = 4}, 0);
  EXPECT_NE(error_of({input("x", table_of_points(pair.baseline))}).find("--by"), std::string::npos);
}

TEST(CompareRequest, SizesAtOneBudgetAreNoSeeds) {
  std::string text = "n_params,compute,loss\n";
  for (const double n : {1e7, 2e7})
    for (const double c : {1e18, 1e19}) text += fmt::format("{},{},{}\n", n, c, 3 + 1e6 / n);
  EXPECT_NE(error_of({input("x", text), input("y", text)}).find("no seeds of one another"), std::string::npos);
}

TEST(CompareRequest, IsoflopTablesAreComparedAtTheirBestSizes) {
  // loss = 1.7 + 1.5 (C/1e19)^-0.15 gain^-0.15 (1 + 0.1 ln^2(n/best))
  const auto table = [](double gain) {
    std::string text = "n_params,compute,loss\n";
    for (const double c : {1e18, 1e19, 1e20, 1e21})
      for (int k = -3; k <= 3; ++k) {
        const double best = 0.08 * std::sqrt(c), n = best * std::pow(1.4, k);
        const double u = std::log(n / best);
        text += fmt::format("{},{},{}\n", n, c, 1.7 + 1.5 * std::pow(gain * c / 1e19, -0.15) + 0.05 * u * u);
      }
    return text;
  };
  const CompareAnswer answer = answer_of({input("x", table(1)), input("y", table(2))});
  const ResourceComparison& c = answer.comparisons[0].runs.front();
  EXPECT_EQ(c.baseline.loss.size(), 4U);
  EXPECT_NEAR(c.lead()->speedup.value, 2, 0.02);
}

TEST(CompareRequest, TokensAreAnsweredBesideComputeWhereTheySaySomethingElse) {
  const auto table = [](double gain, double ratio) {
    std::string text = "compute,tokens,loss\n";
    for (int i = 0; i < 5; ++i) {
      const double c = std::pow(10, 18 + i);
      text += fmt::format("{},{},{}\n", c, std::pow(c / ratio, 0.5), 1.7 + 1.5 * std::pow(gain * c / 1e19, -0.15));
    }
    return text;
  };
  const CompareAnswer answer = answer_of({input("x", table(1, 10)), input("y", table(2, 40))});
  ASSERT_EQ(answer.comparisons[0].runs.size(), 2U);
  EXPECT_EQ(answer.comparisons[0].runs[1].resource, "tokens");
  // The candidate uses half the tokens at each compute, and tokens grow as the root of compute.
  EXPECT_NEAR(answer.comparisons[0].runs[0].lead()->speedup.value, 2, 0.02);
  EXPECT_NEAR(answer.comparisons[0].runs[1].lead()->speedup.value, 2 * std::sqrt(2), 0.05);
}

TEST(CompareRequest, ManyRecipesAreCorrectedTogether) {
  const Design equal{.budgets = 5, .candidate_exponent = 0.15, .gain = 1};
  constexpr int kFamilies = 60, kCandidates = 5;
  int families = 0, alone = 0;
  for (std::uint64_t f = 0; f < kFamilies; ++f) {
    std::vector<RecipeInput> inputs = {input("base", table_of_points(testing::draw(equal, 100 * f).baseline))};
    for (std::uint64_t k = 0; k < kCandidates; ++k)
      inputs.push_back(input(fmt::format("c{}", k), table_of_points(testing::draw(equal, 100 * f + k).candidate)));
    bool any = false;
    for (const RecipeComparison& one : answer_of(std::move(inputs)).comparisons) {
      any = any || one.outcome == Outcome::better || one.outcome == Outcome::worse;
      alone += one.p < 0.05;
      EXPECT_GE(one.p_holm, one.p);
    }
    families += any;
  }
  EXPECT_GT(alone, 3);                 // some of 300 tests reject by chance
  EXPECT_LE(families, kFamilies / 8);  // but few families have an outcome: 5 % and 2.6 standard errors
}

TEST(CompareRequest, RunsOfSeveralAllocationsMakeTheFactorDoubtful) {
  const auto table = [](double gain, bool mixed) {
    std::string text = "n_params,tokens,loss\n";
    int k = 0;
    for (const double n : {1e7, 3e7, 1e8, 3e8, 1e9})
      for (const double ratio : mixed ? std::vector<double>{5, 40, 320} : std::vector<double>{20}) {
        const double d = ratio * n;
        text +=
            fmt::format("{},{},{}\n", n, d,
                        (1.7 + 400 * std::pow(n, -0.34) + 410 * std::pow(gain * d, -0.28)) * (1 + 1e-3 * (k++ % 3)));
      }
    return text;
  };
  const CompareAnswer mixed = answer_of({input("x", table(1, true)), input("y", table(2, true))});
  EXPECT_EQ(mixed.comparisons[0].sentence.find("The runs have several ratios of tokens to parameters"), 0U);
  const CompareAnswer one = answer_of({input("x", table(1, false)), input("y", table(2, false))});
  EXPECT_EQ(one.comparisons[0].doubt.find("several ratios"), std::string::npos);
}

TEST(CompareRequest, SeveralRecipesHaveOneAnswer) {
  const auto good = testing::draw({.budgets = 6, .gain = 2}, 0), same = testing::draw({.budgets = 6, .gain = 1}, 1);
  const CompareAnswer answer =
      answer_of({input("base", table_of_points(good.baseline)), input("good", table_of_points(good.candidate)),
                 input("same", table_of_points(same.baseline))});
  const std::string text = compare_text(answer);
  EXPECT_EQ(text.find("Of 2 recipes compared with base: 1 better (good); 1 not decided (same).\n"), 0U) << text;
  EXPECT_NE(text.find("Holm's method"), std::string::npos);
  EXPECT_EQ(compare_page(answer).answer, text.substr(0, text.find('\n')));
}

TEST(CompareRequest, CurvesOfSeedsGiveTheFactorAtEqualLoss) {
  const CompareAnswer answer = answer_of({input("slow", log_of(1, 4, 0.01, 1, "train_loss", 2000, 0.02)),
                                          input("fast", log_of(1.5, 4, 0.01, 2, "train_loss", 2000, 0.02))});
  const RecipeComparison& one = answer.comparisons[0];
  ASSERT_TRUE(one.curves);
  EXPECT_TRUE(one.curves_lead);
  EXPECT_TRUE(one.curves->between_seeds);
  ASSERT_FALSE(one.curves->equal_loss.empty());
  const EqualLoss& last = one.curves->equal_loss.back();
  EXPECT_TRUE(testing::holds(last.speedup, 1.5)) << last.speedup.value;
  EXPECT_NEAR(std::log(last.speedup.value / 1.5), 0, 0.1);
  EXPECT_EQ(one.outcome, Outcome::better);
  EXPECT_EQ(compare_text(answer).find("fast is better than slow: slow needs "), 0U);
  // What the difference is worth at equal steps is the same factor.
  ASSERT_FALSE(one.curves->equal_resource.empty());
  EXPECT_NEAR(std::log(one.curves->equal_resource.back().worth / 1.5), 0, 0.15);
}

// Under a decay to 0 at the end every loss is reached within few steps; the difference at the end decides, by the slope
// before the decay.
TEST(CompareRequest, RunsThatFallLateAreComparedAtTheirEnd) {
  const auto log = [](double gain, std::uint64_t seed, int steps) {
    std::string text = "run,step,train_loss\n";
    for (int r = 0; r < 4; ++r) {
      numerics::RandomStream stream(seed, "compare_request_test", static_cast<std::uint64_t>(r));
      const double own = std::exp(0.001 * stream.normal());
      for (int t = 10; t <= steps; t += 10) {
        const double left = std::min(1.0, (steps - t) / (0.2 * steps));  // of the learning rate
        const double loss = 5 * std::pow(t, -0.07) * gain * own * (1 - 0.06 * (1 - left));
        text += fmt::format("{},{},{}\n", r, t, loss * std::exp(0.005 * stream.normal()));
      }
    }
    return text;
  };
  const CompareAnswer answer = answer_of({input("a", log(1, 1, 4000)), input("b", log(0.99, 2, 4000))});
  const RecipeComparison& one = answer.comparisons[0];
  EXPECT_TRUE(one.curves->falls_late);
  EXPECT_EQ(one.outcome, Outcome::better);
  // 1 % of the loss at a slope of 0.07; at equal loss in the decay the factor would be near 1.
  EXPECT_NEAR(std::log(one.curves->equal_resource.back().worth), 0.01 / 0.07, 0.05);
  EXPECT_LT(one.curves->equal_loss.back().speedup.value, 1.1);
  EXPECT_NE(one.sentence.find("the loss of b is lower by"), std::string::npos);
  const CompareAnswer lengths = answer_of({input("a", log(1, 1, 2000)), input("b", log(0.99, 2, 4000))});
  EXPECT_EQ(lengths.comparisons[0].outcome, Outcome::unknown);
}

TEST(CompareRequest, SingleCurvesHaveNoVerdict) {
  const CompareAnswer answer =
      answer_of({input("slow", log_of(1, 1, 0.01, 1)), input("fast", log_of(1.5, 1, 0.01, 2))});
  const RecipeComparison& one = answer.comparisons[0];
  EXPECT_EQ(one.outcome, Outcome::unknown);
  EXPECT_NE(one.sentence.find("noise between seeds is unknown"), std::string::npos);
  ASSERT_FALSE(one.curves->equal_loss.empty());
  EXPECT_TRUE(testing::holds(one.curves->equal_loss.back().speedup, 1.5));
}

// The interval over the runs holds the factor in 95 % of the draws, with correlated noise too.
TEST(CompareRequest, TheIntervalOverRunsHoldsTheFactor) {
  constexpr int kDraws = 60;
  int held = 0, told = 0;
  for (std::uint64_t d = 0; d < kDraws; ++d) {
    const CompareAnswer answer = answer_of({input("a", log_of(1, 3, 0.01, 1000 + 2 * d, "train_loss", 1500, 0.05)),
                                            input("b", log_of(1, 3, 0.01, 1001 + 2 * d, "train_loss", 1500, 0.05))});
    const RecipeComparison& one = answer.comparisons[0];
    ASSERT_FALSE(one.curves->equal_loss.empty());
    held += testing::holds(one.curves->equal_loss.back().speedup, 1);
    told += one.outcome == Outcome::better || one.outcome == Outcome::worse;
  }
  EXPECT_GE(held, 0.95 * kDraws - 2.6 * std::sqrt(0.95 * 0.05 * kDraws));
  EXPECT_EQ(told, kDraws - held);
}

TEST(CompareRequest, CurvesOfDifferentLengthsSaySo) {
  const CompareAnswer answer =
      answer_of({input("a", log_of(1, 2, 0.01, 1, "train_loss", 1000)), input("b", log_of(1, 2, 0.01, 2))});
  bool said = false;
  for (const Limit& limit : answer.comparisons[0].limits)
    said = said || limit.text.find("different lengths") != std::string::npos;
  EXPECT_TRUE(said);
}

TEST(CompareRequest, NoCommonResourceIsOneSentence) {
  const std::string a = "compute,loss\n1e18,3\n1e19,2.8\n1e20,2.7\n", b = "step,loss\n10,3\n100,2.8\n1000,2.7\n";
  EXPECT_NE(error_of({input("x", a), input("y", b)}).find("--resource"), std::string::npos);
}

TEST(CompareRequest, TablesOfSomethingElseAreRefusedAndNotComputedForHours) {
  std::string groups = "id,compute,loss\n", rows = "compute,loss\n";
  for (int i = 0; i < 6000; ++i) {
    groups += fmt::format("a{},{},{}\n", i, 1e18 * (i + 1), 3.0 - 1e-4 * i);
    rows += fmt::format("{},{}\n", 1e18 * (i + 1), 3.0 - 1e-4 * i);
  }
  CompareRequest request;
  request.read.by = "id";
  EXPECT_NE(error_of({input("x", groups)}, request).find("6,000 recipes"), std::string::npos);
  EXPECT_NE(error_of({input("x", rows), input("y", rows)}).find("6,000 runs of one row each"), std::string::npos);
}

TEST(CompareRequest, AnExcessRiskIsNotCalledALoss) {
  const auto pair = testing::draw({.budgets = 5, .floor = 0.001, .gain = 2}, 0);
  const CompareAnswer answer = answer_of({input("x", table_of_points(pair.baseline, "excess_risk")),
                                          input("y", table_of_points(pair.candidate, "excess_risk"))});
  EXPECT_NE(answer.comparisons[0].sentence.find("for the same excess risk"), std::string::npos);
  EXPECT_EQ(compare_text(answer).find(" loss"), std::string::npos);
}

TEST(CompareRequest, NamesAreStemsOrPaths) {
  EXPECT_EQ(recipe_names({"a/adam.csv.gz", "b/muon.csv"}), (std::vector<std::string>{"adam", "muon"}));
  EXPECT_EQ(recipe_names({"a/runs.csv", "b/runs.csv"}), (std::vector<std::string>{"a/runs.csv", "b/runs.csv"}));
}

TEST(CompareRequest, ThePageHasTheFiguresAndTheAnswer) {
  const auto pair = testing::draw({.budgets = 6, .gain = 2}, 0);
  const CompareAnswer answer =
      answer_of({input("adam", table_of_points(pair.baseline)), input("muon", table_of_points(pair.candidate))});
  const report::Page page = compare_page(answer);
  ASSERT_EQ(page.sections.front().figures.size(), 3U);  // losses, factor, floors
  EXPECT_EQ(page.answer, answer.comparisons[0].sentence);
  EXPECT_TRUE(page.sections.front().figures[0].x.log && page.sections.front().figures[0].y.log);
  EXPECT_GT(report::build_page(page).size(), 10'000U);
}

// Two hyperparameter settings of published IsoFLOP runs; the largest models were better tuned in the second.
TEST(CompareRequest, PublishedIsoflopRunsWhereTheyArePresent) {
  const std::string file = PHASELAW_SOURCE_DIR "/../shared/data/porian_isoflop/isoflop_points.csv";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "no shared data";
  CompareRequest request;
  request.read.by = "exp";
  request.read.where = {"dataset = rw and loss_kind = val and exp in (2, 3)"};
  const CompareAnswer answer =
      answer_of({{.name = "", .reading = documents::read({file}), .fit = std::nullopt}}, request);
  const ResourceComparison& c = answer.comparisons[0].runs.front();
  EXPECT_EQ(c.outcome, Outcome::better);
  EXPECT_GT(c.law_from, 0);  // the smallest budgets bend away
  EXPECT_FALSE(c.laws_miss());
}

}  // namespace
}  // namespace phaselaw::advice
