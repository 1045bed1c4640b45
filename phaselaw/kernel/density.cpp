// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/kernel/density.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include <Eigen/Eigenvalues>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/kernel/lanczos.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::kernel {

namespace {

using Vector = numerics::Vector<double>;

// The mean over probes of `of`, plus a known part.
template <class Of>
Estimate average(const std::vector<SpectralDensity::Probe>& probes, double known, Of&& of) {
  std::vector<double> values;
  values.reserve(probes.size());
  for (const auto& probe : probes) values.push_back(known + of(probe));
  return {numerics::mean(values), numerics::standard_deviation(values) / std::sqrt(static_cast<double>(values.size()))};
}

double moment(const SpectralDensity::Probe& probe, int power) {
  double sum = 0;
  for (std::size_t k = 0; k < probe.nodes.size(); ++k) sum += probe.weights[k] * std::pow(probe.nodes[k], power);
  return probe.squared_norm * sum;
}

double mass_below(const SpectralDensity::Probe& probe, double x) {
  const auto& at = probe.nodes;
  const std::size_t count = at.size();
  double sum = 0;
  for (std::size_t k = 0; k < count; ++k) {
    double below = 0, above = 0;  // the outermost nodes have the same extent as in
    if (!probe.converged[k] && count > 1) {
      below = (k > 0 ? at[k] - at[k - 1] : at[1] - at[0]) / 2;
      above = (k + 1 < count ? at[k + 1] - at[k] : at[k] - at[k - 1]) / 2;
    }
    const double width = below + above;
    sum += probe.weights[k] * (width > 0 ? std::clamp((x - (at[k] - below)) / width, 0.0, 1.0) : (x >= at[k] ? 1 : 0));
  }
  return sum;
}

class Lanczos {
 public:
  Lanczos(const SymmetricOperator& op, const numerics::Matrix<double>& deflated, std::int64_t steps)
      : op_(op), deflated_(deflated), basis_(op.size, steps), product_(op.size) {}

  SpectralDensity::Probe run(Vector probe) {
    project(probe);
    SpectralDensity::Probe result;
    result.squared_norm = probe.squaredNorm();
    const auto steps = basis_.cols();
    Vector diagonal(steps), beside(steps);
    Vector q = probe / probe.norm();
    Eigen::Index made = 0;
    double scale = 0;
    while (made < steps) {
      base::throw_if_interrupted();
      basis_.col(made) = q;
      op_.apply({q.data(), static_cast<std::size_t>(q.size())},
                {product_.data(), static_cast<std::size_t>(product_.size())});
      ++products_;
      if (!product_.allFinite()) throw std::domain_error("spectral_density: a product was NaN or infinite");
      diagonal[made] = q.dot(product_);
      // Two passes suffice (Kahan, Parlett): the basis is then orthogonal to rounding.
      for (int pass = 0; pass < 2; ++pass) {
        const auto known = basis_.leftCols(made + 1);
        product_.noalias() -= known * (known.transpose() * product_).eval();
        project(product_);
      }
      const double norm = product_.norm();
      scale = std::max({scale, std::abs(diagonal[made]), norm});
      beside[made++] = norm;
      // The Krylov space is invariant: the nodes are eigenvalues and the rule is exact.
      if (norm <= static_cast<double>(op_.size) * std::numeric_limits<double>::epsilon() * scale) break;
      q = product_ / norm;
    }
    Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> small;
    small.computeFromTridiagonal(diagonal.head(made), beside.head(made - 1));
    for (Eigen::Index k = 0; k < made; ++k) {
      result.nodes.push_back(small.eigenvalues()[k]);
      result.weights.push_back(std::pow(small.eigenvectors()(0, k), 2));
      // ||H v - theta v|| of the Ritz vector, by the last entry of its coordinates.
      result.converged.push_back(beside[made - 1] * std::abs(small.eigenvectors()(made - 1, k)) <= 1e-6 * scale);
    }
    return result;
  }

  [[nodiscard]] std::int64_t products() const { return products_; }

 private:
  void project(Vector& x) const {
    if (deflated_.rows() > 0) x.noalias() -= deflated_.transpose() * (deflated_ * x).eval();
  }

  const SymmetricOperator& op_;
  const numerics::Matrix<double>& deflated_;
  Eigen::MatrixXd basis_;
  Vector product_;
  std::int64_t products_ = 0;
};

}  // namespace

SpectralDensity::SpectralDensity(std::int64_t size, std::vector<double> exact, std::vector<Probe> probes,
                                 std::int64_t products)
    : size_(size), products_(products), exact_(std::move(exact)), probes_(std::move(probes)) {}

Estimate SpectralDensity::trace() const {
  return average(probes_, numerics::sum(exact_), [](const Probe& p) { return moment(p, 1); });
}

Estimate SpectralDensity::trace_of_square() const {
  double known = 0;
  for (const double h : exact_) known += h * h;
  return average(probes_, known, [](const Probe& p) { return moment(p, 2); });
}

Estimate SpectralDensity::effective_rank() const {
  const double t = trace().value, s = trace_of_square().value;
  if (!(s > 0)) return {0, 0};
  // d(t^2/s) = (2 t/s) dt - (t^2/s^2) ds, probe by probe, which includes the covariance of the two.
  const Estimate slope =
      average(probes_, 0, [&](const Probe& p) { return 2 * t / s * moment(p, 1) - t * t / (s * s) * moment(p, 2); });
  return {t * t / s, slope.standard_error};
}

Estimate SpectralDensity::cdf(double x) const {
  const auto known = static_cast<double>(std::count_if(exact_.begin(), exact_.end(), [&](double h) { return h <= x; }));
  const double rest = static_cast<double>(size_) - static_cast<double>(exact_.size());
  const Estimate sampled = average(probes_, 0, [&](const Probe& p) { return mass_below(p, x); });
  const auto size = static_cast<double>(size_);
  return {(known + rest * sampled.value) / size, rest * sampled.standard_error / size};
}

Estimate SpectralDensity::density(double x, double width) const {
  if (!(width > 0)) throw std::domain_error("density needs width > 0");
  const auto kernel = [&](double h) {
    return std::exp(-0.5 * std::pow((x - h) / width, 2)) / (width * std::sqrt(2 * std::numbers::pi));
  };
  double known = 0;
  for (const double h : exact_) known += kernel(h);
  const double rest = static_cast<double>(size_) - static_cast<double>(exact_.size());
  const Estimate total = average(probes_, known, [&](const Probe& p) {
    double sum = 0;
    for (std::size_t k = 0; k < p.nodes.size(); ++k) sum += p.weights[k] * kernel(p.nodes[k]);
    return rest * sum;
  });
  const auto size = static_cast<double>(size_);
  return {total.value / size, total.standard_error / size};
}

double SpectralDensity::lowest_node() const {
  double lowest = probes_.front().nodes.front();
  for (const auto& probe : probes_) lowest = std::min(lowest, probe.nodes.front());
  return lowest;
}

double SpectralDensity::highest_node() const {
  double highest = exact_.empty() ? probes_.front().nodes.back() : exact_.front();
  for (const auto& probe : probes_) highest = std::max(highest, probe.nodes.back());
  return highest;
}

SpectralDensity spectral_density(const SymmetricOperator& op, const DensityOptions& options) {
  if (op.size < 1 || options.probes < 2 || options.steps < 1 || options.deflate < 0)
    throw std::domain_error("spectral_density needs a non-empty operator, probes >= 2, steps >= 1 and deflate >= 0");
  LargestEigenvalues top;
  LanczosOptions lanczos;
  lanczos.count = std::min(options.deflate, op.size / 4);
  lanczos.tolerance = 1e-6;  // of the vectors; the values are then right to its square
  lanczos.seed = options.seed;
  if (lanczos.count > 0) top = largest_eigenvalues(op, lanczos);
  if (top.status == LanczosStatus::not_finite) throw std::domain_error("spectral_density: " + top.reason);
  const std::int64_t rest = op.size - static_cast<std::int64_t>(top.values.size());
  Lanczos rule(op, top.vectors, std::min(options.steps, rest));
  std::vector<SpectralDensity::Probe> probes;
  for (std::int64_t k = 0; k < options.probes; ++k) {
    numerics::RandomStream stream(options.seed, "kernel/density", static_cast<std::uint64_t>(k));
    Vector probe(op.size);
    for (auto& x : probe) x = stream.sign();
    probes.push_back(rule.run(std::move(probe)));
  }
  return {op.size, top.values, std::move(probes), rule.products() + top.products};
}

}  // namespace phaselaw::kernel
