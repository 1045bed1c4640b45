// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/refit.h"
#include "phaselaw/base/constants.h"

#include <algorithm>
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
}  // namespace

Refitter::Refitter(const LawForm& form, const FitOptions& options) : form_(form) {
  for (const Coordinate& coordinate : form.coordinates()) {
    lower_.push_back(coordinate.lower);
    upper_.push_back(coordinate.upper);
  }
  base_weights_ = options.weights.empty() ? std::vector<double>(form.n_rows(), 1.0) : options.weights;
  const double mean_weight = numerics::mean(base_weights_);
  for (double& weight : base_weights_) weight /= mean_weight;

  raw_ = options.objective == Objective::l2_raw || options.objective == Objective::l1_raw;
  if (options.objective == Objective::asymmetric) asymmetry_ = options.asymmetry;
  variance_inflation_ = options.variance_inflation;
  if (!options.sd.empty()) {
    for (const double sd : options.sd) row_scale_.push_back(1 / sd);
    const double mean_scale = numerics::mean(row_scale_);
    for (double& scale : row_scale_) scale /= mean_scale;
  }
  const bool squares = options.objective == Objective::l2 || options.objective == Objective::l2_raw;
  const bool absolute = options.objective == Objective::l1 || options.objective == Objective::l1_raw;
  options_.loss = squares    ? numerics::RobustLoss::none
                  : absolute ? numerics::RobustLoss::absolute
                             : numerics::RobustLoss::huber;
  options_.delta = options.delta;
  if (options.objective == Objective::l1) options_.delta = kSharpDelta;
  if (options.objective == Objective::l1_raw)
    options_.delta = kSharpDelta * std::exp(numerics::median(form.log_output()));
  if (form.n_rows() >= kRowsForThreads && base::thread_count(options.threads) > 1) {
    team_ = std::make_unique<base::Team>(base::thread_count(options.threads));
    evaluator_workspaces_.resize(static_cast<std::size_t>(team_->size()));
  }
  problem_.team = team_.get();
  problem_.n_parameters = form.coordinates().size();
  problem_.lower = lower_;
  problem_.upper = upper_;
  problem_.evaluate = [this](std::span<const double> theta, std::span<double> residual, std::span<double> jacobian) {
    if (!evaluate(all_rows_ ? std::span<const std::size_t>{} : rows_, theta, residual, jacobian, true)) return false;
    for (std::size_t i = 0; i < shift_.size(); ++i) residual[i] += shift_[i];
    return true;
  };
  reset_weights();
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
  if (!(rows.empty() ? form_.log_values_from(first, theta, residual, jacobian, workspace)
                     : form_.log_values(rows, theta, residual, jacobian, workspace)))
    return false;
  const std::size_t k = theta.size();
  if (!raw_ && row_scale_.empty() && (asymmetry_ == 1 || !asymmetric)) {
    for (std::size_t i = 0; i < residual.size(); ++i)
      residual[i] = form_.log_output()[rows.empty() ? first + i : rows[i]] - residual[i];
    for (double& slope : jacobian) slope = -slope;
    return true;
  }
  bool finite = true;
  for (std::size_t i = 0; i < residual.size(); ++i) {
    const std::size_t row = rows.empty() ? first + i : rows[i];
    double r = form_.log_output()[row] - residual[i], slope = -1;
    if (raw_) {
      slope = -std::exp(residual[i]);
      r = std::exp(form_.log_output()[row]) + slope;
    }
    double scale = row_scale_.empty() ? 1 : row_scale_[row];
    if (asymmetric && r < 0) scale *= asymmetry_;
    residual[i] = scale * r;
    finite = finite && std::isfinite(r);
    if (jacobian.empty()) continue;
    for (std::size_t j = 0; j < k; ++j) jacobian[i * k + j] *= scale * slope;
  }
  return finite;
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

numerics::LeastSquaresResult Refitter::solve(std::span<const double> start, double gradient_tolerance, bool warm,
                                             int max_iterations) {
  numerics::LeastSquaresOptions options = options_;
  options.max_iterations = max_iterations;
  options.gradient_tolerance = gradient_tolerance;
  options.from_afar = !warm;
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

}  // namespace phaselaw::fitting
