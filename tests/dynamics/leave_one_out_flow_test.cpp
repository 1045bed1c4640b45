// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/leave_one_out_flow.h"

#include <gtest/gtest.h>
#include <Eigen/Dense>

#include "dynamics/risk_cases.h"
#include "phaselaw/base/constants.h"

namespace phaselaw::dynamics {
namespace {

using numerics::Vector;
using testing::RiskCase;

using base::kInfinity;

LeaveOutFlowOptions by(FlowMethod method) {
  LeaveOutFlowOptions options;
  options.method = method;
  return options;
}

// n eigendecompositions: the definition.
std::vector<double> plain(const RiskCase& c, double time, const Folds& folds) {
  const auto n = c.kernel.rows() / c.rows_per_sequence;
  std::vector<double> result(static_cast<std::size_t>(n));
  for (const auto& fold : folds) {
    const double rate = 2 * time / static_cast<double>(n - static_cast<std::int64_t>(fold.size()));
    const auto filter = [&](double h, double floor) {
      if (std::isinf(rate)) return h > floor ? 1 / h : 0.0;
      return std::abs(h) > 1e-300 ? -std::expm1(-rate * h) / h : rate;
    };
    const auto errors = testing::per_sequence(testing::refit_errors(c, fold, filter), c.rows_per_sequence);
    for (std::size_t k = 0; k < fold.size(); ++k) result[static_cast<std::size_t>(fold[k])] = errors[k];
  }
  return result;
}

// Errors e are compared as e^2: |e^2 - e'^2| <= 2 |e| |e - e'| + |e - e'|^2 with |e - e'| <= tolerance residual_rms.
void expect_plain(const RiskCase& c, const std::vector<double>& times, const Folds& folds, FlowMethod method,
                  double tolerance) {
  const LeaveOutFlow found = leave_out_flow(c.problem(), times, folds, by(method));
  ASSERT_EQ(found.at.size(), times.size());
  EXPECT_EQ(found.method, method);
  EXPECT_LE(found.error_estimate, tolerance);
  for (std::size_t t = 0; t < times.size(); ++t) {
    const auto expected = plain(c, times[t], folds);
    for (std::size_t a = 0; a < expected.size(); ++a) {
      const double step = tolerance * c.residual_rms();
      EXPECT_NEAR(found.at[t].per_sequence[a], expected[a], (2 * std::sqrt(expected[a]) + step) * step)
          << "t = " << times[t] << ", sequence " << a;
    }
  }
}

TEST(LeaveOneOutFlow, BothMethodsEqualEigendecompositions) {
  const std::vector<double> times = {0, 1e-3, 0.1, 1, 10, 100, 1000};
  for (const auto method : {FlowMethod::rational, FlowMethod::lanczos}) {
    expect_plain(RiskCase(12, 5, 200, 1), times, leave_one_out_folds(12), method, 1e-8);
    expect_plain(RiskCase(12, 5, 200, 2), times, k_folds(12, 5, 3), method, 1e-8);  // folds of 2 and 3
    expect_plain(RiskCase(40, 1, 100, 3), times, leave_one_out_folds(40), method, 1e-8);
    expect_plain(RiskCase(2, 4, 30, 4), times, leave_one_out_folds(2), method, 1e-8);
  }
}

TEST(LeaveOneOutFlow, LateTimesAndInfinity) {
  // The pseudo-inverse amplifies rounding by the condition number, about 1e3 here.
  const std::vector<double> times = {1e5, kInfinity};
  expect_plain(RiskCase(8, 4, 200, 5), times, leave_one_out_folds(8), FlowMethod::rational, 1e-8);
  expect_plain(RiskCase(8, 4, 200, 5), times, k_folds(8, 3, 0), FlowMethod::rational, 1e-8);
  expect_plain(RiskCase(8, 4, 200, 5), {kInfinity, 1.0}, leave_one_out_folds(8), FlowMethod::lanczos, 1e-8);
}

TEST(LeaveOneOutFlow, SingularKernels) {
  // Rank 14 of 32, also below the 28 rows that are trained on; rank 30: singular only together with the left-out rows.
  for (const Eigen::Index rank : {14, 30}) {
    const RiskCase c(8, 4, rank, 6);
    expect_plain(c, {0.5, 50, 1e5, kInfinity}, leave_one_out_folds(8), FlowMethod::rational, 1e-8);
    expect_plain(c, {0.5, 50}, leave_one_out_folds(8), FlowMethod::lanczos, 1e-8);
  }
  const double extremes[] = {0, 1e-310, 1e300, kInfinity};
  const auto found = leave_one_out_flow(RiskCase(8, 4, 14, 6).problem(), extremes).at;
  EXPECT_EQ(found[0].mean, found[1].mean);
  EXPECT_EQ(found[2].mean, found[3].mean);
  RiskCase zero(4, 3, 5, 7);
  zero.kernel.setZero();
  for (const auto method : {FlowMethod::rational, FlowMethod::lanczos})
    expect_plain(zero, {0, 1, kInfinity}, leave_one_out_folds(4), method, 1e-8);
}

TEST(LeaveOneOutFlow, ARepeatedSequenceIsKnownInTheEnd) {
  RiskCase c(6, 2, 40, 8);
  c.kernel.middleRows(10, 2) = c.kernel.middleRows(8, 2).eval();
  c.kernel.middleCols(10, 2) = c.kernel.middleCols(8, 2).eval();
  c.targets.tail(2) = c.targets.segment(8, 2).eval();
  c.outputs.tail(2) = c.outputs.segment(8, 2).eval();
  const double times[] = {0, 1, kInfinity};
  const auto found = leave_one_out_flow(c.problem(), times).at;
  for (const std::size_t a : {4U, 5U}) {
    EXPECT_LE(found[2].per_sequence[a], 1e-16 * found[0].per_sequence[a]);
    EXPECT_LT(found[1].per_sequence[a], found[0].per_sequence[a]);
  }
  for (const auto& risk : found) EXPECT_TRUE(std::isfinite(risk.mean));
}

TEST(LeaveOneOutFlow, TwoNumbersByHandAndTheSlopeAtZero) {
  RiskCase c(2, 1, 1, 1);
  c.kernel << 2, 1, 1, 3;
  c.targets << 5, 7;
  c.outputs.setZero();
  const double times[] = {0.1, 1e-6};
  for (const auto method : {FlowMethod::rational, FlowMethod::lanczos}) {
    const auto found = leave_one_out_flow(c.problem(), times, by(method)).at;
    const double f0 = 7 * (1 - std::exp(-2 * 3 * 0.1)) / 3;  // n - 1 = 1
    EXPECT_NEAR(found[0].per_sequence[0], (5 - f0) * (5 - f0), 1e-9);
    // df_0/dt = 2 H_01 y_1 = 14; second order in t is 2 * 3 * 14 / 2 * 1e-12.
    EXPECT_NEAR(std::sqrt(found[1].per_sequence[0]), 5 - 14e-6, 1e-9);
  }
}

TEST(LeaveOneOutFlow, MethodsAgreeOnATransformerKernelAndCleanTargetsGiveExcessRisk) {
  RiskCase c = testing::transformer_case(6, 64, 1);
  const double unit = 6 / c.kernel.diagonal().mean();
  const std::vector<double> times = {0.01 * unit, unit, 100 * unit};
  const auto rational = leave_one_out_flow(c.problem(), times, by(FlowMethod::rational));
  const auto lanczos = leave_one_out_flow(c.problem(), times, by(FlowMethod::lanczos));
  const auto automatic = leave_one_out_flow(c.problem(), times);
  LeaveOutFlowOptions little = by(FlowMethod::lanczos);
  little.memory_limit = 1;  // one fold at a time
  const auto one_by_one = leave_one_out_flow(c.problem(), times, little);
  EXPECT_EQ(lanczos.handed_over, 0);
  for (std::size_t t = 0; t < times.size(); ++t) {
    EXPECT_NEAR(lanczos.at[t].mean, rational.at[t].mean, 1e-8 * rational.at[t].mean);
    EXPECT_NEAR(automatic.at[t].mean, rational.at[t].mean, 1e-8 * rational.at[t].mean);
    EXPECT_NEAR(one_by_one.at[t].mean, lanczos.at[t].mean, 1e-9 * lanczos.at[t].mean);
  }
  // Errors against targets that the prediction does not see: shifting both y and them leaves nothing to f.
  c.clean = c.targets;
  EXPECT_EQ(leave_one_out_flow(c.problem(), times, by(FlowMethod::rational)).at[1].mean, rational.at[1].mean);
  c.clean.array() += 0.5;
  double expected = 0;
  const auto folds = leave_one_out_folds(6);
  for (const auto& fold : folds) {
    const auto errors = testing::refit_errors(
        c, fold, [&](double h, double) { return h != 0 ? -std::expm1(-2 * times[1] * h / 5) / h : 2 * times[1] / 5; });
    expected += (errors.array() + 0.5).square().mean() / 6;
  }
  EXPECT_NEAR(leave_one_out_flow(c.problem(), times, by(FlowMethod::rational)).at[1].mean, expected, 1e-8 * expected);
}

TEST(LeaveOneOutFlow, ZeroTargetsAndHandingOver) {
  RiskCase c(6, 3, 40, 9);
  // A spectrum and a time that no Krylov space of half the size resolves.
  const double late[] = {1e7};
  const auto found = leave_one_out_flow(c.problem(), late, by(FlowMethod::lanczos));
  EXPECT_EQ(found.handed_over + (found.krylov_steps < 16 ? 6 : 0), 6);
  const auto expected = plain(c, 1e7, leave_one_out_folds(6));
  for (std::size_t a = 0; a < 6; ++a) EXPECT_NEAR(found.at[0].per_sequence[a], expected[a], 1e-7 * (1 + expected[a]));
  c.targets = c.outputs;
  const double times[] = {0, 1, kInfinity};
  for (const auto method : {FlowMethod::rational, FlowMethod::lanczos})
    for (const auto& risk : leave_one_out_flow(c.problem(), times, by(method)).at) EXPECT_EQ(risk.mean, 0);
}

TEST(LeaveOneOutFlow, BadInput) {
  const RiskCase c(4, 2, 20, 6);
  const auto message = [&](const std::vector<double>& times) {
    return testing::message_of<base::InputError>([&] { (void)leave_one_out_flow(c.problem(), times); });
  };
  EXPECT_NE(message({}).find("times: expected at least one"), std::string::npos);
  EXPECT_NE(message({1, -1}).find("found -1"), std::string::npos);
  EXPECT_NE(message({std::nan("")}).find("found nan"), std::string::npos);
  const double times[] = {1};
  EXPECT_THROW((void)leave_one_out_flow(RiskCase(1, 2, 20, 6).problem(), times), base::InputError);
  LeaveOutFlowOptions options;
  options.tolerance = 0;
  EXPECT_THROW((void)leave_one_out_flow(c.problem(), times, options), base::InputError);
}

}  // namespace
}  // namespace phaselaw::dynamics
