// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/under_tuned.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include <Eigen/Cholesky>

#include "phaselaw/fitting/law_form.h"
#include "phaselaw/fitting/refit.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {

namespace {

constexpr int kMostRounds = 400;
constexpr double kSettled = 1e-7;                     // largest change of ln likelihood, per row, at the end
constexpr double kMostShare = 0.5, kLeastExcess = 2;  // excess in units of sigma
constexpr double kLeastSigma = 1.0 / 3;               // of the robust scale
constexpr std::size_t kSpareRows = 6;
constexpr double kMostLeverage = 0.99;

double normal_log_density(double z) { return -0.5 * z * z - 0.5 * std::log(2 * std::numbers::pi); }

// ln of the normal distribution function, also far below 0 [T: asymptotic series, relative 1e-3 at -30].
double log_normal_cdf(double z) {
  if (z > -30) return std::log(0.5 * std::erfc(-z / std::numbers::sqrt2));
  return normal_log_density(z) - std::log(-z) + std::log1p(-1 / (z * z));
}

// What is known of one row's excess, given its residual.
struct Hidden {
  double log_density = 0, probability = 0;
  double mean = 0, square = 0;  // of the excess, if under-tuned
};

// r: residual; sigma: its noise; tau: mean excess; share: of under-tuned runs.
Hidden hidden_of(double r, double sigma, double tau, double share) {
  Hidden out;
  const double plain = normal_log_density(r / sigma) - std::log(sigma);
  // Given the row, the excess is normal with mean m and deviation sigma, cut at 0.
  const double m = r - sigma * sigma / tau, z = m / sigma, log_cdf = log_normal_cdf(z);
  const double high = -std::log(tau) + 0.5 * sigma * sigma / (tau * tau) - r / tau + log_cdf;
  const double a = std::log1p(-share) + plain, b = std::log(share) + high, top = std::max(a, b);
  out.log_density = top + std::log(std::exp(a - top) + std::exp(b - top));
  out.probability = std::exp(b - out.log_density);
  const double hazard = std::exp(normal_log_density(z) - log_cdf);
  out.mean = std::max(0.0, m + sigma * hazard);
  out.square = std::max(out.mean * out.mean, m * m + sigma * sigma + m * sigma * hazard);
  return out;
}

struct Mixture {
  std::vector<double> theta;
  double sigma = 0, excess = 0, share = 0.1;
};

class Search {
 public:
  Search(const LawForm& form, const FitOptions& options) : refitter_(form, options), n_(form.n_rows()) {
    for (std::size_t i = 0; i < n_; ++i)
      if (refitter_.weights()[i] > 0) rows_.push_back(i);
    scale_.assign(n_, 1);
    if (!options.sd.empty()) {
      for (std::size_t i = 0; i < n_; ++i) scale_[i] = 1 / options.sd[i];
      const double mean = numerics::mean(scale_);
      for (double& s : scale_) s /= mean;
    }
  }

  [[nodiscard]] std::size_t rows_used() const { return rows_.size(); }
  [[nodiscard]] double spare(std::size_t k) const { return static_cast<double>(rows_.size() - k); }

  // Noise and excess from the residuals of a robust fit.
  Mixture first(std::span<const double> theta) {
    Mixture at{{theta.begin(), theta.end()}, 0, 0, 0.1};
    read(at.theta);
    std::vector<double> size;
    for (const std::size_t i : rows_) size.push_back(std::abs(scale_[i] * residual_[i]));
    at.sigma = 1.4826 * numerics::median(size) * std::sqrt(static_cast<double>(rows_.size()) / spare(at.theta.size()));
    at.sigma = std::max(at.sigma, 1e-12);
    least_sigma_ = kLeastSigma * at.sigma;
    double total = 0, count = 0;
    for (const std::size_t i : rows_)
      if (scale_[i] * residual_[i] > 2.5 * at.sigma) {
        total += residual_[i];
        ++count;
      }
    at.excess = count > 0 ? total / count : 5 * at.sigma;
    return at;
  }

  // ln likelihood, with the hidden excess of every row.
  double expect(const Mixture& at) {
    read(at.theta);
    hidden_.assign(n_, {});
    double total = 0;
    for (const std::size_t i : rows_) {
      hidden_[i] = hidden_of(residual_[i], at.sigma / scale_[i], at.excess, at.share);
      total += refitter_.weights()[i] * hidden_[i].log_density;
    }
    return total;
  }

  // The parameters that are most likely, given the hidden excesses.
  void maximise(Mixture& at) {
    std::vector<double> shift;
    double probable = 0, total = 0, weight = 0;
    for (const std::size_t i : rows_) {
      const double w = refitter_.weights()[i], p = hidden_[i].probability;
      shift.push_back(-scale_[i] * p * hidden_[i].mean);
      probable += w * p;
      total += w * p * hidden_[i].mean;
      weight += w;
    }
    refitter_.set_sample(rows_, shift);
    const numerics::LeastSquaresResult result = refitter_.solve(at.theta, 1e-9, true);
    if (result.status != numerics::LeastSquaresStatus::failed) at.theta = result.parameters;
    read(at.theta);
    double square = 0;
    for (const std::size_t i : rows_) {
      const double r = residual_[i], p = hidden_[i].probability, s = scale_[i];
      square += refitter_.weights()[i] * s * s * (r * r - 2 * r * p * hidden_[i].mean + p * hidden_[i].square);
    }
    at.sigma =
        std::max(least_sigma_, std::sqrt(square / weight * static_cast<double>(rows_.size()) / spare(at.theta.size())));
    at.share = std::clamp(probable / weight, 1e-6, kMostShare);
    at.excess = std::max(kLeastExcess * at.sigma, probable > 0 ? total / probable : 0);
  }

  // ln likelihood of least squares with one normal distribution.
  double one_normal(std::span<const double> theta) {
    refitter_.reset_weights();
    const numerics::LeastSquaresResult result = refitter_.solve(theta, 1e-9, true);
    read(result.parameters.empty() ? std::vector<double>(theta.begin(), theta.end()) : result.parameters);
    double square = 0, weight = 0, total = 0;
    for (const std::size_t i : rows_) {
      square += refitter_.weights()[i] * std::pow(scale_[i] * residual_[i], 2);
      weight += refitter_.weights()[i];
    }
    const double sigma = std::sqrt(square / weight * static_cast<double>(rows_.size()) / spare(theta.size()));
    for (const std::size_t i : rows_) {
      const double own = sigma / scale_[i];
      total += refitter_.weights()[i] * (normal_log_density(residual_[i] / own) - std::log(own));
    }
    return total;
  }

  std::vector<double> covariance(const Mixture& at) {
    const auto k = static_cast<Eigen::Index>(at.theta.size());
    using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    Rows jacobian(static_cast<Eigen::Index>(n_), k), a = Rows::Zero(k, k), b = Rows::Zero(k, k);
    std::vector<double> scaled(n_), curvature(n_);
    refitter_.residuals(at.theta, scaled, {jacobian.data(), static_cast<std::size_t>(jacobian.size())});
    const double s2 = at.sigma * at.sigma;
    for (const std::size_t i : rows_) {
      const double mean = scale_[i] * hidden_[i].probability * hidden_[i].mean;
      const double variance = scale_[i] * scale_[i] * hidden_[i].probability * hidden_[i].square - mean * mean;
      scaled[i] -= mean;
      curvature[i] = refitter_.weights()[i] * (1 / s2 - variance / (s2 * s2));
      const auto row = jacobian.row(static_cast<Eigen::Index>(i));
      a += curvature[i] * row.transpose() * row;
    }
    const Eigen::LDLT<Rows> factor(a);
    if (factor.info() != Eigen::Success || !factor.isPositive() || factor.rcond() < 1e-14) return {};
    const Rows inverse = factor.solve(Rows::Identity(k, k));
    for (const std::size_t i : rows_) {
      const auto row = jacobian.row(static_cast<Eigen::Index>(i));
      const double leverage = std::clamp(curvature[i] * (row * inverse * row.transpose()).value(), 0.0, kMostLeverage);
      b += std::pow(refitter_.weights()[i] * scaled[i] / s2 / (1 - leverage), 2) * row.transpose() * row;
    }
    const Rows all = inverse * b * inverse;
    return {all.data(), all.data() + all.size()};
  }

  [[nodiscard]] const std::vector<Hidden>& hidden() const { return hidden_; }

 private:
  void read(std::span<const double> theta) { residual_ = refitter_.log_residuals(theta); }

  Refitter refitter_;
  std::size_t n_;
  std::vector<std::size_t> rows_;  // with weight
  std::vector<double> scale_, residual_;
  std::vector<Hidden> hidden_;
  double least_sigma_ = 0;
};

}  // namespace

std::optional<UnderTuned> under_tuned(const Fit& fit, const tables::Measurements& data, const FitOptions& options) {
  if (fit.theta.empty() || is_raw(options.objective) || !options.cluster.empty()) return std::nullopt;
  FitOptions squares = options;
  squares.objective = Objective::l2;
  const LawForm form(fit.law, data, fit.fixed, {}, options.room_above(data.output));
  Search search(form, squares);
  const std::size_t k = fit.theta.size();
  if (search.rows_used() < k + kSpareRows) return std::nullopt;
  UnderTuned out;
  Mixture at = search.first(fit.theta);
  double likelihood = search.expect(at);
  const double settled = kSettled * static_cast<double>(search.rows_used());
  while (out.iterations < kMostRounds && !out.converged) {
    search.maximise(at);
    const double next = search.expect(at);
    ++out.iterations;
    out.converged = std::abs(next - likelihood) < settled;
    likelihood = next;
  }
  out.covariance = search.covariance(at);
  for (const Hidden& h : search.hidden()) {
    out.probability.push_back(h.probability);
    out.expected.push_back(h.probability * h.mean);
  }
  out.gain = 2 * (likelihood - search.one_normal(fit.theta));
  out.found = out.gain > 2 * std::log(static_cast<double>(search.rows_used()));
  out.theta = at.theta;
  out.value = form.parameters(at.theta);
  out.sigma = at.sigma;
  out.share = at.share;
  out.excess = at.excess;
  for (std::size_t i = 0; out.found && i < out.probability.size(); ++i)
    if (out.probability[i] > 0.5) out.rows.push_back(i);
  std::stable_sort(out.rows.begin(), out.rows.end(),
                   [&](std::size_t a, std::size_t b) { return out.probability[a] > out.probability[b]; });
  return out;
}

}  // namespace phaselaw::fitting
