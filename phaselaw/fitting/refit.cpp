// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/refit.h"
#include "phaselaw/base/constants.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {

namespace {
constexpr double kSharpDelta = 1e-6;  // where "least absolute deviations" are smoothed, relative

// The median magnitude; the largest one if most outputs are 0.
double typical_size(std::vector<double> output) {
  for (double& y : output) y = std::abs(y);
  const double middle = numerics::median(output);
  if (middle > 0) return middle;
  const double largest = *std::max_element(output.begin(), output.end());
  return largest > 0 ? largest : 1;
}
}  // namespace

Refitter::Refitter(const LawForm& form, const FitOptions& options) : form_(form) {
  for (const Coordinate& coordinate : form.coordinates()) {
    lower_.push_back(coordinate.lower);
    upper_.push_back(coordinate.upper);
  }
  base_weights_ = options.weights.empty() ? std::vector<double>(form.n_rows(), 1.0) : options.weights;
  const double mean_weight = numerics::mean(base_weights_);
  for (double& weight : base_weights_) weight /= mean_weight;

  raw_ = is_raw(options.objective);
  if (!raw_) form.require_logarithms();
  if (options.objective == Objective::asymmetric) asymmetry_ = options.asymmetry;
  variance_inflation_ = options.variance_inflation;
  if (!options.sd.empty()) {
    for (const double sd : options.sd) row_scale_.push_back(1 / sd);
    const double mean_scale = numerics::mean(row_scale_);
    for (double& scale : row_scale_) scale /= mean_scale;
  }
  const bool squares = options.objective == Objective::l2 || options.objective == Objective::l2_raw;
  options_.loss = squares ? numerics::RobustLoss::none : numerics::RobustLoss::huber;
  options_.delta = options.delta;
  if (options.objective == Objective::l1) options_.delta = kSharpDelta;
  if (options.objective == Objective::l1_raw) options_.delta = kSharpDelta * typical_size(form.data().output);
  problem_.n_parameters = form.coordinates().size();
  problem_.lower = lower_;
  problem_.upper = upper_;
  problem_.evaluate = [this](std::span<const double> theta, std::span<double> residual, std::span<double> jacobian) {
    if (!evaluate(all_rows_ ? std::span<const std::size_t>{} : rows_, theta, residual, jacobian, true,
                  evaluator_workspace_))
      return false;
    for (std::size_t i = 0; i < shift_.size(); ++i) residual[i] += shift_[i];
    return true;
  };
  reset_weights();
}

bool Refitter::evaluate(std::span<const std::size_t> rows, std::span<const double> theta, std::span<double> residual,
                        std::span<double> jacobian, bool asymmetric, laws::EvaluatorWorkspace& workspace) const {
  if (!(raw_ ? form_.values(rows, theta, residual, jacobian, workspace)
             : form_.log_values(rows, theta, residual, jacobian, workspace)))
    return false;
  const std::vector<double>& output = raw_ ? form_.data().output : form_.log_output();
  const std::size_t k = theta.size();
  if (row_scale_.empty() && (asymmetry_ == 1 || !asymmetric)) {
    for (std::size_t i = 0; i < residual.size(); ++i) residual[i] = output[rows.empty() ? i : rows[i]] - residual[i];
    for (double& slope : jacobian) slope = -slope;
    return true;
  }
  for (std::size_t i = 0; i < residual.size(); ++i) {
    const std::size_t row = rows.empty() ? i : rows[i];
    const double r = output[row] - residual[i];
    double scale = row_scale_.empty() ? 1 : row_scale_[row];
    if (asymmetric && r < 0) scale *= asymmetry_;
    residual[i] = scale * r;
    if (jacobian.empty()) continue;
    for (std::size_t j = 0; j < k; ++j) jacobian[i * k + j] *= -scale;
  }
  return true;
}

void Refitter::set_weights(std::span<const double> weights) {
  PHASELAW_CHECK_EQ(weights.size(), form_.n_rows());
  rows_.clear();
  shift_.clear();
  problem_.weights.clear();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double weight = weights[i] * base_weights_[i];
    if (!(weight > 0)) continue;
    rows_.push_back(i);
    problem_.weights.push_back(weight);
  }
  problem_.n_residuals = rows_.size();
  all_rows_ = rows_.size() == form_.n_rows();
}

void Refitter::set_sample(std::span<const std::size_t> rows, std::span<const double> shift) {
  PHASELAW_CHECK(shift.empty() || rows.size() == shift.size());
  rows_.clear();
  shift_.clear();
  problem_.weights.clear();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!(base_weights_[rows[i]] > 0)) continue;
    rows_.push_back(rows[i]);
    if (!shift.empty()) shift_.push_back(shift[i]);
    problem_.weights.push_back(base_weights_[rows[i]]);
  }
  problem_.n_residuals = rows_.size();
  all_rows_ = false;
}

void Refitter::reset_weights() { set_weights(std::vector<double>(form_.n_rows(), 1.0)); }

void Refitter::hold(std::size_t coordinate, double theta) {
  problem_.lower[coordinate] = theta;
  problem_.upper[coordinate] = theta;
}

void Refitter::release() {
  problem_.lower = lower_;
  problem_.upper = upper_;
}

numerics::LeastSquaresResult Refitter::solve(std::span<const double> start, double gradient_tolerance, bool warm) {
  numerics::LeastSquaresOptions options = options_;
  options.gradient_tolerance = gradient_tolerance;
  options.from_afar = !warm;
  return numerics::minimise_small(problem_, start, options, workspace_);
}

numerics::LeastSquaresResult Refitter::polish(std::span<const double> optimum) {
  numerics::LeastSquaresOptions options = options_;
  options.gradient_tolerance = 1e-14;
  options.from_afar = false;
  options.polish = true;
  return numerics::minimise_small(problem_, optimum, options, workspace_);
}

numerics::LeastSquaresResult Refitter::certify(std::span<const double> start) const {
  return numerics::minimise(problem_, start, options_);
}

void Refitter::residuals(std::span<const double> theta, std::span<double> residual, std::span<double> jacobian) const {
  if (!evaluate({}, theta, residual, jacobian, false, evaluator_workspace_))
    std::fill(residual.begin(), residual.end(), base::kNaN);
}

std::vector<double> Refitter::log_residuals(std::span<const double> theta) const {
  std::vector<double> residual(form_.n_rows());
  const bool defined = form_.log_values({}, theta, residual, {}, evaluator_workspace_);
  for (std::size_t i = 0; i < residual.size(); ++i)
    residual[i] = defined ? form_.log_output()[i] - residual[i] : base::kNaN;
  return residual;
}

std::vector<double> Refitter::own_residuals(std::span<const double> theta) const {
  if (!raw_) return log_residuals(theta);
  std::vector<double> residual(form_.n_rows());
  const bool defined = form_.values({}, theta, residual, {}, evaluator_workspace_);
  for (std::size_t i = 0; i < residual.size(); ++i)
    residual[i] = defined ? form_.data().output[i] - residual[i] : base::kNaN;
  return residual;
}

}  // namespace phaselaw::fitting
