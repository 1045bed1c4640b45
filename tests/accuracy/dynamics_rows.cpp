// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include <Eigen/Cholesky>

#include "accuracy/rows.h"
#include "dynamics/fixed_kernel.h"
#include "dynamics/risk_cases.h"
#include "phaselaw/dynamics/krylov.h"
#include "phaselaw/dynamics/leave_one_out.h"
#include "phaselaw/kernel/symmetric_operator.h"

namespace phaselaw::accuracy {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kEps = std::numeric_limits<double>::epsilon();
constexpr double kRidge = 0.1;

void see_flow(const testing::FixedKernel& k, Row& flow, Row& krylov) {
  const std::vector<double> times{0, 0.01, 0.3, 2, 20, 100};
  const auto closed = testing::solved(k);
  const numerics::Matrix<double> outputs = closed.outputs(times);
  const auto lanczos = dynamics::krylov_flow(kernel::symmetric_operator(k.train), k.n, testing::view(k.targets),
                                             testing::view(k.initial), times, {1e-10, 0});
  const double size = closed.start().norm();
  for (std::size_t i = 0; i < times.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    const auto residual = testing::flow_by_exponential(k, times[i]).first;
    flow.see((outputs.row(row).transpose() - k.targets - residual).norm() / size);
    krylov.see((lanczos.outputs.row(row) - outputs.row(row)).norm() / size / (lanczos.errors[i] + 1e-12));
  }
}

void see_regression(const testing::FixedKernel& k, Row& row) {
  const auto closed = testing::solved(k);
  const dynamics::TestOutputs test(closed, k.test, testing::view(k.test_initial));
  const numerics::Vector<double> dual = k.train.llt().solve(k.targets - k.initial);
  const std::vector<double> end{kInfinity};
  const numerics::Vector<double> exact = k.test_initial + k.test * dual;
  row.see((test.outputs(end).row(0).transpose() - exact).norm() / exact.norm());
}

void see_refits(const testing::RiskCase& c, std::int64_t n, Row& row) {
  const auto folds = dynamics::leave_one_out_folds(n);
  const auto found = dynamics::leave_out_ridge(c.problem(), kRidge, folds);
  for (const auto& fold : folds) {
    const auto errors = testing::per_sequence(
        testing::refit_errors(c, fold, [](double h, double) { return 1 / (h + kRidge); }), c.rows_per_sequence);
    const double exact = errors.front();
    row.see(std::abs(found.per_sequence[static_cast<std::size_t>(fold.front())] - exact) / exact);
  }
}

}  // namespace

std::vector<Row> dynamics_rows() {
  const std::string over = "20 kernels of 30 rows, half of them singular, 6 times from 0 to 100";
  // The squarings of the second route amplify rounding by 8 ||A||_F, at most 8 * 2 * 100/6 * ||H||_F (about 10).
  Row flow{"f(t) of gradient flow, closed form", "matrix exponential by scaling and squaring", over,
           "difference / norm of f(0) - y", 3e3 * 30 * kEps};
  Row krylov{"f(t) by Krylov, tolerance 1e-10", "closed form", over, "difference / the bound that it states", 1};
  Row regression{"test outputs at t = infinity", "kernel regression by Cholesky", "10 kernels of 32 rows",
                 "difference / norm", 1e-11};
  Row held_out{"leave-one-out risk of ridge regression", "a refit without each sequence", "10 kernels of 7 sequences",
               "difference / risk", 1e-10};
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    for (const std::int64_t parameters : {90, 12})
      see_flow(testing::fixed_kernel(6, 5, parameters, seed), flow, krylov);
    see_regression(testing::fixed_kernel(8, 4, 96, seed), regression);
    see_refits(testing::RiskCase(7, 3, 60, seed), 7, held_out);
  }
  return {flow, krylov, regression, held_out};
}

}  // namespace phaselaw::accuracy
