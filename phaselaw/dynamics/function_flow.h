// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "phaselaw/dynamics/full_batch.h"
#include "phaselaw/kernel/symmetric_operator.h"
#include "phaselaw/numerics/ode.h"

// Gradient flow in function space, f = vec F(X) on the training inputs, rows = n L o:
//
//   fixed kernel, squared        df/dt = -(2/n) H (f - y)                   closed form: dynamics/closed_form.h
//   fixed kernel, cross-entropy  df/dt = -H (softmax(f) - e_y) / (n L)      no closed form
//   moving kernel                df/dt = -J(theta) J(theta)^T residual(f),  d theta/dt = -J(theta)^T residual(f)
//
// The moving kernel's f equals F(theta(t)) of parameter_flow in exact arithmetic: both are the same flow, in a second
// implementation (JVP in addition to VJP). residual = dLoss/dF of full_batch.h.
// Cost per right-hand side: one product with H; for the moving kernel 10 n L P flop. Accuracy, errors: numerics/ode.h.
// Source: docs/dynamics.md [T].
namespace phaselaw::dynamics {

// values[i] = f at times[i]. f_0 and y have h.size entries; n >= 1 sequences.
[[nodiscard]] numerics::OdeSolution held_kernel_flow(const kernel::SymmetricOperator& h, std::span<const double> f_0,
                                                     std::span<const double> y, std::int64_t n,
                                                     std::span<const double> times,
                                                     const numerics::OdeOptions& options = {},
                                                     const numerics::OdeObserver& observer = {});

// Cross-entropy, mean nats per token: `next_tokens` has n L classes; h.size / (n L) logits per token.
[[nodiscard]] numerics::OdeSolution held_kernel_cross_entropy_flow(const kernel::SymmetricOperator& h,
                                                                   std::span<const double> f_0,
                                                                   std::span<const std::int32_t> next_tokens,
                                                                   std::span<const double> times,
                                                                   const numerics::OdeOptions& options = {},
                                                                   const numerics::OdeObserver& observer = {});

// The state is (theta, f): n_params + rows numbers, in the solution's values, its state and the observer's argument.
// f starts at F(theta_0).
[[nodiscard]] numerics::OdeSolution moving_kernel_flow(const model::Transformer<double>& model,
                                                       std::span<const double> theta_0, const FlowData& train,
                                                       std::span<const double> times,
                                                       const numerics::OdeOptions& options = {}, int threads = 0,
                                                       const numerics::OdeObserver& observer = {});

}  // namespace phaselaw::dynamics
