// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <Eigen/Eigenvalues>

#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/team.h"
#include "phaselaw/dynamics/leave_one_out_methods.h"
#include "phaselaw/numerics/gemm.h"

namespace phaselaw::dynamics::leave_one_out_methods {

namespace {

using Index = Eigen::Index;
using numerics::Matrix;
using numerics::Vector;

constexpr Index kStepsBetweenChecks = 8;

double flow_function(double h, double rate) {
  // (1 - exp(-rate h)) / h; rounding can make a Ritz value of a semi-definite kernel negative.
  return h * rate > 1e-300 ? -std::expm1(-rate * h) / h : rate;
}

// The Krylov space of one fold, H_{-a,-a} started at the residual on -a, and its products with the fold's rows.
class FoldSpace {
 public:
  FoldSpace(const SequenceProblem& problem, const std::vector<std::int64_t>& fold, const Vector<double>& residual,
            std::span<const double> times, Index capacity)
      : rows_(rows_of(fold, problem.rows_per_sequence)),
        basis_(capacity, residual.size()),
        seen_(capacity, static_cast<Index>(rows_.size())),
        next_(residual) {
    next_(rows_).setZero();
    norm_ = next_.norm();
    scale_ = residual.norm() / std::sqrt(static_cast<double>(residual.size()));
    const double trained_on = static_cast<double>(problem.n_sequences()) - static_cast<double>(fold.size());
    for (const double t : times) rates_.push_back(2 * t / trained_on);
    predictions_ = Matrix<double>::Zero(static_cast<Index>(times.size()), static_cast<Index>(rows_.size()));
    if (norm_ > 0)
      next_ /= norm_;
    else
      finished_ = true;
  }

  [[nodiscard]] bool finished() const { return finished_; }
  [[nodiscard]] double error() const { return error_; }
  [[nodiscard]] Index steps() const { return static_cast<Index>(diagonal_.size()); }
  [[nodiscard]] const Vector<double>& vector() const { return next_; }  // of unit length, zero on the fold
  [[nodiscard]] const std::vector<std::int64_t>& rows() const { return rows_; }
  [[nodiscard]] const Matrix<double>& predictions() const { return predictions_; }  // times x rows of the fold

  // Takes H times vector() and computes the next vector of the basis.
  void extend(Eigen::Ref<const Vector<double>> product, double tolerance) {
    const Index k = steps();
    if (k == basis_.rows()) {
      basis_.conservativeResize(2 * k, Eigen::NoChange);
      seen_.conservativeResize(2 * k, Eigen::NoChange);
    }
    basis_.row(k) = next_.transpose();
    seen_.row(k) = product(rows_).transpose();
    next_ = product;
    next_(rows_).setZero();
    diagonal_.push_back(basis_.row(k).dot(next_));
    double norm = next_.norm();
    largest_ = std::max(largest_, norm);
    // Two passes suffice (Kahan, Parlett), and one if little was removed.
    for (int pass = 0; pass < 2; ++pass) {
      const auto known = basis_.topRows(k + 1);
      next_.noalias() -= known.transpose() * (known * next_).eval();
      const double before = norm;
      if ((norm = next_.norm()) > 0.5 * before && pass == 0 && k > 0) break;
    }
    // The space is invariant, so the result is exact.
    const bool invariant =
        norm <= static_cast<double>(next_.size()) * std::numeric_limits<double>::epsilon() * largest_;
    if (invariant || steps() % kStepsBetweenChecks == 0) check(invariant, tolerance);
    beside_.push_back(norm);
    if (!finished_) next_ /= norm;
  }

  void check(bool exact, double tolerance) {
    const Index k = steps();
    Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> small;
    small.computeFromTridiagonal(Eigen::Map<const Eigen::VectorXd>(diagonal_.data(), k),
                                 Eigen::Map<const Eigen::VectorXd>(beside_.data(), k - 1));
    Matrix<double> coefficients(predictions_.rows(), k);
    for (Index t = 0; t < coefficients.rows(); ++t) {
      const double rate = rates_[static_cast<std::size_t>(t)];
      const Eigen::VectorXd values = small.eigenvalues().unaryExpr([&](double h) { return flow_function(h, rate); });
      coefficients.row(t) =
          norm_ * (small.eigenvectors() * (values.array() * small.eigenvectors().row(0).transpose().array()).matrix())
                      .transpose();
    }
    const Matrix<double> now = coefficients * seen_.topRows(k);
    const double root = std::sqrt(static_cast<double>(rows_.size()));
    error_ = exact ? 0 : (now - predictions_).rowwise().norm().maxCoeff() / (root * (scale_ > 0 ? scale_ : 1.0));
    predictions_ = now;
    finished_ = exact || (k > kStepsBetweenChecks && error_ <= tolerance);
  }

 private:
  std::vector<std::int64_t> rows_;
  Matrix<double> basis_, seen_;
  Vector<double> next_;
  double norm_ = 0, scale_ = 0, largest_ = 0, error_ = 0;
  std::vector<double> rates_, diagonal_, beside_;
  Matrix<double> predictions_;
  bool finished_ = false;
};

// One step of every unfinished space: their products are one GEMM.
void step(const SequenceProblem& problem, base::Team& team, std::vector<FoldSpace*>& open, double tolerance,
          Matrix<double>& vectors, Matrix<double>& products) {
  const Index m = problem.rows(), count = static_cast<Index>(open.size());
  for (Index f = 0; f < count; ++f) vectors.row(f) = open[static_cast<std::size_t>(f)]->vector().transpose();
  numerics::gemm<double>(numerics::Op::none, numerics::Op::none, count, m, m, 1.0, vectors.data(), m,
                         problem.kernel.data(), m, 0.0, products.data(), m);
  {
    const numerics::OneBlasThread one;
    team.run(count,
             [&](Index f, int) { open[static_cast<std::size_t>(f)]->extend(products.row(f).transpose(), tolerance); });
  }
  std::erase_if(open, [](const FoldSpace* space) { return space->finished(); });
}

}  // namespace

double expected_krylov_steps(double span, double tolerance) {
  // Hochbruck and Lubich 1997: error <= 10 exp(-4 k^2 / (5 span)) while k <= span / 2; beyond it decays faster still.
  return std::sqrt(1.25 * span * std::log(10 / std::min(tolerance, 1.0))) + 2 * kStepsBetweenChecks;
}

double rough_largest_eigenvalue(numerics::ConstMatrixView<double> kernel) {
  Vector<double> x = Vector<double>::Ones(kernel.rows());
  // It is orthogonal to the leading vector only in contrived cases.
  for (Index i = 0; i < x.size(); ++i) x[i] += 0.5 * std::sin(1.0 + static_cast<double>(i));
  double value = 0;
  for (int iteration = 0; iteration < 20; ++iteration) {
    x.normalize();
    x = (kernel * x).eval();
    value = x.norm();
    if (!(value > 0)) return 0;
  }
  return value;
}

LanczosOutcome lanczos(const SequenceProblem& problem, std::span<const double> times, const Folds& folds,
                       const LeaveOutFlowOptions& options, Matrix<double>& residuals) {
  const Index m = problem.rows(), most = std::max<Index>(m / 2, 2 * kStepsBetweenChecks);
  const Vector<double> residual = problem.residual();
  double latest = 0;
  for (const double t : times) latest = std::max(latest, t);
  const double span =
      2 * latest / static_cast<double>(problem.n_sequences()) * rough_largest_eigenvalue(problem.kernel);
  const Index capacity = std::min(most, static_cast<Index>(expected_krylov_steps(span, options.tolerance)));
  const double bytes = 8.0 * static_cast<double>(capacity) * static_cast<double>(m);
  const auto group = std::clamp<std::size_t>(static_cast<std::size_t>(options.memory_limit / bytes), 1, folds.size());

  LanczosOutcome outcome;
  base::Team team(base::thread_count(0));
  Matrix<double> vectors(static_cast<Index>(group), m), products(static_cast<Index>(group), m);
  for (std::size_t first = 0; first < folds.size(); first += group) {
    const std::size_t last = std::min(first + group, folds.size());
    std::vector<FoldSpace> spaces;
    spaces.reserve(last - first);
    for (std::size_t f = first; f < last; ++f) spaces.emplace_back(problem, folds[f], residual, times, capacity);
    std::vector<FoldSpace*> open;
    for (auto& space : spaces)
      if (!space.finished()) open.push_back(&space);
    for (Index k = 0; k < most && !open.empty(); ++k) {
      base::throw_if_interrupted();
      step(problem, team, open, options.tolerance, vectors, products);
    }
    for (std::size_t f = first; f < last; ++f) {
      const FoldSpace& space = spaces[f - first];
      outcome.steps = std::max<std::int64_t>(outcome.steps, space.steps());
      if (!space.finished()) {
        outcome.unfinished.push_back(folds[f]);
        continue;
      }
      outcome.error_estimate = std::max(outcome.error_estimate, space.error());
      for (Index t = 0; t < residuals.rows(); ++t) {
        auto row = residuals.row(t);
        row(space.rows()) = residual(space.rows()).transpose() - space.predictions().row(t);
      }
    }
  }
  return outcome;
}

}  // namespace phaselaw::dynamics::leave_one_out_methods
