// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/refit.h"
#include "phaselaw/base/constants.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>

#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/l1_fit.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {

namespace {
constexpr double kSharpDelta = 1e-6;       // where "least absolute deviations" are smoothed before polish(), relative
constexpr int kCertifyingIterations = 50;  // enough to go on from an optimum that is none
constexpr std::size_t kRowsForThreads = 65536, kRowsOfTurn = 16384;  // a turn takes about a millisecond

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
    for (const double sd : options.sd) error_scale_.push_back(1 / sd);
    const double mean_scale = numerics::mean(error_scale_);
    for (double& scale : error_scale_) scale /= mean_scale;
  }
  set_row_factors(options.row_factors);
  const bool squares = options.objective == Objective::l2 || options.objective == Objective::l2_raw;
  const bool absolute = options.objective == Objective::l1 || options.objective == Objective::l1_raw;
  options_.loss = squares    ? numerics::RobustLoss::none
                  : absolute ? numerics::RobustLoss::absolute
                             : numerics::RobustLoss::huber;
  options_.delta = options.delta.value_or(kPublishedDelta);
  if (options.objective == Objective::l1) options_.delta = kSharpDelta;
  if (options.objective == Objective::l1_raw) options_.delta = kSharpDelta * typical_size(form.data().output);
  if (!raw_ && form.n_rows() >= kRowsForThreads && base::thread_count(options.threads) > 1) {
    team_ = std::make_unique<base::Team>(base::thread_count(options.threads));
    evaluator_workspaces_.resize(static_cast<std::size_t>(team_->size()));
  }
  problem_.team = team_.get();
  problem_.n_parameters = form.coordinates().size();
  problem_.lower = lower_;
  problem_.upper = upper_;
  problem_.evaluate = [this](std::span<const double> theta, std::span<double> residual, std::span<double> jacobian) {
    const std::size_t n = rows_.size();  // after them, the row of attract()
    if (!evaluate(all_rows_ ? std::span<const std::size_t>{} : rows_, theta, residual.first(n),
                  jacobian.empty() ? jacobian : jacobian.first(n * theta.size()), true))
      return false;
    for (std::size_t i = 0; i < shift_.size(); ++i) residual[i] += shift_[i];
    if (quantity_ == nullptr) return true;
    residual[n] = (*quantity_)(theta)-target_;
    if (jacobian.empty()) return std::isfinite(residual[n]);
    gradient_of(*quantity_, theta, lower_, upper_, jacobian.subspan(n * theta.size()));
    return std::isfinite(residual[n]);
  };
  reset_weights();
}

void Refitter::set_cut(double delta) {
  options_.loss = std::isinf(delta) ? numerics::RobustLoss::none : numerics::RobustLoss::huber;
  options_.delta = delta;
}

void Refitter::set_row_factors(std::span<const double> factors) {
  row_scale_ = error_scale_;
  if (factors.empty()) return;
  PHASELAW_CHECK_EQ(factors.size(), form_.n_rows());
  if (row_scale_.empty()) row_scale_.assign(factors.size(), 1.0);
  for (std::size_t i = 0; i < factors.size(); ++i) row_scale_[i] *= factors[i];
}

bool Refitter::evaluate(std::span<const std::size_t> rows, std::span<const double> theta, std::span<double> residual,
                        std::span<double> jacobian, bool asymmetric) const {
  const std::size_t n = residual.size(), k = theta.size();
  if (team_ == nullptr || n <= kRowsOfTurn)
    return evaluate_part({rows, 0, residual, jacobian}, theta, asymmetric, evaluator_workspaces_.front());
  std::atomic<bool> defined{true};
  team_->run(static_cast<std::int64_t>((n + kRowsOfTurn - 1) / kRowsOfTurn), [&](std::int64_t turn, int member) {
    const std::size_t begin = static_cast<std::size_t>(turn) * kRowsOfTurn, count = std::min(kRowsOfTurn, n - begin);
    const Part part{rows.empty() ? rows : rows.subspan(begin, count), begin, residual.subspan(begin, count),
                    jacobian.empty() ? jacobian : jacobian.subspan(begin * k, count * k)};
    if (!evaluate_part(part, theta, asymmetric, evaluator_workspaces_[static_cast<std::size_t>(member)]))
      defined = false;
  });
  return defined;
}

bool Refitter::evaluate_part(const Part& part, std::span<const double> theta, bool asymmetric,
                             laws::EvaluatorWorkspace& workspace) const {
  const auto& [rows, first, residual, jacobian] = part;
  if (!(raw_           ? form_.values(rows, theta, residual, jacobian, workspace)
        : rows.empty() ? form_.log_values_from(first, theta, residual, jacobian, workspace)
                       : form_.log_values(rows, theta, residual, jacobian, workspace)))
    return false;
  const std::vector<double>& output = raw_ ? form_.data().output : form_.log_output();
  const std::size_t k = theta.size();
  if (row_scale_.empty() && (asymmetry_ == 1 || !asymmetric)) {
    for (std::size_t i = 0; i < residual.size(); ++i)
      residual[i] = output[rows.empty() ? first + i : rows[i]] - residual[i];
    for (double& slope : jacobian) slope = -slope;
    return true;
  }
  for (std::size_t i = 0; i < residual.size(); ++i) {
    const std::size_t row = rows.empty() ? first + i : rows[i];
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

void Refitter::attract(const Quantity& quantity, double target, double weight) {
  PHASELAW_CHECK(quantity_ == nullptr);
  quantity_ = &quantity;
  target_ = target;
  if (problem_.weights.empty()) problem_.weights.assign(problem_.n_residuals, 1.0);
  problem_.weights.push_back(weight);
  problem_.n_residuals += 1;
  problem_.n_plain = 1;
}

void Refitter::release() {
  problem_.lower = lower_;
  problem_.upper = upper_;
  if (quantity_ == nullptr) return;
  quantity_ = nullptr;
  problem_.weights.pop_back();
  problem_.n_residuals -= 1;
  problem_.n_plain = 0;
}

numerics::LeastSquaresResult Refitter::solve(std::span<const double> start, double gradient_tolerance, bool warm,
                                             int max_iterations) {
  numerics::LeastSquaresOptions options = options_;
  options.max_iterations = max_iterations;
  options.gradient_tolerance = gradient_tolerance;
  options.from_afar = !warm;
  return numerics::minimise_small(problem_, start, options, workspace_);
}

numerics::LeastSquaresResult Refitter::solve_to(std::span<const double> start, double decrease) {
  numerics::LeastSquaresOptions options = options_;
  options.from_afar = false;
  options.first_damping = 1e-10;
  options.decrease_tolerance = decrease;
  return numerics::minimise_small(problem_, start, options, workspace_);
}

numerics::LeastSquaresResult Refitter::polish(std::span<const double> optimum) {
  numerics::LeastSquaresOptions options = options_;
  options.gradient_tolerance = 1e-14;
  options.from_afar = false;
  options.polish = true;
  numerics::LeastSquaresResult result = numerics::minimise_small(problem_, optimum, options, workspace_);
  if (options.loss != numerics::RobustLoss::absolute) return result;
  const numerics::L1Result exact = numerics::minimise_l1(problem_, result.parameters);
  if (!exact.certified) return result;  // the smoothed optimum
  result.parameters = exact.parameters;
  result.cost = exact.cost;
  result.gradient_norm = exact.stationarity;
  result.iterations += exact.iterations;
  result.status = numerics::LeastSquaresStatus::converged;
  return result;
}

numerics::LeastSquaresResult Refitter::certify(std::span<const double> start) const {
  numerics::LeastSquaresOptions options = options_;
  options.max_iterations = kCertifyingIterations;
  return numerics::minimise(problem_, start, options);
}

numerics::LeastSquaresResult Refitter::measure(std::span<const double> theta) const {
  return numerics::measure_optimum(problem_, theta, options_);
}

void Refitter::residuals(std::span<const double> theta, std::span<double> residual, std::span<double> jacobian) const {
  if (!evaluate({}, theta, residual, jacobian, false)) std::fill(residual.begin(), residual.end(), base::kNaN);
}

std::vector<double> Refitter::log_residuals(std::span<const double> theta) const {
  std::vector<double> residual(form_.n_rows());
  const bool defined = form_.log_values({}, theta, residual, {}, evaluator_workspaces_.front());
  for (std::size_t i = 0; i < residual.size(); ++i)
    residual[i] = defined ? form_.log_output()[i] - residual[i] : base::kNaN;
  return residual;
}

std::vector<double> Refitter::own_residuals(std::span<const double> theta) const {
  if (!raw_) return log_residuals(theta);
  std::vector<double> residual(form_.n_rows());
  const bool defined = form_.values({}, theta, residual, {}, evaluator_workspaces_.front());
  for (std::size_t i = 0; i < residual.size(); ++i)
    residual[i] = defined ? form_.data().output[i] - residual[i] : base::kNaN;
  return residual;
}

void gradient_of(const Refitter::Quantity& quantity, std::span<const double> theta, std::span<const double> lower,
                 std::span<const double> upper, std::span<double> gradient) {
  constexpr double kStep = 1e-4;  // theta is of order 1: logarithms, or floors in units of the loss
  std::array<double, numerics::kMaxSmallParameters> at{};
  std::copy(theta.begin(), theta.end(), at.begin());
  const std::span<const double> moved(at.data(), theta.size());
  for (std::size_t j = 0; j < theta.size(); ++j) {
    const double step = kStep * std::max(1.0, std::abs(theta[j]));
    const double below = std::max(lower[j], theta[j] - step), above = std::min(upper[j], theta[j] + step);
    if (!(above > below)) {
      gradient[j] = 0;
      continue;
    }
    at[j] = above;
    const double high = quantity(moved);
    at[j] = below;
    gradient[j] = (high - quantity(moved)) / (above - below);
    at[j] = theta[j];
  }
}

}  // namespace phaselaw::fitting
