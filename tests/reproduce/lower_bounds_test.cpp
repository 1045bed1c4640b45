// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/reproduce/first_order_gap.h"
#include "phaselaw/reproduce/two_point.h"
#include "phaselaw/reproduce/verdict.h"
#include "phaselaw/theory/first_order.h"
#include "phaselaw/theory/two_point.h"

// Each analysis on measurements that are made up: a true claim, a planted false one, and one with too little power.
namespace phaselaw::reproduce {
namespace {

using report::Verdict;

Verdict verdict_of(std::vector<report::Claim> claims, const std::string& id) {
  if (!id.starts_with("LB.band")) decide(claims);
  for (const auto& claim : claims)
    if (claim.id == id) return claim.verdict;
  ADD_FAILURE() << "no claim " << id;
  return Verdict::kInconclusive;
}

TwoPointExperiment two_points(double lowest_error, double posterior, double other, double standard_error) {
  TwoPointExperiment e;
  for (const std::int64_t n : {8, 64})
    e.cells.push_back({.n_data = n,
                       .draws = 1000,
                       .noise = 1,
                       .errors = {{"likelihood ratio", lowest_error, standard_error}},
                       .risks = {{"posterior mean", posterior, standard_error}, {"other", other, standard_error}}});
  return e;
}

TEST(TwoPointClaims, FollowTheIntervals) {
  const double minimax = theory::two_point_minimax_risk(1, 1), errors = theory::two_point_bound(1, 1).error_sum_min;
  const std::vector<std::string> ids = {"test_bound", "best_test", "risk_bound", "minimax", "attained"};
  const auto truly = claims_of(two_points(errors, minimax, 0.25, 1e-3));
  const auto falsely = claims_of(two_points(0.4, 0.05, 0.15, 1e-3));
  const auto weakly = claims_of(two_points(errors, minimax, 0.25, 1));
  for (const auto& id : ids) {
    EXPECT_EQ(verdict_of(truly, "LB.two_point." + id), Verdict::kSupported) << id;
    EXPECT_EQ(verdict_of(falsely, "LB.two_point." + id), Verdict::kNotSupported) << id;
    EXPECT_EQ(verdict_of(weakly, "LB.two_point." + id), Verdict::kInconclusive) << id;
  }
}

sweep::Experiment small_experiment() {
  sweep::Experiment e;
  e.model.n_layers = 1;
  e.model.d_model = 4;
  e.model.d_hidden = 8;
  e.model.n_heads = 1;
  e.model.d_head = 4;
  e.model.seq_len = 2;
  e.data.n_data = 4;
  e.data.n_test = 1;
  e.data.noise = 0.5;
  return e;
}

// The simulation against exact numbers: erfc(1/sqrt 8), the minimax risk, (h^2) Phi(-h/2) of the plug-in, 1 of one
// coordinate and L o = 8 of all; each within 5 standard errors.
TEST(TwoPointSimulation, MeetsTheExactRisks) {
  const auto cell = simulate_two_points(small_experiment(), 4000);
  const auto near = [](const Simulated& s, double exact) {
    EXPECT_NEAR(s.value, exact, 5 * s.standard_error) << s.name;
    EXPECT_LT(s.standard_error, 0.1 * exact) << s.name;
  };
  near(cell.errors[0], std::erfc(1 / std::sqrt(8.0)));
  near(cell.risks[0], theory::two_point_minimax_risk(1, 1));
  near(cell.risks[1], std::erfc(1 / std::sqrt(8.0)) / 2);
  near(cell.risks[2], 1);
  near(cell.risks[3], 8);
  for (const auto& s : cell.risks) EXPECT_GT(s.value, 1.0 / 16) << s.name;
  // Doing nothing, at 1/4, is among what the flow and the ridge may choose.
  for (std::size_t i = 5; i < 7; ++i) EXPECT_LE(cell.risks[i].value, 0.25 + 5 * cell.risks[i].standard_error);
}

dynamics::ClosedForm diagonal(const std::vector<double>& eigenvalues) {
  const auto size = static_cast<Eigen::Index>(eigenvalues.size());
  const numerics::Matrix<double> kernel =
      Eigen::Map<const numerics::Vector<double>>(eigenvalues.data(), size).asDiagonal();
  const std::vector<double> targets(eigenvalues.size(), 1.0);
  return dynamics::ClosedForm(kernel, 1, targets);
}

// Counts from the closed forms of the theory: steps of gradient descent and Chebyshev, rounded up.
TEST(FirstOrderSteps, AreTheFormulasOfTheWorstStart) {
  std::vector<double> eigenvalues;
  for (int i = 0; i <= 300; ++i) eigenvalues.push_back(1 + 399 * i / 300.0);
  const auto steps = measure_steps(diagonal(eigenvalues), "line");
  EXPECT_NEAR(steps.condition_number, 400, 1e-9);
  for (std::size_t a = 0; a < kLossFactors.size(); ++a) {
    EXPECT_EQ(steps.worst[a][0], std::ceil(theory::gd_steps(400, kLossFactors[a])));
    EXPECT_EQ(steps.worst[a][2], std::ceil(theory::chebyshev_steps(400, kLossFactors[a])));
    EXPECT_GE(steps.worst[a][1], steps.worst[a][2]);
    EXPECT_LE(steps.worst[a][3], steps.worst[a][2]);  // conjugate gradients adapt
    // Even spacing leaves the slow end sparse, which helps them; a hard start is found all the same.
    EXPECT_GE(steps.worst[a][3], theory::oracle_steps(400, kLossFactors[a]) / 2);
    for (std::size_t m = 0; m < kFirstOrderMethods.size(); ++m) EXPECT_LE(steps.actual[a][m], steps.worst[a][m]);
  }
}

TEST(FirstOrderSteps, TheWorstQuadraticIsAtTheChebyshevNumber) {
  for (const double kc : {4.0, 1e3, 1e6})
    for (const int k : {1, 5, 40}) {
      const auto least = worst_quadratic(kc, k);
      EXPECT_GE(least.ratio, 1) << kc << " " << k;
      const double exact = std::exp(theory::log_chebyshev_loss(kc, k) - theory::log_oracle_bound(kc, k));
      EXPECT_NEAR(least.ratio / exact, 1, 1e-6) << kc << " " << k << " " << least.method;
    }
}

FirstOrderGap gap(double gd, double accelerated, double scatter) {
  FirstOrderGap e;
  int i = 0;
  for (const double kc : {1e2, 1e3, 1e4, 1e5, 1e6}) {
    KernelSteps kernel;
    kernel.condition_number = kc;
    const double factor = std::exp(++i % 2 == 0 ? scatter : -scatter);
    for (auto* table : {&kernel.worst, &kernel.actual})
      for (auto& row : *table) {
        row.fill(3 * std::pow(kc, accelerated) * factor);
        row[0] = std::pow(kc, gd) * (table == &kernel.worst ? factor : factor * factor);
      }
    e.kernels.push_back(kernel);
  }
  return e;
}

TEST(FirstOrderClaims, FollowTheIntervals) {
  for (const char* id :
       {"gd_exponent", "heavy_ball_exponent", "chebyshev_exponent", "conjugate_gradient_exponent", "gap_on_data"}) {
    const std::string name = std::string("LB.oracle.") + id;
    EXPECT_EQ(verdict_of(claims_of(gap(1, 0.5, 1e-3)), name), Verdict::kSupported) << id;
    EXPECT_EQ(verdict_of(claims_of(gap(0.8, 0.7, 1e-3)), name), Verdict::kNotSupported) << id;
    EXPECT_EQ(verdict_of(claims_of(gap(1, 0.5, 2)), name), Verdict::kInconclusive) << id;
  }
  FirstOrderGap oracle;
  const std::string id = "LB.oracle.worst_quadratic";
  EXPECT_EQ(verdict_of(claims_of(oracle), id), Verdict::kInconclusive);
  oracle.oracle = {{.condition_number = 10, .ratio = 1.2, .k = 3, .method = "any"}};
  EXPECT_EQ(verdict_of(claims_of(oracle), id), Verdict::kSupported);
  oracle.oracle.push_back({.condition_number = 10, .ratio = 0.9, .k = 4, .method = "any"});
  EXPECT_EQ(verdict_of(claims_of(oracle), id), Verdict::kNotSupported);
}

}  // namespace
}  // namespace phaselaw::reproduce
