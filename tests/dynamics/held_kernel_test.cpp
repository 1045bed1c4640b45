// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "phaselaw/dynamics/closed_form.h"
#include "phaselaw/dynamics/function_flow.h"
#include "phaselaw/numerics/random.h"

namespace phaselaw::dynamics {
namespace {

// The closed form and the integrator share no code but the kernel.
TEST(HeldKernel, ClosedFormAgreesWithTheIntegratedFlow) {
  constexpr std::int64_t kSequences = 5, kRows = 15;
  for (const std::uint64_t seed : {1, 2, 3}) {
    numerics::RandomStream stream(seed, "test/held");
    // Rank 12 of 15 for the last seed: the null part stays.
    const std::int64_t features = seed == 3 ? 12 : 40;
    numerics::Matrix<double> j(kRows, features);
    for (auto& x : j.reshaped()) x = stream.normal() / std::sqrt(static_cast<double>(features));
    const numerics::Matrix<double> h = j * j.transpose();
    std::vector<double> y(kRows), f_0(kRows);
    for (auto& x : y) x = stream.normal();
    for (auto& x : f_0) x = stream.normal();
    const std::vector<double> times = {0.1, 1, 10, 100};
    const ClosedForm closed(h, kSequences, y, f_0);
    const auto exact = closed.outputs(times);
    numerics::OdeOptions options;
    options.relative_tolerance = options.absolute_tolerance = 1e-12;
    const auto flow = held_kernel_flow(kernel::symmetric_operator(h), f_0, y, kSequences, times, options);
    ASSERT_EQ(flow.status, numerics::OdeStatus::finished) << flow.reason;
    EXPECT_LT((flow.values - exact).norm(), 1e-8 * exact.norm());
  }
}

}  // namespace
}  // namespace phaselaw::dynamics
