// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/analysis/prepared_experiment.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/format.h"
#include "phaselaw/kernel/kernel.h"

namespace phaselaw::analysis {

namespace {

model::Inputs<double> inputs_of(const data::Dataset& set) {
  model::Inputs<double> inputs;
  inputs.n = set.n;
  if (set.tokens.empty())
    inputs.vectors = set.x.data();
  else
    inputs.tokens = set.tokens.data();
  return inputs;
}

data::Split split_of(const sweep::Experiment& e) {
  data::DataOptions options = e.data;
  options.n_test = std::min(e.data.n_test, e.flow.n_test);
  auto split = data::make_split(options, e.model, static_cast<std::uint64_t>(e.seed));
  if (!split.train.scores_every_position() || !split.test.scores_every_position())
    throw base::InputError(
        {"data.source"},
        fmt::format(
            "the flow needs a target at every position, but source = \"{}\" leaves some without; choose another "
            "source, or use train or sweep",
            base::enum_to_text(e.data.source)));
  return split;
}

}  // namespace

PreparedExperiment::PreparedExperiment(const sweep::Experiment& e)
    : experiment(e),
      configuration(sweep::resolved(e)),
      split(split_of(e)),
      model(e.model),
      theta_0(model::initialise<double>(model.table(), static_cast<std::uint64_t>(e.seed))) {}

dynamics::FlowData PreparedExperiment::flow_data(const data::Dataset& set) {
  dynamics::FlowData data;
  data.inputs = inputs_of(set);
  data.targets = set.y;
  data.next_tokens = set.next_tokens;
  return data;
}

std::vector<double> PreparedExperiment::outputs(const data::Dataset& set, const std::vector<double>& theta) const {
  dynamics::FullBatch batch(model, flow_data(set), theta_0);
  std::vector<double> f(static_cast<std::size_t>(batch.rows()));
  (void)batch.loss(theta, f);
  return f;
}

double PreparedExperiment::flow_time(double learning_rate) const {
  const auto& time = experiment.flow.time;
  return time.is_word() ? static_cast<double>(experiment.training.steps) * learning_rate : time.value;
}

std::string PreparedExperiment::target_warning() const {
  const double power = split.target_power;
  if (cross_entropy() || power == 0 || (power > 0.01 && power < 100)) return {};
  return fmt::format("targets are not normalised: their mean square is {}, so losses and risks are in its units",
                     base::format_number(power));
}

static_assert(dynamics::kSmallestTolerance == numerics::kSmallestRelativeTolerance);

dynamics::ParameterFlowOptions PreparedExperiment::integration(double step, int threads) const {
  const auto& options = experiment.flow;
  dynamics::ParameterFlowOptions flow;
  flow.ode.relative_tolerance = options.rtol;
  flow.ode.absolute_tolerance = options.atol;
  flow.ode.budget.max_seconds = options.budget;
  flow.threads = threads;
  if (experiment.model.activation == model::Activation::relu && step > 0) {
    flow.fixed.emplace();
    flow.fixed->step = step;
    flow.fixed->budget = flow.ode.budget;
    flow.fixed->keep_values = false;
  }
  return flow;
}

numerics::Matrix<double> PreparedExperiment::kernel() const {
  return std::move(kernel::dense_kernel<double>(model, theta_0, inputs_of(split.train), kernel::KernelOptions{}).total);
}

numerics::Matrix<double> PreparedExperiment::kernel(const data::Dataset& against) const {
  return std::move(
      kernel::dense_kernel<double>(model, theta_0, inputs_of(against), inputs_of(split.train), kernel::KernelOptions{})
          .total);
}

double per_number(const PreparedExperiment& s, double loss) {
  return s.cross_entropy() ? loss : loss / static_cast<double>(s.rows_per_sequence());
}

double mean_squared(const double* f, const double* y, std::size_t count) {
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += (f[i] - y[i]) * (f[i] - y[i]);
  return sum / static_cast<double>(count);
}

std::vector<double> log_interpolated(const std::vector<double>& times, const std::vector<double>& values,
                                     const std::vector<double>& at) {
  constexpr double kSameTime = 1 - 1e-9;
  std::vector<double> read;
  for (const double t : at) {
    const auto j =
        static_cast<std::size_t>(std::lower_bound(times.begin(), times.end(), t * kSameTime) - times.begin());
    if (j < times.size() && times[j] > 0 && std::abs(times[j] / t - 1) <= 1 - kSameTime) {
      read.push_back(values[j]);
    } else if (j == 0 || j == times.size() || times[j - 1] <= 0) {
      read.push_back(base::kNaN);
    } else {
      const double share = std::log(t / times[j - 1]) / std::log(times[j] / times[j - 1]);
      read.push_back(std::exp((1 - share) * std::log(values[j - 1]) + share * std::log(values[j])));
    }
  }
  return read;
}

}  // namespace phaselaw::analysis
