// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phaselaw/data/dataset.h"
#include "phaselaw/dynamics/parameter_flow.h"
#include "phaselaw/model/transformer.h"
#include "phaselaw/numerics/matrix.h"
#include "phaselaw/sweep/experiment.h"

// One experiment file, prepared for several analyses: its data, its model in double, and the start theta_0 of seed
// `seed`. Training, flow and kernel all start from it, so that their curves can be compared.
namespace phaselaw::analysis {

struct Setting {
  sweep::Experiment experiment;
  base::Value configuration;  // sweep::resolved(experiment)
  data::Split split;          // test set limited to flow.n_test sequences
  model::Transformer<double> model;
  std::vector<double> theta_0;

  explicit Setting(const sweep::Experiment& experiment);

  [[nodiscard]] std::int64_t rows_per_sequence() const { return model.outputs_per_sequence(); }
  [[nodiscard]] bool cross_entropy() const { return experiment.model.reads_tokens(); }
  [[nodiscard]] dynamics::FlowData train() const { return flow_data(split.train); }
  [[nodiscard]] dynamics::FlowData test() const { return flow_data(split.test); }

  // F(theta) = kappa [G(theta) - (1 - epsilon) G(theta_0)] on a set: n L o numbers.
  [[nodiscard]] std::vector<double> outputs(const data::Dataset& set, const std::vector<double>& theta) const;

  // Empty or, for targets with a mean square far from 1, a warning with the number.
  [[nodiscard]] std::string target_warning() const;

  // flow.time, or, if that is "auto", the time of the training: steps * learning_rate.
  [[nodiscard]] double flow_time(double learning_rate) const;

  // How the flow is integrated: [flow]'s tolerances and budget. For relu the flow slides along kinks, where error
  // control only takes ever shorter steps (dynamics/parameter_flow.h); it uses fourth-order steps of `step` instead,
  // which must be below 1.4 n/lambda_max (0: unknown, then by tolerances).
  [[nodiscard]] dynamics::ParameterFlowOptions integration(double step, int threads) const;

  // H(rows, columns) at theta_0, of all trainable parameters. Cost and memory: kernel/planner.h.
  [[nodiscard]] numerics::Matrix<double> kernel() const;                              // train x train
  [[nodiscard]] numerics::Matrix<double> kernel(const data::Dataset& against) const;  // other inputs x train

 private:
  [[nodiscard]] static dynamics::FlowData flow_data(const data::Dataset& set);
};

// Loss = (1/n) ||F - Y||^2 per number: divided by L o. Nats per token are unchanged.
[[nodiscard]] double per_number(const Setting& setting, double loss);

// Mean of (f - y)^2.
[[nodiscard]] double mean_squared(const double* f, const double* y, std::size_t count);

// A positive curve with ascending times >= 0, evaluated at other times: ln value linear in ln t between two points; NaN
// if there is no point with t > 0 before and one at or after.
[[nodiscard]] std::vector<double> log_interpolated(const std::vector<double>& times, const std::vector<double>& values,
                                                   const std::vector<double>& at);

}  // namespace phaselaw::analysis
