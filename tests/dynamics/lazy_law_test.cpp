// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "dynamics/flow_cases.h"
#include "phaselaw/dynamics/function_flow.h"
#include "phaselaw/dynamics/lazy.h"
#include "phaselaw/dynamics/parameter_flow.h"
#include "phaselaw/kernel/spectrum.h"
#include "phaselaw/numerics/statistics.h"

// When is a transformer lazy? The drift of the kernel and the error of the linearised flow over 40 of the fastest time
// scales, L = 4, d_model = 8, n = 4. These are laws of means over initialisations; the suite looks at fewer seeds and
// smaller widths than a study would, which the tolerances allow for.
namespace phaselaw::dynamics {
namespace {

struct Outcome {
  double drift;             // at the end
  double linearised_error;  // the largest ||f - f_lin|| / ||r_0||
};

Outcome follow(model::ModelOptions options, double residual, std::uint64_t seed) {
  options.seq_len = 4;
  options.d_model = 8;
  options.n_heads = 2;
  options.d_head = 4;
  auto c = testing::flow_case(options, 4, seed);
  testing::targets_near_start(c, residual);
  const model::Transformer<double> m(options);
  const auto h = testing::kernel_of(c, c.theta);
  auto copy = h;
  const double fastest =
      kernel::spectrum_in_place<double>(numerics::MatrixView<double>(copy.data(), copy.rows(), copy.cols()))
          .lambda_max *
      2 / 4;
  const auto times = numerics::log_spaced(0.1 / fastest, 40 / fastest, 12);
  ParameterFlowOptions flow;
  flow.train_outputs = true;
  flow.ode.relative_tolerance = flow.ode.absolute_tolerance = 1e-7;
  // Kinks: equal steps, a quarter of the stability limit of the order-4 method at the start.
  if (options.activation == model::Activation::relu) {
    flow.fixed.emplace();
    flow.fixed->step = 0.7 / fastest;
  }
  const auto trained = parameter_flow(m, c.theta, c.data(), std::nullopt, times, flow);
  EXPECT_EQ(trained.status, numerics::OdeStatus::finished) << trained.reason;
  const auto f_0 = testing::outputs_of(c, c.theta);
  const auto lazy = held_kernel_flow(kernel::symmetric_operator(h), f_0, c.targets, c.n, times, flow.ode);
  Outcome run{};
  for (std::size_t k = 0; k < trained.records.size(); ++k) {
    const auto row = lazy.values.row(static_cast<Eigen::Index>(k));
    const std::vector<double> linear(row.data(), row.data() + row.size());
    run.linearised_error = std::max(run.linearised_error, testing::distance(trained.records[k].train_outputs, linear) /
                                                              testing::distance(f_0, c.targets));
  }
  LazyOptions measure;
  measure.drift_norm = false;
  LazyRecorder recorder(options, c.theta, c.data(), std::nullopt, measure);
  run.drift = recorder.record(trained.time, trained.theta).total.drift;
  return run;
}

// Slope of the mean log drift against log width.
double width_slope(model::ModelOptions options, const std::vector<std::int64_t>& widths, std::uint64_t seeds) {
  std::vector<double> x, y;
  for (const auto width : widths) {
    options.d_hidden = width;
    double sum = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed)
      sum += std::log(follow(options, 1, seed).drift) / static_cast<double>(seeds);
    x.push_back(std::log(static_cast<double>(width)));
    y.push_back(sum);
  }
  double xy = 0, xx = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - numerics::mean(x)) * (y[i] - numerics::mean(y));
    xx += (x[i] - numerics::mean(x)) * (x[i] - numerics::mean(x));
  }
  return xy / xx;
}

// One layer, W_down = +-1 fixed: drift like m^-1/2, because kinks change on a share m^-1/2 of the neurons.
TEST(LazyLaw, OneReluLayerGetsLazyWithWidth) {
  model::ModelOptions options;
  options.n_layers = 1;
  options.activation = model::Activation::relu;
  options.trainable = {"mlp.up"};
  options.mlp_down_init = model::DownInit::sign;
  const double slope = width_slope(options, {64, 256, 1024}, 3);
  RecordProperty("slope", std::to_string(slope));
  EXPECT_GE(slope, -0.75);
  EXPECT_LE(slope, -0.40);
}

// Smooth: towards m^-1.
TEST(LazyLaw, OneSmoothLayerGetsLazyWithWidth) {
  model::ModelOptions options;
  options.n_layers = 1;
  options.activation = model::Activation::tanh;
  options.trainable = {"mlp.up", "mlp.down"};
  const double slope = width_slope(options, {32, 128, 512}, 2);
  RecordProperty("slope", std::to_string(slope));
  EXPECT_GE(slope, -1.15);
  EXPECT_LE(slope, -0.65);
}

// Two layers: width does nothing at fixed d_model; the scale of the residual does, in proportion.
TEST(LazyLaw, DepthNeedsASmallResidual) {
  model::ModelOptions options;
  options.n_layers = 2;
  options.activation = model::Activation::tanh;
  options.d_hidden = 64;
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    const Outcome large = follow(options, 0.3, seed), middle = follow(options, 0.1, seed),
                  small = follow(options, 0.03, seed);
    EXPECT_NEAR(large.linearised_error / small.linearised_error, 10, 2);
    EXPECT_NEAR(middle.linearised_error / small.linearised_error, 10.0 / 3, 2.0 / 3);
    EXPECT_NEAR(large.drift / small.drift, 10, 2);
    EXPECT_NEAR(middle.drift / small.drift, 10.0 / 3, 2.0 / 3);
  }
  double ratio = 0;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    options.d_hidden = 32;
    ratio -= std::log(follow(options, 1, seed).drift) / 3;
    options.d_hidden = 256;
    ratio += std::log(follow(options, 1, seed).drift) / 3;
  }
  RecordProperty("width_ratio", std::to_string(std::exp(ratio)));
  // 8 times the width would divide a drift like m^-1/2 by 2.8.
  EXPECT_GE(std::exp(ratio), 0.5);
  EXPECT_LE(std::exp(ratio), 2);
}

}  // namespace
}  // namespace phaselaw::dynamics
