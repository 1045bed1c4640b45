// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/flops.h"

#include "phaselaw/model/backward_plan.h"

namespace phaselaw::model {

namespace {

struct ActivationCost {
  double value, derivative;
};

// Operations of value_of and derivative_of in reference/transformer.h.
ActivationCost activation_cost(Activation activation) {
  switch (activation) {
    case Activation::gelu:
      return {9, 18};
    case Activation::silu:
      return {4, 8};
    case Activation::tanh:
      return {1, 3};
    case Activation::relu:
    case Activation::identity:
      break;
  }
  return {0, 0};
}

}  // namespace

SequenceCost sequence_cost(const ModelOptions& o) {
  const auto rows = static_cast<double>(o.seq_len), d = static_cast<double>(o.d_model);
  const auto m = static_cast<double>(o.d_hidden), outputs = static_cast<double>(o.outputs());
  const auto heads = static_cast<double>(o.n_heads), d_head = static_cast<double>(o.d_head);
  const double width = heads * d_head;
  const double pairs = heads * (o.mask == Mask::causal ? rows * (rows + 1) / 2 : rows * rows);
  const ActivationCost activation = activation_cost(o.activation);
  const BackwardPlan plan{ParameterTable(o)};

  SequenceCost cost;
  double elementwise = 0;
  const auto product = [&](double& total, double out, double in) {  // scale * (row of `in`) -> row of `out`
    total += rows * 2 * out * in;
    total += rows * out;
    elementwise += rows * out;
  };
  const auto other = [&](double& total, double flop) {
    total += flop;
    elementwise += flop;
  };
  const double rms_forward = rows * (3 * d + 4), rms_backward = rows * (6 * d + 1);

  double& forward = cost.forward_flop;
  if (o.reads_tokens()) other(forward, rows * d);
  for (std::int64_t layer = 0; layer < o.n_layers; ++layer) {
    other(forward, 2 * rms_forward);
    for (int i = 0; i < 3; ++i) product(forward, width, d);
    forward += pairs * 4 * d_head;
    other(forward, pairs * 5);
    product(forward, d, width);
    product(forward, m, d);
    other(forward, rows * m * activation.value);
    product(forward, d, m);
    other(forward, rows * 2 * d);  // the two residual sums
  }
  if (o.readout == Readout::identity) other(forward, rows * d);
  if (o.readout == Readout::tokens) other(forward, rms_forward);
  if (o.readout != Readout::identity) product(forward, outputs, d);

  double& backward = cost.backward_flop;
  const auto weight_gradient = [&](double out, double in) {
    backward += out * in * 2 * rows;
    other(backward, out * in * 2);
  };
  if (o.readout == Readout::identity) other(backward, rows * d);
  if (o.readout != Readout::identity) {
    if (plan.out) weight_gradient(outputs, d);
    if (plan.stream) product(backward, d, outputs);
    if (plan.stream && o.readout == Readout::tokens) other(backward, rms_backward);
  }
  for (const LayerPlan& want : plan.layers) {
    if (want.down) weight_gradient(d, m);
    if (want.mlp_core) {
      product(backward, m, d);
      other(backward, rows * m * (1 + activation.derivative));
      if (want.up) weight_gradient(m, d);
      if (want.mlp_input) {
        product(backward, d, m);
        other(backward, rms_backward);
      }
    }
    if (want.o) weight_gradient(d, width);
    if (!want.attention_core) continue;
    product(backward, width, d);
    backward += pairs * 8 * d_head;
    other(backward, pairs * 5);
    for (const bool wanted : {want.q, want.k, want.v})
      if (wanted) weight_gradient(width, d);
    if (!want.attention_input) continue;
    for (int i = 0; i < 3; ++i) product(backward, d, width);
    other(backward, rows * 2 * d + rms_backward);
  }
  if (plan.embed) other(backward, rows * 2 * d);

  cost.products_flop = cost.forward_flop + cost.backward_flop - elementwise;
  return cost;
}

double six_nd(const ModelOptions& o, bool with_embeddings) {
  const ParameterTable table(o);
  return 6.0 * static_cast<double>(with_embeddings ? table.size() : table.n_non_embedding()) *
         static_cast<double>(o.seq_len);
}

}  // namespace phaselaw::model
