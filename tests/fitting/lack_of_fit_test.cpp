// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/lack_of_fit.h"

#include <cmath>
#include <filesystem>

#include <gtest/gtest.h>
#include <Eigen/LU>
#include <Eigen/QR>

#include "phaselaw/tables/rows.h"
#include "tests/fitting/lack_of_fit_designs.h"
#include "tests/laws/law_truths.h"

namespace phaselaw::fitting {
namespace {

using testing::simulated_table;
using testing::SimulatedTable;

const laws::Law& chinchilla() {
  static const laws::Law law = laws::law_from("chinchilla");
  return law;
}

FitOptions without_intervals(Objective objective = Objective::huber) {
  FitOptions options;
  options.objective = objective;
  options.interval = IntervalMethod::none;
  return options;
}

LackOfFit tested(const SimulatedTable& table, FitOptions options = without_intervals()) {
  if (!table.run.empty()) options.cluster = table.run;
  return lack_of_fit(fit_law(chinchilla(), table.data, options), table.data, options, table.run);
}

const DirectionTest* find(const LackOfFit& lack, const std::string& name) {
  for (const DirectionTest& direction : lack.directions)
    if (direction.name() == name) return &direction;
  return nullptr;
}

int flagged(std::string_view design, int draws, const std::string& direction = "") {
  int count = 0;
  for (int d = 0; d < draws; ++d) {
    const LackOfFit lack = tested(simulated_table(design, 5000 + static_cast<std::uint64_t>(d)));
    EXPECT_TRUE(lack.tested);
    count += lack.significant && (direction.empty() || lack.direction == direction) ? 1 : 0;
  }
  return count;
}

// With a probability of 5 % each, more than 14 of 100 alarms have a probability of 1.5e-4.
TEST(LackOfFit, SoundTablesAreNotAccused) {
  for (const char* design : {"random 12", "random 20", "isoflop 5x6", "ladder 4x5", "no floor", "runs 12x10",
                             "runs 5x10", "unnamed 12x10", "seeds 10x3", "growing 30"})
    EXPECT_LE(flagged(design, 100), 14) << design;
}

// The power measured in 400 draws is 100, 100, 92 and 100 % (study_lack_of_fit.cpp); the bounds are 5 standard errors below.
TEST(LackOfFit, CheckpointsOfADecayingScheduleAreNamed) {
  EXPECT_GE(flagged("cosine 10x6, 3 %", 60, "share of the run"), 57);
  EXPECT_GE(flagged("unnamed cosine 10x6, 3 %", 60, "share of the run"), 55);
  EXPECT_GE(flagged("cosine 5x6, 3 %", 60, "share of the run"), 44);
  const LackOfFit lack = tested(simulated_table("cosine 10x6, 3 %", 1));
  EXPECT_GT(lack.size_percent, 0.5);  // the law has bent towards the early rows
  EXPECT_LT(lack.size_percent, 3);
  EXPECT_NE(lack.sentence.find("lie above the law"), std::string::npos) << lack.sentence;
  EXPECT_NE(lack.sentence.find("use --last"), std::string::npos) << lack.sentence;
  EXPECT_NE(lack.checkpoints_sentence().find("10 runs have several rows with rising tokens"), std::string::npos);
  EXPECT_EQ(lack.clusters, 10U);
}

TEST(LackOfFit, AConstantRateHasValidCheckpoints) {
  const LackOfFit lack = tested(simulated_table("runs 12x10", 3));
  ASSERT_TRUE(lack.tested);
  EXPECT_FALSE(lack.significant) << lack.sentence;
  EXPECT_NE(lack.checkpoints_sentence().find("as under a constant learning rate"), std::string::npos);
  EXPECT_TRUE(tested(simulated_table("random 20", 3)).checkpoints_sentence().empty());
}

TEST(LackOfFit, AWrongLawIsFoundWithEnoughRows) { EXPECT_GE(flagged("log^2 60", 50), 47); }

// t of every direction from an ordinary regression of the residuals on a Jacobian by central differences and the direction.
TEST(LackOfFit, EqualsTheRegressionOfResiduals) {
  const SimulatedTable table = simulated_table("random 20", 12);
  const FitOptions options = without_intervals(Objective::l2);
  const Fit fit = fit_law(chinchilla(), table.data, options);
  const LackOfFit lack = lack_of_fit(fit, table.data, options);
  ASSERT_EQ(lack.variance, "classical");
  const Eigen::Index n = 20;
  const auto log_law = [&](const std::vector<double>& value) {
    Eigen::VectorXd out(n);
    const std::vector<double> all = laws::evaluate(chinchilla(), table.data.columns, value);
    for (Eigen::Index i = 0; i < n; ++i) out[i] = std::log(all[static_cast<std::size_t>(i)]);
    return out;
  };
  Eigen::MatrixXd design(n, 6);
  for (std::size_t p = 0; p < 5; ++p) {
    std::vector<double> up = fit.value, down = fit.value;
    up[p] *= 1 + 1e-5;
    down[p] *= 1 - 1e-5;
    design.col(static_cast<Eigen::Index>(p)) = (log_law(up) - log_law(down)) / 2e-5;
  }
  const Eigen::Map<const Eigen::ArrayXd> tokens(table.data.columns.values[1].data(), n);
  const Eigen::ArrayXd v = tokens.log() - tokens.log().mean();
  design.col(5) = v * v - (v * v).mean();
  const Eigen::VectorXd y =
      Eigen::Map<const Eigen::ArrayXd>(table.data.output.data(), n).log().matrix() - log_law(fit.value);
  const Eigen::VectorXd b = design.colPivHouseholderQr().solve(y), e = y - design * b;
  const double variance = e.squaredNorm() / (n - 6) * (design.transpose() * design).inverse()(5, 5);
  const DirectionTest* direction = find(lack, "(ln tokens)^2");
  ASSERT_NE(direction, nullptr);
  EXPECT_EQ(direction->dof, 14);
  // Central differences err by 1e-10 relative and the optimum by the solver's 1e-9, times the condition of X'X below 1e5.
  EXPECT_NEAR(direction->statistic, b[5] / std::sqrt(variance), 1e-4);
}

TEST(LackOfFit, DoesNotDependOnUnitsOrOnTheOrderOfRows) {
  const SimulatedTable table = simulated_table("cosine 10x6, 1 %", 4);
  const LackOfFit before = tested(table);
  std::vector<std::size_t> reversed;
  for (std::size_t i = table.data.output.size(); i > 0; --i) reversed.push_back(i - 1);
  SimulatedTable other{table.data.rows(reversed), tables::picked(table.run, reversed)};
  for (double& n : other.data.columns.values[0]) n *= 1e-6;
  for (double& loss : other.data.output) loss /= std::log(2.0);
  const LackOfFit after = tested(other);
  ASSERT_EQ(before.directions.size(), after.directions.size());
  for (const DirectionTest& direction : before.directions) {
    const DirectionTest* same = find(after, direction.name());
    ASSERT_NE(same, nullptr) << direction.name();
    // The least-squares optimum is converged to 1e-9 in cosines, t to about its condition of 1e4 times that.
    EXPECT_NEAR(same->statistic, direction.statistic, 1e-3) << direction.name();
    EXPECT_NEAR(same->size_percent, direction.size_percent, 1e-2) << direction.name();
  }
}

TEST(LackOfFit, ARowWithoutWeightIsNotThere) {
  const SimulatedTable table = simulated_table("random 20", 6);
  std::vector<std::size_t> kept;
  FitOptions weighted = without_intervals(Objective::l2);
  for (std::size_t i = 0; i < 20; ++i) {
    weighted.weights.push_back(i % 10 == 3 ? 0 : 1);
    if (i % 10 != 3) kept.push_back(i);
  }
  const tables::Measurements fewer = table.data.rows(kept);
  const FitOptions plain = without_intervals(Objective::l2);
  const LackOfFit with = lack_of_fit(fit_law(chinchilla(), table.data, weighted), table.data, weighted);
  const LackOfFit without = lack_of_fit(fit_law(chinchilla(), fewer, plain), fewer, plain);
  ASSERT_EQ(with.directions.size(), without.directions.size());
  for (std::size_t k = 0; k < with.directions.size(); ++k)
    EXPECT_NEAR(with.directions[k].statistic, without.directions[k].statistic, 1e-4);
}

// The default objective and least squares are both tested at the least-squares optimum.
TEST(LackOfFit, TheRobustFitHasTheSameTest) {
  const SimulatedTable table = simulated_table("random 40", 9);
  const LackOfFit robust = tested(table), squares = tested(table, without_intervals(Objective::l2));
  ASSERT_EQ(robust.directions.size(), squares.directions.size());
  for (std::size_t k = 0; k < robust.directions.size(); ++k)
    EXPECT_NEAR(robust.directions[k].statistic, squares.directions[k].statistic, 1e-3);
}

TEST(LackOfFit, RowsOfRunsTakenForIndependentAreNamed) {
  const SimulatedTable table = simulated_table("runs 12x10", 2);
  const FitOptions options = without_intervals();  // no clusters, as with --cluster none
  const LackOfFit lack = lack_of_fit(fit_law(chinchilla(), table.data, options), table.data, options, table.run);
  ASSERT_TRUE(lack.significant);
  const DirectionTest* run = find(lack, "run");
  ASSERT_NE(run, nullptr);
  EXPECT_LT(run->adjusted, 1e-6);
  EXPECT_NEAR(run->size_percent, 0.5, 0.3);  // the simulated error of a run, from 12 runs less 4 for the law
}

TEST(LackOfFit, EqualRunsShowWhatTheLawMisses) {
  SimulatedTable table = simulated_table("seeds 10x3", 1);
  LackOfFit lack = tested(table);
  EXPECT_EQ(lack.replicates.configurations, 10U);
  EXPECT_EQ(lack.replicates.dof, 20);
  EXPECT_NEAR(lack.replicates.seed_sd, 0.004, 5 * 0.004 / std::sqrt(40.0));
  ASSERT_NE(find(lack, "replicates"), nullptr);
  EXPECT_GT(find(lack, "replicates")->p_value, 1e-4);
  // Each configuration off by 3 %, in turns: no smooth direction, but far more than the seeds differ.
  for (std::size_t i = 0; i < 30; ++i) table.data.output[i] *= 1 + 0.03 * (i / 3 % 2 == 0 ? 1 : -1);
  lack = lack_of_fit(fit_law(chinchilla(), table.data, without_intervals()), table.data, without_intervals());
  ASSERT_EQ(lack.variance, "cluster-robust");  // equal sizes share errors: then it is noise of the configurations
  EXPECT_EQ(find(lack, "replicates"), nullptr);
}

TEST(LackOfFit, SaysWhyItWasNotTested) {
  SimulatedTable table = simulated_table("random 12", 1);
  const std::vector<std::size_t> few = {0, 1, 2, 3, 4, 5, 6, 7};
  table.data = table.data.rows(few);
  EXPECT_FALSE(tested(table).tested);
  EXPECT_EQ(tested(table).reason, "8 rows are too few; 5 parameters need 9");
  EXPECT_TRUE(to_value(tested(table)).at("p_value").is_null());
  const tables::Measurements exact = laws::testing::exact_measurements(chinchilla(), 40);
  const FitOptions options = without_intervals();
  EXPECT_EQ(lack_of_fit(fit_law(chinchilla(), exact, options), exact, options).reason,
            "the law fits the rows up to rounding");
}

TEST(LackOfFit, TakesLawsOfAnyNumberOfColumns) {
  for (const char* name : {"power", "width-depth-params-tokens", "repeated-data", "two-stage"}) {
    const laws::Law law = laws::law_from(name);
    tables::Measurements data = laws::testing::exact_measurements(law, 60, 2);
    numerics::RandomStream stream(6, "test/lack of fit");
    for (double& output : data.output) output *= std::exp(0.01 * stream.normal());
    for (const Objective objective : {Objective::huber, Objective::l2_raw}) {
      const FitOptions options = without_intervals(objective);
      const LackOfFit lack = lack_of_fit(fit_law(law, data, options), data, options);
      EXPECT_TRUE(lack.tested) << name;
      EXPECT_LE(lack.directions.size(), kMostLawDirections) << name;
      EXPECT_GT(lack.p_value, 1e-4) << name << ": " << lack.sentence;
    }
  }
}

TEST(LackOfFit, TheJsonHasTheVerdict) {
  const LackOfFit lack = tested(simulated_table("cosine 10x6, 3 %", 7));
  const base::Value value = to_value(lack);
  EXPECT_TRUE(value.at("significant").boolean());
  EXPECT_EQ(value.at("sentence").text(), lack.sentence);
  EXPECT_EQ(value.at("checkpoints").at("runs").integer(), 10);
  EXPECT_EQ(value.at("directions").list().size(), lack.directions.size());
  EXPECT_TRUE(value.at("replicates").is_null());
}

// A table of 10 runs with 6 rows each under one cosine schedule, with and without the names of the runs.
TEST(LackOfFit, ThePublishedCaseOfCheckpointsIsFlagged) {
  const std::string path = std::string(PHASELAW_SOURCE_DIR) + "/../shared/cases/statistics/16/runs.csv";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no cases at " << path;
  tables::Rows rows = tables::read_rows(path);
  FitOptions options = without_intervals();
  const LackOfFit unnamed = lack_of_fit(fit_law(chinchilla(), rows.data, options), rows.data, options);
  EXPECT_TRUE(unnamed.significant);
  EXPECT_EQ(unnamed.direction, "share of the run");
  options.cluster = rows.run;
  const LackOfFit lack =
      lack_of_fit(fit_law(chinchilla(), rows.data, options), rows.data, options, std::vector<std::string>(rows.run));
  EXPECT_TRUE(lack.significant);
  EXPECT_EQ(lack.direction, "share of the run");
  EXPECT_GT(lack.size_percent, 0);
  tables::ReadOptions last;
  last.last = true;
  rows = tables::read_rows(path, last);
  options.cluster.clear();
  const LackOfFit ends =
      lack_of_fit(fit_law(chinchilla(), rows.data, options), rows.data, options, std::vector<std::string>(rows.run));
  EXPECT_FALSE(ends.significant) << ends.sentence;
}

}  // namespace
}  // namespace phaselaw::fitting
