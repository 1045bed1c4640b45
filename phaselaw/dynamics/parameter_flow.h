// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/base/constants.h"
#include "phaselaw/dynamics/full_batch.h"
#include "phaselaw/numerics/ode.h"

// The exact gradient flow of the nonlinear model, integrated with error control:
//
//   d theta/dt = -grad Loss(theta),   dLoss/dt = -||grad Loss||^2
//
// Loss as in full_batch.h, over the whole training set. Time is gradient-flow time: GD with step eta is at t = eta k.
// Accuracy: the tolerances bound the local error of theta, by components in the mean square (numerics/ode.h); halve
// them to see their effect on the recorded numbers.
// relu: grad Loss jumps where a pre-activation changes sign, and a flow can be driven onto such a kink from both sides
// and slide along it. No step then meets a tight tolerance (measured at 1 layer, d_hidden = 64: 5,000 right-hand sides
// at tolerance 1e-3, 43,000 at 1e-4, more than 300,000 at 1e-5, for the same drift within 2 %). Use `fixed`, classical
// steps below 2.7/(fastest rate), with a second run at half the step for the error.
// Cost: one full-batch gradient (6 n L P flop) per right-hand side, and one forward pass of train and test set per
// record.
// Source: docs/dynamics.md, Gradient flow [T].
namespace phaselaw::dynamics {

struct FlowRecord {
  double time = 0;
  double train_loss = 0;
  double test_loss = base::kNaN;                    // NaN without test data
  double gradient_norm = 0;                         // ||grad Loss||_2 over all trainable parameters
  std::vector<double> train_outputs, test_outputs;  // F; empty unless requested
};

// Called with each record and theta at that time; false ends the flow (status `stopped`).
using FlowObserver = std::function<bool(const FlowRecord& record, std::span<const double> theta)>;

struct ParameterFlowOptions {
  numerics::OdeOptions ode;                         // keep_values is not used, because theta goes to the observer
  std::optional<numerics::FixedStepOptions> fixed;  // equal steps instead of error control; `ode` is then not used
  bool train_outputs = false, test_outputs = false;
  int threads = 0;  // 0: one per core if the work is large enough
};

struct [[nodiscard]] ParameterFlowResult {
  std::vector<FlowRecord> records;  // one per requested time that was reached
  double time = 0;                  // last time reached, also between requested times
  std::vector<double> theta;        // theta at that time
  std::int64_t steps = 0, rejected_steps = 0, rhs_calls = 0;
  double seconds = 0;
  numerics::OdeStatus status = numerics::OdeStatus::finished;
  std::string reason;
};

// Errors: base::Interrupted on request; InputError for data that do not fit the model; std::domain_error for times and tolerances (numerics/ode.h).
[[nodiscard]] ParameterFlowResult parameter_flow(const model::Transformer<double>& model,
                                                 std::span<const double> theta_0, const FlowData& train,
                                                 const std::optional<FlowData>& test, std::span<const double> times,
                                                 const ParameterFlowOptions& options = {},
                                                 const FlowObserver& observer = {});

}  // namespace phaselaw::dynamics
