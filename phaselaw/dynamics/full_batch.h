// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "phaselaw/model/transformer.h"

// The loss of a model on a whole set as a function of theta, in double, for the flows: each call is one right-hand
// side.
//
//   F(theta) = kappa G(theta; X) + offset,   offset = -kappa (1 - epsilon) G(theta_0; X)
//   squared        Loss = (1/n) ||F - Y||_F^2                        residual 2 (F - Y) / n              [S]
//   cross-entropy  Loss = -(1/(n L)) sum log softmax(F)[y]           residual (softmax(F) - e_y)/(n L)   [T], mean nats
//
// residual = dLoss/dF, so that grad Loss = J^T residual and df/dt = -J J^T residual.
//
// Sequences are divided over threads; partial gradients are added in a fixed order, so results do not depend on
// `threads`. Calls allocate nothing. Cost in products: outputs 2 n L P, gradient 6 n L P, tangent 4 n L P flop. For one
// call at a time; during it, BLAS uses one thread per caller.
namespace phaselaw::dynamics {

// Inputs and their targets, as references: exactly one of `targets` (n L o numbers: squared loss) and `next_tokens`
// (n L classes in 0 .. o-1: cross-entropy) is not empty.
struct FlowData {
  model::Inputs<double> inputs;
  std::span<const double> targets;
  std::span<const std::int32_t> next_tokens;
  [[nodiscard]] bool is_cross_entropy() const { return !next_tokens.empty(); }
};

// InputError if shapes do not fit the model, numbers are not finite or classes are out of range; `name` names the data.
void validate(const FlowData& data, const model::ModelOptions& model, const char* name);

class FullBatch {
 public:
  // Refers to the model and the data. theta_0 defines the offset (used only if init_scale != 1). With keep_activations
  // the memory is that of the whole set's activations, otherwise that of one pass per thread.
  FullBatch(const model::Transformer<double>& model, const FlowData& data, std::span<const double> theta_0,
            int threads = 0, bool keep_activations = false);
  ~FullBatch();
  FullBatch(FullBatch&&) noexcept;
  FullBatch& operator=(FullBatch&&) noexcept;

  [[nodiscard]] std::int64_t rows() const;        // n L o
  [[nodiscard]] std::int64_t parameters() const;  // length of theta and of gradients
  [[nodiscard]] const FlowData& data() const;

  // F(theta) into `outputs` (rows; may be empty); returns Loss.
  double loss(std::span<const double> theta, std::span<double> outputs = {});
  // gradient = grad Loss; zero for frozen blocks. Returns Loss.
  double gradient(std::span<const double> theta, std::span<double> gradient);
  // With the residual at `f` (rows) instead of F(theta): gradient = J(theta)^T residual(f); returns Loss(f). tangent()
  // then refers to theta. Needs keep_activations.
  double gradient_at(std::span<const double> theta, std::span<const double> f, std::span<double> gradient);
  // out (rows) = J(theta) v at the theta of the last gradient_at.
  void tangent(std::span<const double> theta, std::span<const double> v, std::span<double> out);

  // Loss(f), and the residual dLoss/dF at f unless `residual` is empty.
  double loss_at(std::span<const double> f, std::span<double> residual) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace phaselaw::dynamics
