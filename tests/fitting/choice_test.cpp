// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/choice.h"

#include <cmath>

#include <gtest/gtest.h>

#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {
namespace {

Exam equal_exam(std::size_t n) {
  Exam exam;
  for (std::size_t i = 0; i < n; ++i) {
    exam.weight.push_back(1 / static_cast<double>(n));
    exam.unit.push_back(i);
  }
  return exam;
}

// With equal weights the standard error is that of the mean of the differences.
TEST(Choice, PairedDifferencesHaveTheStandardErrorOfTheirMean) {
  numerics::RandomStream stream(5, "choice");
  std::vector<double> first, second, difference;
  for (int i = 0; i < 12; ++i) {
    first.push_back(0.01 + 0.005 * stream.uniform());
    second.push_back(first.back() + 0.01 * stream.uniform());
    difference.push_back(second.back() - first.back());
  }
  const Choice choice = choose_law({{0, first}, {1, second}}, equal_exam(12), std::nullopt);
  const Standing& loser = choice.standings[1];
  EXPECT_NEAR(loser.difference, numerics::mean(difference), 1e-15);
  EXPECT_NEAR(loser.standard_error, numerics::standard_deviation(difference) / std::sqrt(12.0), 1e-15);
  EXPECT_EQ(choice.standings[0].standard_error, 0);
  EXPECT_EQ(loser.survives, loser.difference <= numerics::student_t_quantile(0.975, 11) * loser.standard_error);
}

// Rows of one cluster are one unit: repeating every row ten times changes nothing, if they share a unit.
TEST(Choice, RowsOfAClusterAreOneUnit) {
  const std::vector<double> a = {0.01, 0.02, 0.03, 0.01}, b = {0.02, 0.025, 0.05, 0.011};
  Exam repeated;
  std::vector<double> many_a, many_b;
  for (std::size_t i = 0; i < 40; ++i) {
    repeated.weight.push_back(1.0 / 40);
    repeated.unit.push_back(i / 10);
    many_a.push_back(a[i / 10]);
    many_b.push_back(b[i / 10]);
  }
  const Choice once = choose_law({{0, a}, {0, b}}, equal_exam(4), std::nullopt);
  const Choice often = choose_law({{0, many_a}, {0, many_b}}, repeated, std::nullopt);
  EXPECT_NEAR(often.standings[1].standard_error, once.standings[1].standard_error, 1e-15);
  EXPECT_EQ(often.standings[1].survives, once.standings[1].survives);
}

// A constant difference has no standard error, so the worse law is refuted, whatever its AICc.
TEST(Choice, ALawThatIsAlwaysWorseGetsNoWeight) {
  const Choice choice =
      choose_law({{0, {0.02, 0.03, 0.04}}, {5, {0.01, 0.02, 0.03}}, {6, {0.01, 0.02, 0.03}}}, equal_exam(3), 0);
  EXPECT_FALSE(choice.standings[0].survives);
  EXPECT_EQ(choice.standings[0].weight, 0);
  EXPECT_EQ(choice.best, 1U);
  EXPECT_NEAR(choice.standings[1].weight / choice.standings[2].weight, std::exp(0.5), 1e-12);
  EXPECT_NEAR(choice.standings[1].weight + choice.standings[2].weight, 1, 1e-12);
}

// Two forms of one law differ by rounding, always in the same direction.
TEST(Choice, RoundingRefutesNoLaw) {
  const Choice choice = choose_law({{0, {0.02, 0.03}}, {0, {0.02 + 1e-9, 0.03 + 1e-9}}}, equal_exam(2), std::nullopt);
  EXPECT_TRUE(choice.standings[1].survives);
  EXPECT_EQ(choice.standings[0].weight, 0.5);
}

TEST(Choice, AReferenceThatDoesNotFitIsKeptOnlyIfTheExamDoesNotRefuteIt) {
  const std::vector<double> noisy = {0.01, 0.05, 0.02, 0.03}, other = {0.03, 0.01, 0.01, 0.02},
                            worse = {0.11, 0.15, 0.12, 0.13};
  const Misfits does_not_fit = [](std::size_t contender) { return contender == 0; };
  const Choice kept = choose_law({{20, noisy}, {0, other}}, equal_exam(4), 0, does_not_fit);
  EXPECT_EQ(kept.rule, Rule::reference);
  EXPECT_EQ(kept.best, 0U);
  EXPECT_EQ(kept.standings[0].weight, 1);
  const Choice refuted = choose_law({{20, worse}, {5, noisy}, {0, other}}, equal_exam(4), 0, does_not_fit);
  EXPECT_EQ(refuted.rule, Rule::exam);
  EXPECT_EQ(refuted.best, 2U);
  const Choice silent = choose_law({{20, noisy}, {0, other}}, equal_exam(4), 0, [](std::size_t) { return false; });
  EXPECT_EQ(silent.rule, Rule::akaike);
  EXPECT_EQ(silent.best, 1U);
}

// Errors beyond a factor e, and laws without a value, count as a factor e; without an exam AICc decides.
TEST(Choice, MissingValuesAreBadPredictions) {
  const Choice choice = choose_law({{0, {NAN, 0.01}}, {3, {0.02, 0.02}}}, equal_exam(2), std::nullopt);
  EXPECT_NEAR(choice.standings[0].score, 0.505, 1e-15);
  const Choice by_aicc = choose_law({{3, {}}, {0, {}}, {INFINITY, {}}}, {}, 0, [](std::size_t) { return true; });
  EXPECT_EQ(by_aicc.best, 1U);
  EXPECT_EQ(by_aicc.standings[2].weight, 0);
  EXPECT_TRUE(by_aicc.standings[0].survives);
}

}  // namespace
}  // namespace phaselaw::fitting
