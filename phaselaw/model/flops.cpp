// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/model/flops.h"

#include "phaselaw/model/parameters.h"

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

SequenceCost sequence_cost(const ModelOptions& o) { return sequence_cost(o, BackwardPlan(ParameterTable(o))); }

SequenceCost sequence_cost(const ModelOptions& o, const BackwardPlan& plan) {
  const auto rows = static_cast<double>(o.seq_len), d = static_cast<double>(o.d_model);
  const auto m = static_cast<double>(o.d_hidden), outputs = static_cast<double>(o.outputs());
  const auto heads = static_cast<double>(o.n_heads), d_head = static_cast<double>(o.d_head);
  const double width = heads * d_head, kv_width = static_cast<double>(o.kv_heads()) * d_head;
  const double pairs = heads * (o.mask == Mask::causal ? rows * (rows + 1) / 2 : rows * rows);
  const ActivationCost activation = activation_cost(o.activation);
  const bool gated = o.mlp == Mlp::gated, centred = o.norm == Norm::layernorm;

  SequenceCost cost;
  double elementwise = 0;
  double &forward = cost.forward_flop, &backward = cost.backward_flop;
  const auto other = [&](double& total, double flop) {
    total += flop;
    elementwise += flop;
  };
  const auto product = [&](double& total, double out, double in) {  // scale * (row of `in`) -> row of `out`
    total += rows * 2 * out * in;
    other(total, rows * out);
  };
  const auto weight_gradient = [&](bool wanted, double out, double in) {
    if (!wanted) return;
    backward += out * in * 2 * rows;
    other(backward, out * in * 2);
  };
  const auto bias_gradient = [&](bool wanted, double size) {
    if (wanted) other(backward, size * (rows + 2));
  };
  // W x + bias, and its gradients.
  const auto linear = [&](double out, double in) {
    product(forward, out, in);
    if (o.linear_bias) other(forward, rows * 2 * out);
  };
  const auto gradients = [&](bool wanted, bool bias_wanted, double out, double in) {
    weight_gradient(wanted, out, in);
    bias_gradient(bias_wanted, out);
  };
  const double norm_forward =
      rows * ((centred ? 5 * d + 5 : 3 * d + 4) + (o.norm_gain ? d : 0) + (o.norm_bias ? d : 0));
  const double norm_backward = rows * ((centred ? 8 * d + 2 : 6 * d + 1) + (o.norm_gain ? d : 0));
  const auto norm_gradients = [&](bool gain, bool bias, bool input) {
    if (gain) other(backward, d * (2 * rows + 1));
    bias_gradient(bias, d);
    if (input) other(backward, norm_backward);
  };
  const double rotation = o.positions == Positions::rotary ? rows * 3 * (width + kv_width) : 0;

  if (o.learns_positions()) other(forward, rows * d);
  for (std::int64_t layer = 0; layer < o.n_layers; ++layer) {
    other(forward, 2 * norm_forward);
    linear(width, d);
    linear(kv_width, d);
    linear(kv_width, d);
    other(forward, rotation);
    forward += pairs * 4 * d_head;
    other(forward, pairs * 5);
    linear(d, width);
    linear(m, d);
    if (gated) linear(m, d);
    other(forward, rows * m * (activation.value + (gated ? 1 : 0)));
    linear(d, m);
    other(forward, rows * 2 * d);  // the two residual sums
  }
  if (o.readout == Readout::identity) other(forward, rows * d);
  if (o.readout == Readout::tokens) other(forward, norm_forward);
  if (o.readout != Readout::identity) product(forward, outputs, d);

  if (o.readout == Readout::identity) {
    other(backward, rows * d);
  } else {
    weight_gradient(plan.out, outputs, d);
    if (plan.normal) product(backward, d, outputs);
    norm_gradients(plan.final_gain, plan.final_bias, plan.stream && o.readout == Readout::tokens);
  }
  for (const LayerPlan& want : plan.layers) {
    gradients(want.down, want.down_bias, d, m);
    if (want.mlp_core) {
      product(backward, m, d);
      other(backward, rows * m * (activation.derivative + (gated ? 3 : 1)));
      gradients(want.up, want.up_bias, m, d);
      gradients(want.gate, want.gate_bias, m, d);
      if (want.mlp_normal) {
        product(backward, d, m);
        if (gated) {
          product(backward, d, m);
          other(backward, rows * d);
        }
        norm_gradients(want.mlp_gain, want.mlp_bias, want.mlp_input);
      }
    }
    gradients(want.o, want.o_bias, d, width);
    if (!want.attention_core) continue;
    product(backward, width, d);
    backward += pairs * 8 * d_head;
    other(backward, pairs * 5 + rotation);
    gradients(want.q, want.q_bias, width, d);
    gradients(want.k, want.k_bias, kv_width, d);
    gradients(want.v, want.v_bias, kv_width, d);
    if (!want.attention_normal) continue;
    product(backward, d, width);
    product(backward, d, kv_width);
    product(backward, d, kv_width);
    other(backward, rows * 2 * d);
    norm_gradients(want.attention_gain, want.attention_bias, want.attention_input);
  }
  if (plan.embed) other(backward, rows * d * (o.learns_positions() ? 2 : 1));

  cost.products_flop = cost.forward_flop + cost.backward_flop - elementwise;
  return cost;
}

double six_nd(const ModelOptions& o, bool with_embeddings) {
  const ParameterTable table(o);
  return 6.0 * static_cast<double>(with_embeddings ? table.size() : table.n_non_embedding()) *
         static_cast<double>(o.seq_len);
}

}  // namespace phaselaw::model
