// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/parameter_flow.h"

#include <cmath>

#include "phaselaw/base/errors.h"

namespace phaselaw::dynamics {

ParameterFlowResult parameter_flow(const model::Transformer<double>& model, std::span<const double> theta_0,
                                   const FlowData& train, const std::optional<FlowData>& test,
                                   std::span<const double> times, const ParameterFlowOptions& options,
                                   const FlowObserver& observer) {
  if (static_cast<std::int64_t>(theta_0.size()) != model.table().size())
    throw base::InputError({"weights"}, fmt::format("expected {} parameters for this model, found {}",
                                                    model.table().size(), theta_0.size()));
  validate(train, model.options(), "training data");
  FullBatch train_batch(model, train, theta_0, options.threads);
  std::optional<FullBatch> test_batch;
  if (test) {
    validate(*test, model.options(), "test data");
    test_batch.emplace(model, *test, theta_0, options.threads);
  }
  ParameterFlowResult result;
  result.records.reserve(times.size());
  std::vector<double> gradient(theta_0.size());

  const auto record = [&](double time, std::span<const double> theta) {
    FlowRecord& r = result.records.emplace_back();
    r.time = time;
    if (options.train_outputs) {
      r.train_outputs.resize(static_cast<std::size_t>(train_batch.rows()));
      static_cast<void>(train_batch.loss(theta, r.train_outputs));
    }
    r.train_loss = train_batch.gradient(theta, gradient);
    double squares = 0;
    for (const double g : gradient) squares += g * g;
    r.gradient_norm = std::sqrt(squares);
    if (test_batch) {
      if (options.test_outputs) r.test_outputs.resize(static_cast<std::size_t>(test_batch->rows()));
      r.test_loss = test_batch->loss(theta, r.test_outputs);
    }
    return !observer || observer(r, theta);
  };

  const numerics::OdeProblem problem{[&](double, std::span<const double> theta, std::span<double> velocity) {
                                       static_cast<void>(train_batch.gradient(theta, velocity));
                                       for (double& v : velocity) v = -v;
                                     },
                                     theta_0, 0};
  numerics::OdeSolution solution;
  if (options.fixed) {
    numerics::FixedStepOptions fixed = *options.fixed;
    fixed.keep_values = false;
    solution = numerics::integrate_fixed(problem, times, fixed, record);
  } else {
    numerics::OdeOptions ode = options.ode;
    ode.keep_values = false;
    solution = numerics::integrate(problem, times, ode, record);
  }
  result.time = solution.time;
  result.theta = std::move(solution.state);
  result.steps = solution.steps;
  result.rejected_steps = solution.rejected_steps;
  result.rhs_calls = solution.rhs_calls;
  result.seconds = solution.seconds;
  result.status = solution.status;
  result.reason = std::move(solution.reason);
  return result;
}

}  // namespace phaselaw::dynamics
