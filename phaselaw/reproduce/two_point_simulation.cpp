// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numeric>

#include "phaselaw/analysis/prepared_experiment.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/dynamics/closed_form.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/reproduce/two_point.h"

// The simulation of two_point.h.
namespace phaselaw::reproduce {

namespace {

using numerics::Index;
using numerics::Matrix;
using numerics::Vector;

constexpr Index kDrawsAtOnce = 256;
constexpr std::size_t kGrid = 200;  // stopping times and ridge strengths that are tried

// Of a linear estimator: what it keeps of each mode of the kernel.
using Filter = Vector<double>;

// Means of one quantity over the draws.
class Samples {
 public:
  explicit Samples(std::string name) : name_(std::move(name)) {}
  void add(double value) { values_.push_back(value); }
  [[nodiscard]] Simulated result(double unit) const {
    return {name_, numerics::mean(values_) / unit,
            numerics::standard_deviation(values_) / std::sqrt(static_cast<double>(values_.size())) / unit};
  }

 private:
  std::string name_;
  std::vector<double> values_;
};

Filter best_flow(const dynamics::ClosedForm& problem, const std::vector<double>& truth, double noise) {
  const auto& h = problem.spectrum().eigenvalues;
  const auto n = static_cast<double>(problem.n_data());
  const double slowest = h[static_cast<std::size_t>(problem.rank() - 1)];
  auto times = numerics::log_spaced(1e-3 * n / h[0], 10 * n / slowest, kGrid);
  times.insert(times.begin(), 0);
  const auto risks = problem.excess_risks(times, truth, noise);
  const auto best =
      std::min_element(risks.begin(), risks.end(), [](const auto& a, const auto& b) { return a.total() < b.total(); });
  const double scaled = 2 * times[static_cast<std::size_t>(best - risks.begin())] / n * problem.unit();
  return -(-scaled * problem.scaled_eigenvalues().array()).unaryExpr([](double x) { return std::expm1(x); }).matrix();
}

Filter best_ridge(const dynamics::ClosedForm& problem, const Vector<double>& truth, double noise) {
  const Vector<double>& h = problem.scaled_eigenvalues();
  Filter best = Filter::Zero(h.size());  // an infinite strength
  double lowest = truth.squaredNorm();
  for (const double strength : numerics::log_spaced(1e-3 * h[problem.rank() - 1], 1e4 * h[0], kGrid)) {
    const Filter kept = (h.array() / (h.array() + strength)).matrix();
    const double risk =
        ((1 - kept.array()).square() * truth.array().square()).sum() + noise * noise * kept.squaredNorm();
    if (risk >= lowest) continue;
    lowest = risk;
    best = kept;
  }
  return best;
}

// The direction u: uniform on the sphere.
Vector<double> direction(Index length, numerics::RandomStream& stream) {
  Vector<double> u(length);
  for (double& value : u) value = stream.normal();
  return u / u.norm();
}

// The two targets +-half u, label noise drawn for them, and what each test and each estimator made of it.
class TwoPointTrial {
 public:
  TwoPointTrial(const dynamics::ClosedForm& problem, const Vector<double>& u, double noise)
      : n_(problem.n_data()),
        u_(u),
        noise_(noise),
        half_(noise / (2 * std::sqrt(static_cast<double>(n_)))),
        unit_(noise * noise / static_cast<double>(n_)),
        along_(static_cast<std::size_t>(n_)) {
    std::vector<double> truth(static_cast<std::size_t>(n_ * u.size()));  // F+
    for (std::size_t i = 0; i < truth.size(); ++i) truth[i] = half_ * u[static_cast<Index>(i) % u.size()];
    truth_modes_ = problem.vectors() * Eigen::Map<const Vector<double>>(truth.data(), n_ * u.size());
    filters_[0] = best_flow(problem, truth, noise);
    filters_[1] = best_ridge(problem, truth_modes_, noise);
    for (const char* name : {"likelihood ratio", "shifted threshold", "median of the labels", "half of the labels"})
      errors_.emplace_back(name);
    for (const char* name : {"posterior mean (minimax)", "likelihood-ratio plug-in", "mean of the labels along u",
                             "mean of the labels", "James-Stein", "kernel flow, best stopping", "kernel ridge, best"})
      risks_.emplace_back(name);
  }

  // One draw: the noise of the labels, and its kernel modes.
  void add(const double* label_noise, const double* noise_modes) {
    const Index width = u_.size();
    const Eigen::Map<const Matrix<double>> noises(label_noise, n_, width);
    const Eigen::Map<const Vector<double>> modes(noise_modes, n_ * width);
    const Vector<double> mean_noise = noises.colwise().mean().transpose(), noise_along = noises * u_;
    double wrong[4] = {}, loss[7] = {};
    for (const double sign : {1.0, -1.0}) {
      const Vector<double> mean = mean_noise + sign * half_ * u_;
      const double t = mean.dot(u_);
      for (Index a = 0; a < n_; ++a) along_[static_cast<std::size_t>(a)] = noise_along[a] + sign * half_;
      count_errors(t, sign, wrong);
      add_losses(mean, t, sign, loss);
      for (int i = 0; i < 2; ++i) {
        const auto kept = filters_[i].array();
        const auto off = kept * modes.array() - sign * (1 - kept) * truth_modes_.array();
        loss[5 + i] += off.square().sum() / static_cast<double>(n_) / 2;
      }
    }
    for (std::size_t i = 0; i < errors_.size(); ++i) errors_[i].add(wrong[i]);
    for (std::size_t i = 0; i < risks_.size(); ++i) risks_[i].add(loss[i]);
  }

  [[nodiscard]] TwoPointCell cell(std::int64_t draws) const {
    TwoPointCell cell{.n_data = n_, .draws = draws, .noise = noise_, .errors = {}, .risks = {}};
    for (const auto& samples : errors_) cell.errors.push_back(samples.result(1));
    for (const auto& samples : risks_) cell.risks.push_back(samples.result(unit_));
    return cell;
  }

 private:
  // Tests that take the wrong one of the two targets.
  void count_errors(double t, double sign, double (&wrong)[4]) const {
    const double statistics[] = {
        t, t - half_ / 2, numerics::median(along_),
        std::accumulate(along_.begin(), along_.begin() + std::max<std::ptrdiff_t>(n_ / 2, 1), 0.0)};
    for (int i = 0; i < 4; ++i) wrong[i] += sign * statistics[i] < 0 ? 1 : 0;
  }

  // Squared errors of the estimators that see the mean of the labels alone.
  void add_losses(const Vector<double>& mean, double t, double sign, double (&loss)[7]) const {
    const double on_line[] = {half_ * std::tanh(half_ * t / unit_), half_ * (t < 0 ? -1 : 1), t};
    for (int i = 0; i < 3; ++i) loss[i] += std::pow(on_line[i] - sign * half_, 2) / 2;
    loss[3] += (mean - sign * half_ * u_).squaredNorm() / 2;
    const double shrink = std::max(0.0, 1 - (static_cast<double>(u_.size()) - 2) * unit_ / mean.squaredNorm());
    loss[4] += (shrink * mean - sign * half_ * u_).squaredNorm() / 2;
  }

  const Index n_;
  const Vector<double>& u_;
  const double noise_, half_, unit_;
  Vector<double> truth_modes_;
  Filter filters_[2];
  std::vector<Samples> errors_, risks_;
  std::vector<double> along_;  // the labels along u
};

}  // namespace

TwoPointCell simulate_two_points(const sweep::Experiment& experiment, std::int64_t draws) {
  const analysis::PreparedExperiment prepared(experiment);
  const Index n = prepared.split.train.n, width = prepared.rows_per_sequence(), rows = n * width;
  const double noise = experiment.data.noise;
  numerics::RandomStream stream(static_cast<std::uint64_t>(experiment.seed), "reproduce/two-point",
                                static_cast<std::uint64_t>(n));
  const Vector<double> u = direction(width, stream);
  const std::vector<double> nothing(static_cast<std::size_t>(rows));
  const dynamics::ClosedForm problem(prepared.kernel(), n, nothing);
  TwoPointTrial trial(problem, u, noise);

  Matrix<double> labels(kDrawsAtOnce, rows), modes(kDrawsAtOnce, rows);
  for (std::int64_t done = 0; done < draws; done += kDrawsAtOnce) {
    base::throw_if_interrupted();
    const Index count = std::min<Index>(kDrawsAtOnce, draws - done);
    for (Index k = 0; k < count; ++k)
      for (Index i = 0; i < rows; ++i) labels(k, i) = noise * stream.normal();
    numerics::gemm(numerics::Op::none, numerics::Op::transpose, count, rows, rows, 1.0, labels.data(), rows,
                   problem.vectors().data(), rows, 0.0, modes.data(), rows);
    for (Index k = 0; k < count; ++k) trial.add(labels.row(k).data(), modes.row(k).data());
  }
  return trial.cell(draws);
}

SeparationPoint simulate_separation(double separation, std::int64_t draws, std::uint64_t seed) {
  // In units of xi/sqrt n the mean of the labels along u is N(+-h/2, 1), and nothing else matters.
  numerics::RandomStream stream(seed, "reproduce/separation", static_cast<std::uint64_t>(separation * 1000));
  Samples samples("posterior mean (minimax)");
  const double half = separation / 2;
  for (std::int64_t draw = 0; draw < draws; ++draw) {
    const double z = stream.normal();
    double loss = 0;
    for (const double sign : {1.0, -1.0}) loss += std::pow(half * std::tanh(half * (sign * half + z)) - sign * half, 2);
    samples.add(loss / 2);
  }
  return {separation, samples.result(1)};
}

}  // namespace phaselaw::reproduce
