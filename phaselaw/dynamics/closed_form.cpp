// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/closed_form.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/numerics/gemm.h"

namespace phaselaw::dynamics {

namespace {

using base::kInfinity;
using numerics::Index;
using numerics::Matrix;
using numerics::Vector;

// InputError unless `values` has `length` finite entries; an empty span means zeros where that is allowed.
Vector<double> checked(std::span<const double> values, Index length, const char* name, bool may_be_empty) {
  if (values.empty() && may_be_empty) return Vector<double>::Zero(length);
  if (static_cast<Index>(values.size()) != length)
    throw base::InputError(
        fmt::format("{}: expected {} numbers, one per row of the kernel (sequence, token, coordinate), found {}", name,
                    length, values.size()));
  const Eigen::Map<const Vector<double>> vector(values.data(), length);
  if (!vector.allFinite())
    throw base::InputError(fmt::format("{}: expected finite numbers, found NaN or infinity", name));
  return vector;
}

// A (m x k) B^op: many rows as one BLAS product; a single row as a pass over B.
Matrix<double> product(const Matrix<double>& a, numerics::Op op_b, const Matrix<double>& b) {
  const bool transposed = op_b == numerics::Op::transpose;
  Matrix<double> result(a.rows(), transposed ? b.rows() : b.cols());
  if (a.rows() == 1 && transposed) {
    result.row(0).transpose().noalias() = b * a.row(0).transpose();
  } else if (a.rows() == 1) {
    result.row(0).noalias() = a.row(0) * b;
  } else {
    numerics::gemm<double>(numerics::Op::none, op_b, a.rows(), result.cols(), a.cols(), 1.0, a.data(), a.cols(),
                           b.data(), b.cols(), 0.0, result.data(), result.cols());
  }
  return result;
}

// The effect of a time on one mode. With s = (2 t/n) unit and z = h/unit, the scaled eigenvalue: x = s z = 2 h t/n.
struct Mode {
  double kept;    // exp(-x)
  double gained;  // expm1(-x) = kept - 1
  double gain;    // (1 - exp(-x))/z
};

class Modes {
 public:
  Modes(double time, std::int64_t n_data, double unit) : step_(2 * (time / static_cast<double>(n_data)) * unit) {}

  [[nodiscard]] Mode of(double z) const {
    if (z == 0) return {1, 0, step_ < kInfinity ? step_ : 0};
    const double x = step_ * z;
    const double gained = std::expm1(-x);
    return {std::exp(-x), gained, x < 1 && x > 0 ? step_ * (-gained / x) : -gained / z};
  }

 private:
  double step_;
};

}  // namespace

void require_times(std::span<const double> times) {
  for (std::size_t k = 0; k < times.size(); ++k) {
    if (!(times[k] >= 0))
      throw base::InputError(fmt::format("times: expected numbers >= 0, found {} at place {}", times[k], k + 1));
    if (k > 0 && times[k] < times[k - 1])
      throw base::InputError(
          fmt::format("times: expected ascending order, found {} after {}; sort them", times[k], times[k - 1]));
  }
}

ClosedForm::ClosedForm(Matrix<double> kernel, std::int64_t n_data, std::span<const double> targets,
                       std::span<const double> initial, double epsilon)
    : n_data_(n_data), epsilon_(epsilon), vectors_(std::move(kernel)) {
  const Index rows = vectors_.rows();
  if (rows < 1 || vectors_.cols() != rows)
    throw base::InputError(fmt::format("kernel: expected a square matrix, found {} x {}", rows, vectors_.cols()));
  if (rows > kernel::kMostRowsWithVectors)
    throw base::InputError(
        fmt::format("kernel: {} rows, but the closed form takes at most {}; use fewer sequences, or the Krylov flow",
                    rows, kernel::kMostRowsWithVectors));
  if (n_data < 1 || rows % n_data != 0)
    throw base::InputError(fmt::format(
        "n_data: expected a divisor of the kernel's {} rows (sequences of equal length), found {}", rows, n_data));
  if (!(epsilon > 0 && epsilon < 1))
    throw base::InputError(fmt::format("epsilon: expected a number in (0, 1), found {}", epsilon));
  if (!vectors_.allFinite()) throw base::InputError("kernel: expected finite entries, found NaN or infinity");
  // Lengths are checked first, because the decomposition takes long.
  static_cast<void>(checked(targets, rows, "targets", false));
  static_cast<void>(checked(initial, rows, "initial outputs", true));
  auto values = kernel::spectrum_in_place<double>({vectors_.data(), rows, rows}, true).eigenvalues;
  spectrum_ = kernel::summarise(std::move(values), epsilon);
  if (spectrum_.lambda_min < -spectrum_.noise_floor)
    throw base::InputError(
        fmt::format("kernel: expected a positive semi-definite matrix, found the eigenvalue {} with lambda_max = {}; "
                    "if its entries are rounded more coarsely than {}, set epsilon accordingly",
                    base::format_number(spectrum_.lambda_min, 2, base::Notation::power),
                    base::format_number(spectrum_.lambda_max, 2, base::Notation::power),
                    base::format_number(epsilon, 2, base::Notation::power)));
  rank_ = spectrum_.numerical_rank;
  if (rank_ > 0) unit_ = std::ldexp(1.0, std::ilogb(spectrum_.lambda_max));
  scaled_ = Vector<double>::Zero(rows);
  for (Index i = 0; i < rank_; ++i) scaled_[i] = spectrum_.eigenvalues[static_cast<std::size_t>(i)] / unit_;
  set_targets(targets, initial);
}

void ClosedForm::set_targets(std::span<const double> targets, std::span<const double> initial) {
  initial_ = checked(initial, rows(), "initial outputs", true);
  start_.noalias() = vectors_ * (initial_ - checked(targets, rows(), "targets", false));
}

SpectralPath ClosedForm::flow(std::span<const double> times) const {
  require_times(times);
  const auto count = static_cast<Index>(times.size());
  SpectralPath path{Matrix<double>(count, rows()), Matrix<double>(count, rows())};
  for (Index k = 0; k < count; ++k) {
    const Modes modes(times[static_cast<std::size_t>(k)], n_data_, unit_);
    for (Index i = 0; i < rows(); ++i) {
      const Mode mode = modes.of(scaled_[i]);
      path.residual(k, i) = mode.kept * start_[i];
      path.coefficients(k, i) = mode.gain * start_[i];
    }
  }
  return path;
}

std::vector<double> ClosedForm::losses(std::span<const double> times) const {
  require_times(times);
  std::vector<double> losses;
  for (const double t : times) {
    const Modes modes(t, n_data_, unit_);
    double sum = 0;
    for (Index i = 0; i < rows(); ++i) sum += std::pow(modes.of(scaled_[i]).kept * start_[i], 2);
    losses.push_back(sum / static_cast<double>(n_data_));
  }
  return losses;
}

std::vector<double> ClosedForm::losses(const SpectralPath& path) const {
  PHASELAW_CHECK_EQ(path.residual.cols(), rows());
  std::vector<double> losses;
  for (Index k = 0; k < path.residual.rows(); ++k)
    losses.push_back(path.residual.row(k).squaredNorm() / static_cast<double>(n_data_));
  return losses;
}

std::vector<double> ClosedForm::loss_rates(std::span<const double> times) const {
  require_times(times);
  const auto n = static_cast<double>(n_data_);
  std::vector<double> rates;
  for (const double t : times) {
    const Modes modes(t, n_data_, unit_);
    double sum = 0;
    for (Index i = 0; i < rank_; ++i) sum += scaled_[i] * std::pow(modes.of(scaled_[i]).kept * start_[i], 2);
    rates.push_back(-(4 / (n * n)) * sum * unit_);
  }
  return rates;
}

Matrix<double> ClosedForm::outputs(std::span<const double> times) const {
  require_times(times);
  const auto count = static_cast<Index>(times.size());
  Matrix<double> moved(count, rows());
  for (Index k = 0; k < count; ++k) {
    const Modes modes(times[static_cast<std::size_t>(k)], n_data_, unit_);
    for (Index i = 0; i < rows(); ++i) moved(k, i) = modes.of(scaled_[i]).gained * start_[i];
  }
  Matrix<double> outputs = product(moved, numerics::Op::none, vectors_);
  outputs.rowwise() += initial_.transpose();
  return outputs;
}

Matrix<double> ClosedForm::outputs(const SpectralPath& path) const {
  PHASELAW_CHECK_EQ(path.coefficients.cols(), rows());
  const Matrix<double> moved = path.coefficients.array().rowwise() * (-scaled_).transpose().array();
  Matrix<double> outputs = product(moved, numerics::Op::none, vectors_);
  outputs.rowwise() += initial_.transpose();
  return outputs;
}

Vector<double> ClosedForm::null_residual() const {
  const Index null = rows() - rank_;
  return vectors_.bottomRows(null).transpose() * start_.tail(null);
}

double ClosedForm::null_loss() const {
  return start_.tail(rows() - rank_).squaredNorm() / static_cast<double>(n_data_);
}

std::vector<ExcessRisk> ClosedForm::excess_risks(std::span<const double> times, std::span<const double> truth,
                                                 double noise) const {
  require_times(times);
  if (!(noise >= 0 && noise < kInfinity))
    throw base::InputError(fmt::format("noise: expected a finite number >= 0, found {}", noise));
  const Vector<double> missing = vectors_ * (checked(truth, rows(), "true outputs", false) - initial_);
  const auto n = static_cast<double>(n_data_);
  std::vector<ExcessRisk> risks;
  for (const double t : times) {
    const Modes modes(t, n_data_, unit_);
    ExcessRisk risk;
    double kept_noise = 0;
    for (Index i = 0; i < rows(); ++i) {
      const Mode mode = modes.of(scaled_[i]);
      risk.bias += std::pow(mode.kept * missing[i], 2);
      risk.d_eff += mode.gained * mode.gained;
      kept_noise += mode.kept * mode.kept;
    }
    risk.bias /= n;
    risk.variance = noise * noise * risk.d_eff / n;
    risk.expected_train_loss = risk.bias + noise * noise * kept_noise / n;
    risks.push_back(risk);
  }
  return risks;
}

std::vector<double> ClosedForm::excess_of_draw(std::span<const double> times, std::span<const double> truth) const {
  require_times(times);
  const Vector<double> ahead = vectors_ * (initial_ - checked(truth, rows(), "true outputs", false));
  std::vector<double> excess;
  for (const double t : times) {
    const Modes modes(t, n_data_, unit_);
    double sum = 0;
    for (Index i = 0; i < rows(); ++i) sum += std::pow(ahead[i] + modes.of(scaled_[i]).gained * start_[i], 2);
    excess.push_back(sum / static_cast<double>(n_data_));
  }
  return excess;
}

TestOutputs::TestOutputs(const ClosedForm& closed_form, const Matrix<double>& kernel, std::span<const double> initial)
    : closed_form_(closed_form) {
  if (kernel.rows() < 1 || kernel.cols() != closed_form.rows())
    throw base::InputError(
        fmt::format("test kernel: expected at least one row and {} columns, the training rows, found {} x {}",
                    closed_form.rows(), kernel.rows(), kernel.cols()));
  if (!kernel.allFinite()) throw base::InputError("test kernel: expected finite entries, found NaN or infinity");
  initial_ = checked(initial, kernel.rows(), "initial test outputs", true);
  // Elementwise, because 1/unit may overflow.
  const Matrix<double> scaled = kernel / closed_form.unit();
  projected_ = product(scaled, numerics::Op::transpose, closed_form.vectors());
  const double size = scaled.norm(), rounding = 8 * static_cast<double>(kernel.cols()) * closed_form.epsilon() * size;
  for (Index i = closed_form.rank(); i < projected_.cols(); ++i) {
    const double seen = projected_.col(i).norm();
    if (seen > 0) null_overlap_ = std::max(null_overlap_, seen / size);
    if (seen > rounding)
      null_excess_ = true;
    else
      projected_.col(i).setZero();
  }
}

Matrix<double> TestOutputs::outputs(std::span<const double> times) const { return outputs(closed_form_.flow(times)); }

Matrix<double> TestOutputs::outputs(const SpectralPath& path) const {
  Matrix<double> outputs = product(path.coefficients, numerics::Op::transpose, projected_);
  outputs = (-outputs).rowwise() + initial_.transpose();
  return outputs;
}

std::vector<double> TestOutputs::losses(const SpectralPath& path, std::span<const double> targets,
                                        std::int64_t n_test) const {
  const Vector<double> wanted = checked(targets, rows(), "test targets", false);
  if (n_test < 1) throw base::InputError(fmt::format("n_test: expected at least 1, found {}", n_test));
  const Matrix<double> found = outputs(path);
  std::vector<double> losses;
  for (Index k = 0; k < found.rows(); ++k)
    losses.push_back((found.row(k).transpose() - wanted).squaredNorm() / static_cast<double>(n_test));
  return losses;
}

}  // namespace phaselaw::dynamics
