// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <functional>

#include <gtest/gtest.h>

#include "fitting/plain_options.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/fitting/selection.h"
#include "phaselaw/numerics/random.h"

// Tables on which a ranking can go wrong: few rows, a law of many parameters, runs on one line, constant columns.
namespace phaselaw::fitting {
namespace {

using Loss = std::function<double(double n, double d)>;

double chinchilla(double n, double d) { return 1.82 + 482 * std::pow(n, -.348) + 2085 * std::pow(d, -.366); }

// n runs with `low` to `high` tokens per parameter.
tables::Measurements runs(const Loss& loss, int n, double noise, std::uint64_t seed, double low = 5,
                          double high = 200) {
  numerics::RandomStream stream(seed, "ranking_test");
  std::vector<double> sizes, tokens;
  tables::Measurements data;
  for (int i = 0; i < n; ++i) {
    sizes.push_back(3e7 * std::pow(2e9 / 3e7, stream.uniform()));
    tokens.push_back(sizes.back() * low * std::pow(high / low, stream.uniform()));
    data.output.push_back(loss(sizes.back(), tokens.back()) * std::exp(noise * stream.normal()));
  }
  data.columns.add("n_params", sizes);
  data.columns.add("tokens", tokens);
  return data;
}

Ranking rank(const tables::Measurements& data, const MisfitFunction& misfits = {}) {
  return rank_laws(rivals(data.columns), data, plain(), 0.2, {}, misfits);
}

const RankedLaw& law_named(const Ranking& ranking, const std::string& name) {
  return *std::find_if(ranking.laws.begin(), ranking.laws.end(),
                       [&](const RankedLaw& law) { return law.fit.name() == name; });
}

// No law is excused the slices with few rows.
TEST(Ranking, AllRankedLawsSitTheSameExam) {
  const Loss tied = [](double n, double d) { return 1.8 + 900 * std::pow(n, -.35) + 1540 * std::pow(d, -.35); };
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    const Ranking ranking = rank(runs(tied, 14, .004, seed));
    const std::vector<Holdout>& exam = ranking.laws.front().backtest;
    ASSERT_GE(exam.size(), 3U);
    for (const RankedLaw& law : ranking.laws) {
      if (!law.reason.empty()) {
        EXPECT_EQ(law.weight, 0) << law.fit.name();
        EXPECT_FALSE(law.survives) << law.fit.name();
        continue;
      }
      ASSERT_EQ(law.backtest.size(), exam.size()) << law.fit.name();
      for (std::size_t s = 0; s < exam.size(); ++s) {
        EXPECT_EQ(law.backtest[s].rows, exam[s].rows);
        EXPECT_GE(law.backtest[s].n_fitted, law.fit.theta.size() + 2);
      }
    }
    EXPECT_FALSE(law_named(ranking, "broken-power-3").reason.empty());
  }
}

// The weights are those of AICc among the laws that predict as well, and the first law has the largest.
TEST(Ranking, WeightsAreAkaikeWeightsOfTheSurvivors) {
  const Ranking ranking = rank(runs(chinchilla, 30, .005, 4));
  double total = 0;
  for (const RankedLaw& law : ranking.laws) {
    total += law.weight;
    EXPECT_LE(law.weight, ranking.laws.front().weight);
    EXPECT_EQ(law.weight > 0, law.survives) << law.fit.name();
    if (law.survives) {
      EXPECT_NEAR(std::log(law.weight / ranking.laws.front().weight),
                  -0.5 * (law.fit.aicc - ranking.laws.front().fit.aicc), 1e-9)
          << law.fit.name();
    }
  }
  EXPECT_NEAR(total, 1, 1e-12);
}

// Twenty rows of a law that is not in the catalogue: a law of twelve parameters that did not converge is not first.
TEST(Ranking, ALawThatIsNotCertifiedIsNeverFirst) {
  const Loss bent = [](double n, double d) {
    const double ratio = std::log(d / (20 * n));
    return chinchilla(n, d) * (1 + .004 * ratio * ratio);
  };
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    const Ranking ranking = rank(runs(bent, 20, .004, seed));
    EXPECT_TRUE(ranking.laws.front().fit.convergence.certified);
    EXPECT_TRUE(ranking.laws.front().reason.empty());
    bool certified = true;
    for (const RankedLaw& law : ranking.laws) {
      if (!law.fit.convergence.certified) {
        EXPECT_NE(law.reason.find(law.fit.convergence.status), std::string::npos);
        certified = false;
      }
      EXPECT_EQ(law.fit.convergence.certified, certified)
          << law.fit.name() << " stands after a law without certificate";
    }
  }
}

// Runs near the frontier, with a loss that is a power of compute: the two parameters of kaplan-c suffice. Its scale, 2.6e28
// FLOP, is 1e9 times the runs, and slices of the cheapest runs must reach it too.
TEST(Ranking, APowerOfComputeIsFound) {
  const Loss power = [](double n, double d) { return std::pow(2.6e28 / (6 * n * d), .05); };
  int found = 0;
  for (std::uint64_t seed = 0; seed < 11; ++seed) {
    const Ranking ranking = rank(runs(power, 20, .004, seed, 8, 50));
    if (ranking.laws.front().fit.name() == "kaplan-c") ++found;
  }
  EXPECT_GE(found, 7);
}

// Exactly 20 tokens per parameter: laws of compute describe these runs, and no break beyond them is called best.
TEST(Ranking, RunsOnOneLineAreNotExplainedByABreak) {
  tables::Measurements data;
  numerics::RandomStream stream(18, "ranking_test");
  std::vector<double> sizes, tokens;
  for (int i = 0; i < 10; ++i) {
    sizes.push_back(3e7 * std::pow(100, i / 9.0));
    tokens.push_back(20 * sizes.back());
    data.output.push_back(chinchilla(sizes.back(), tokens.back()) * std::exp(.004 * stream.normal()));
  }
  data.columns.add("n_params", sizes);
  data.columns.add("tokens", tokens);
  const Ranking ranking = rank(data);
  EXPECT_FALSE(ranking.laws.front().fit.name().starts_with("broken-power")) << ranking.laws.front().fit.name();
  EXPECT_LE(ranking.laws.front().fit.theta.size(), 4U);
}

TEST(Ranking, LawsOfAColumnOfOneValueAreNamedAndNotRanked) {
  tables::Measurements data;
  numerics::RandomStream stream(23, "ranking_test");
  std::vector<double> sizes;
  for (int i = 0; i < 12; ++i) {
    sizes.push_back(1.05e7 + 2e4 * (i % 6));
    data.output.push_back(1.63 * std::exp(.02 * stream.normal()));
  }
  data.columns.add("n_params", sizes);
  data.columns.add("step", std::vector<double>(12, 4000));
  const Ranking ranking = rank(data);
  for (const RankedLaw& law : ranking.laws) EXPECT_NE(law.fit.law.columns(), std::vector<std::string>{"step"});
  const auto noted = [&](const std::string& text) {
    return std::any_of(ranking.notes.begin(), ranking.notes.end(),
                       [&](const std::string& note) { return note.find(text) != std::string::npos; });
  };
  EXPECT_TRUE(noted("shifted-power")) << fmt::format("{}", fmt::join(ranking.notes, "; "));
  EXPECT_TRUE(noted("step has one value"));
  EXPECT_TRUE(noted("n_params varies by a factor 1.01 only"));
}

// Threads change nothing.
TEST(Ranking, DoesNotDependOnTheNumberOfThreads) {
  const tables::Measurements data = runs(chinchilla, 16, .005, 9);
  std::vector<laws::Law> laws;
  for (const char* name : {"chinchilla", "chinchilla-tied", "kaplan", "power", "chinchilla-outer"})
    laws.push_back(laws::law_from(name));
  FitOptions options = plain();
  options.interval = IntervalMethod::automatic;
  const Ranking one = rank_laws(laws, data, options);
  options.threads = 3;
  const Ranking three = rank_laws(laws, data, options);
  ASSERT_EQ(one.laws.size(), three.laws.size());
  for (std::size_t i = 0; i < one.laws.size(); ++i) {
    EXPECT_EQ(one.laws[i].fit.name(), three.laws[i].fit.name());
    EXPECT_EQ(one.laws[i].weight, three.laws[i].weight);
    EXPECT_EQ(one.laws[i].fit.value, three.laws[i].fit.value);
    EXPECT_EQ(one.laws[i].fit.parameters.front().lo, three.laws[i].fit.parameters.front().lo);
    EXPECT_EQ(one.laws[i].fit.method != IntervalMethod::none, one.laws[i].survives || i == 0);
  }
}

// A reference that does not fit is kept where the exam does not refute it, and the sentence says so.
TEST(Ranking, ALackOfFitKeepsTheReference) {
  const tables::Measurements data = runs(chinchilla, 16, .02, 2);
  const Ranking ranking = rank(data, [](const Fit&) { return true; });
  ASSERT_TRUE(law_named(ranking, "chinchilla").survives);
  EXPECT_EQ(ranking.laws.front().fit.name(), "chinchilla");
  EXPECT_EQ(ranking.laws.front().weight, 1);
  EXPECT_NE(ranking.rule.find("AICc is not trusted"), std::string::npos) << ranking.rule;
}

TEST(Ranking, ReasonsOfFailedFitsAreKept) {
  const tables::Measurements data = runs(chinchilla, 6, .005, 1);
  const Ranking ranking = rank(data);
  EXPECT_TRUE(std::any_of(ranking.notes.begin(), ranking.notes.end(), [](const std::string& note) {
    return note.starts_with("chinchilla-outer: ") && note.find("needs at least 7 rows, found 6") != std::string::npos;
  })) << fmt::format("{}", fmt::join(ranking.notes, "; "));
}

}  // namespace
}  // namespace phaselaw::fitting
