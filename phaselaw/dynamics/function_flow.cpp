// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/function_flow.h"

#include <algorithm>
#include <vector>

#include "phaselaw/base/errors.h"
#include "phaselaw/model/loss.h"

namespace phaselaw::dynamics {

namespace {

// df/dt = -H residual(f).
template <class Residual>
numerics::OdeSolution held_flow(const kernel::SymmetricOperator& h, std::span<const double> f_0,
                                std::span<const double> times, const numerics::OdeOptions& options,
                                const numerics::OdeObserver& observer, Residual&& residual) {
  PHASELAW_CHECK_EQ(static_cast<std::int64_t>(f_0.size()), h.size);
  std::vector<double> r(f_0.size());
  const numerics::OdeProblem problem{[&](double, std::span<const double> f, std::span<double> dfdt) {
                                       residual(f, r);
                                       h.apply(r, dfdt);
                                       for (double& v : dfdt) v = -v;
                                     },
                                     f_0, 0};
  return numerics::integrate(problem, times, options, observer);
}

}  // namespace

numerics::OdeSolution held_kernel_flow(const kernel::SymmetricOperator& h, std::span<const double> f_0,
                                       std::span<const double> y, std::int64_t n, std::span<const double> times,
                                       const numerics::OdeOptions& options, const numerics::OdeObserver& observer) {
  PHASELAW_CHECK(n >= 1);
  PHASELAW_CHECK_EQ(y.size(), f_0.size());
  const double rate = 2 / static_cast<double>(n);
  return held_flow(h, f_0, times, options, observer, [&](std::span<const double> f, std::vector<double>& r) {
    for (std::size_t i = 0; i < r.size(); ++i) r[i] = rate * (f[i] - y[i]);
  });
}

numerics::OdeSolution held_kernel_cross_entropy_flow(const kernel::SymmetricOperator& h, std::span<const double> f_0,
                                                     std::span<const std::int32_t> next_tokens,
                                                     std::span<const double> times, const numerics::OdeOptions& options,
                                                     const numerics::OdeObserver& observer) {
  const auto tokens = static_cast<std::int64_t>(next_tokens.size());
  PHASELAW_CHECK(tokens >= 1 && h.size % tokens == 0);
  const std::int64_t classes = h.size / tokens;
  for (const auto y : next_tokens) PHASELAW_CHECK(y >= 0 && y < classes);
  return held_flow(h, f_0, times, options, observer, [&](std::span<const double> f, std::vector<double>& r) {
    static_cast<void>(model::cross_entropy<double>(tokens, classes, f.data(), next_tokens.data(),
                                                   1 / static_cast<double>(tokens), r.data()));
  });
}

numerics::OdeSolution moving_kernel_flow(const model::Transformer<double>& model, std::span<const double> theta_0,
                                         const FlowData& train, std::span<const double> times,
                                         const numerics::OdeOptions& options, int threads,
                                         const numerics::OdeObserver& observer) {
  PHASELAW_CHECK_EQ(static_cast<std::int64_t>(theta_0.size()), model.table().size());
  validate(train, model.options(), "training data");
  FullBatch batch(model, train, theta_0, threads, true);
  const std::size_t p = theta_0.size();
  std::vector<double> state(p + static_cast<std::size_t>(batch.rows()));
  std::copy(theta_0.begin(), theta_0.end(), state.begin());
  static_cast<void>(batch.loss(theta_0, std::span(state).subspan(p)));
  const numerics::OdeProblem problem{[&](double, std::span<const double> y, std::span<double> dydt) {
                                       const auto theta = y.first(p);
                                       const auto velocity = dydt.first(p);
                                       static_cast<void>(batch.gradient_at(theta, y.subspan(p), velocity));
                                       for (double& v : velocity) v = -v;
                                       batch.tangent(theta, velocity, dydt.subspan(p));
                                     },
                                     state, 0};
  return numerics::integrate(problem, times, options, observer);
}

}  // namespace phaselaw::dynamics
