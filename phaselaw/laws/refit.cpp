// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/refit.h"

#include <cmath>
#include <numeric>

#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::laws {

Refitter::Refitter(const Form& form, const LogData& data, const FitOptions& options) : form_(form), data_(data) {
  for (const Coordinate& coordinate : form.coordinates()) {
    lower_.push_back(coordinate.lower);
    upper_.push_back(coordinate.upper);
  }
  base_weights_ = options.weights.empty() ? std::vector<double>(data.n_rows(), 1.0) : options.weights;
  const double mean_weight = numerics::mean(base_weights_);
  for (double& weight : base_weights_) weight /= mean_weight;

  options_.loss = options.objective == Objective::l2 ? numerics::RobustLoss::none : numerics::RobustLoss::huber;
  options_.delta = options.objective == Objective::l1 ? 1e-6 : options.delta;
  problem_.n_parameters = form.coordinates().size();
  problem_.lower = lower_;
  problem_.upper = upper_;
  problem_.evaluate = [this](std::span<const double> theta, std::span<double> residual, std::span<double> jacobian) {
    const std::size_t k = theta.size();
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const auto gradient = jacobian.empty() ? std::span<double>{} : jacobian.subspan(i * k, k);
      residual[i] = data_.log_loss[rows_[i]] - form_.log_value(data_.row(rows_[i]), theta, gradient);
      for (double& slope : gradient) slope = -slope;
      if (!std::isfinite(residual[i])) return false;
    }
    return true;
  };
  reset_weights();
}

void Refitter::set_weights(std::span<const double> weights) {
  PHASELAW_CHECK_EQ(weights.size(), data_.n_rows());
  rows_.clear();
  problem_.weights.clear();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double weight = weights[i] * base_weights_[i];
    if (!(weight > 0)) continue;
    rows_.push_back(i);
    problem_.weights.push_back(weight);
  }
  problem_.n_residuals = rows_.size();
}

void Refitter::reset_weights() { set_weights(std::vector<double>(data_.n_rows(), 1.0)); }

void Refitter::hold(std::size_t coordinate, double theta) {
  problem_.lower[coordinate] = theta;
  problem_.upper[coordinate] = theta;
}

void Refitter::release() {
  problem_.lower = lower_;
  problem_.upper = upper_;
}

numerics::LeastSquaresResult Refitter::solve(std::span<const double> start, double gradient_tolerance) {
  numerics::LeastSquaresOptions options = options_;
  options.gradient_tolerance = gradient_tolerance;
  return numerics::minimise_small(problem_, start, options, workspace_);
}

numerics::LeastSquaresResult Refitter::certify(std::span<const double> start) const {
  return numerics::minimise(problem_, start, options_);
}

void Refitter::residuals(std::span<const double> theta, std::span<double> residual, std::span<double> jacobian) const {
  const std::size_t k = theta.size();
  for (std::size_t i = 0; i < data_.n_rows(); ++i) {
    const auto gradient = jacobian.empty() ? std::span<double>{} : jacobian.subspan(i * k, k);
    residual[i] = data_.log_loss[i] - form_.log_value(data_.row(i), theta, gradient);
    for (double& slope : gradient) slope = -slope;
  }
}

}  // namespace phaselaw::laws
