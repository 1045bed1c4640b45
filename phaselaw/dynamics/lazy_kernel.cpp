// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/lazy_kernel.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/errors.h"
#include "phaselaw/kernel/kernel.h"
#include "phaselaw/kernel/lanczos.h"
#include "phaselaw/kernel/matrix_free.h"
#include "phaselaw/kernel/spectrum.h"
#include "phaselaw/numerics/matrix.h"
#include "phaselaw/numerics/random.h"

namespace phaselaw::dynamics {

namespace {

using numerics::Matrix;
using numerics::Vector;

using numerics::length;

double dot(std::span<const double> x, std::span<const double> y) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return sum;
}

// ||D||_2 is computed as the square root of the largest eigenvalue of D^2, so that a large negative eigenvalue counts
// too.
double spectral_norm(const kernel::SymmetricOperator& d) {
  std::vector<double> once(length(d.size));
  kernel::LanczosOptions options;
  options.count = 1;
  options.tolerance =
      1e-5;  // of ||D||^2: the value is more accurate than the residual (quadratic), and the root twice as accurate
  const kernel::SymmetricOperator square{d.size, [&](std::span<const double> x, std::span<double> y) {
                                           d.apply(x, once);
                                           d.apply(once, y);
                                         }};
  const auto top = kernel::largest_eigenvalues(square, options);
  return top.values.empty() ? base::kNaN : std::sqrt(std::max(0.0, top.values.front()));
}

class DenseDrift : public KernelDrift {
 public:
  DenseDrift(const model::Transformer<double>& model, std::span<const double> theta_0,
             const model::Inputs<double>& inputs, std::span<const double> y, const LazyOptions& options)
      : model_(model), inputs_(inputs), y_(y.begin(), y.end()), drift_norm_(options.drift_norm) {
    kernel_options_.detail = kernel::Detail::layers;
    kernel_options_.threads = options.threads;
    for (auto& [name, h] : matrices(theta_0)) {
      LazyStart& start = start_.emplace_back();
      start.name = name;
      start.kernel_norm = h.norm();
      const auto spectrum = kernel::spectrum<double>({h.data(), h.rows(), h.cols()});
      start.lambda_min = spectrum.lambda_min;
      start.lambda_max = spectrum.lambda_max;
      at_start_.push_back(std::move(h));
    }
  }

  [[nodiscard]] std::vector<LazyStart> start() const override { return start_; }

  [[nodiscard]] std::vector<Laziness> at(std::span<const double> theta) override {
    std::vector<Laziness> result;
    for (auto& [name, h] : matrices(theta)) {
      const std::size_t part = result.size();
      Laziness& measured = result.emplace_back();
      measured.name = name;
      if (!y_.empty()) {
        const Eigen::Map<const Vector<double>> y(y_.data(), static_cast<Eigen::Index>(y_.size()));
        measured.alignment = y.dot(h * y) / (y.squaredNorm() * h.norm());
      }
      h -= at_start_[part];
      measured.drift = h.norm() / start_[part].kernel_norm;
      if (drift_norm_) measured.drift_norm = measured.drift == 0 ? 0 : spectral_norm(kernel::symmetric_operator(h));
    }
    return result;
  }

 private:
  struct Named {
    std::string name;
    Matrix<double> h;
  };
  // The total first. Parts without trainable parameters are not among the kernel's.
  [[nodiscard]] std::vector<Named> matrices(std::span<const double> theta) const {
    auto dense = kernel::dense_kernel<double>(model_, theta, inputs_, kernel_options_);
    std::vector<Named> result;
    result.push_back({"total", std::move(dense.total)});
    for (auto& part : dense.parts) result.push_back({part.name, std::move(part.values)});
    return result;
  }

  const model::Transformer<double>& model_;
  model::Inputs<double> inputs_;
  std::vector<double> y_;
  bool drift_norm_;
  kernel::KernelOptions kernel_options_;
  std::vector<Matrix<double>> at_start_;
  std::vector<LazyStart> start_;
};

// Root of mean a over mean b, with its delete-one jackknife standard error.
struct Ratio {
  double value = 0, error = 0;
};
Ratio root_of_ratio(const std::vector<double>& a, const std::vector<double>& b) {
  double sum_a = 0, sum_b = 0;
  const auto count = static_cast<double>(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum_a += a[i];
    sum_b += b[i];
  }
  std::vector<double> without;
  double mean = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    without.push_back(std::sqrt((sum_a - a[i]) / (sum_b - b[i])));
    mean += without.back() / count;
  }
  double squares = 0;
  for (const double w : without) squares += (w - mean) * (w - mean);
  return {std::sqrt(sum_a / sum_b), std::sqrt((count - 1) / count * squares)};
}

class MatrixFreeDrift : public KernelDrift {
 public:
  MatrixFreeDrift(const model::Transformer<double>& model, std::span<const double> theta_0,
                  const model::Inputs<double>& inputs, std::span<const double> y, const LazyOptions& options)
      : model_(model),
        inputs_(inputs),
        y_(y.begin(), y.end()),
        options_(options),
        parts_(trained_parts(model.table())),
        theta_0_(make(theta_0)),
        rows_(length(theta_0_.rows())) {
    for (std::int64_t i = 0; i < options.probes; ++i) {
      numerics::RandomStream stream(options.seed, "dynamics/lazy", static_cast<std::uint64_t>(i));
      for (double& z : probes_.emplace_back(rows_)) z = stream.sign();
    }
    products_at_start_ = products(theta_0_);
    start_.resize(1 + parts_.size());
    for (std::size_t part = 0; part < start_.size(); ++part) {
      start_[part].name = part == 0 ? "total" : parts_[part - 1].name;
      double sum = 0;
      for (const auto& hz : products_at_start_[part]) sum += dot(hz, hz);
      start_[part].kernel_norm = std::sqrt(sum / static_cast<double>(probes_.size()));
    }
  }

  [[nodiscard]] std::vector<LazyStart> start() const override { return start_; }

  [[nodiscard]] std::vector<Laziness> at(std::span<const double> theta) override {
    auto op = make(theta);
    const Products now = products(op);
    std::vector<Laziness> result(start_.size());
    for (std::size_t part = 0; part < result.size(); ++part) {
      result[part].name = start_[part].name;
      std::vector<double> moved, before;
      double norm = 0;
      for (std::size_t i = 0; i < probes_.size(); ++i) {
        const auto& a = now[part][i];
        const auto& b = products_at_start_[part][i];
        double change = 0;
        for (std::size_t row = 0; row < rows_; ++row) change += (a[row] - b[row]) * (a[row] - b[row]);
        moved.push_back(change);
        before.push_back(dot(b, b));
        norm += dot(a, a) / static_cast<double>(probes_.size());
      }
      const Ratio ratio = root_of_ratio(moved, before);
      result[part].drift = ratio.value;
      result[part].drift_error = ratio.error;
      if (!y_.empty()) result[part].alignment = gradient_square(op, part) / (dot(y_, y_) * std::sqrt(norm));
    }
    if (options_.drift_norm && result[0].drift > 0) {
      op.select(kernel::select_all(model_.table()));
      theta_0_.select(kernel::select_all(model_.table()));
      std::vector<double> other(rows_);
      result[0].drift_norm = spectral_norm({op.rows(), [&](std::span<const double> x, std::span<double> y) {
                                              op.apply(x, y);
                                              theta_0_.apply(x, other);
                                              for (std::size_t i = 0; i < rows_; ++i) y[i] -= other[i];
                                            }});
    } else if (options_.drift_norm) {
      result[0].drift_norm = 0;
    }
    return result;
  }

 private:
  using Products = std::vector<std::vector<std::vector<double>>>;  // [part][probe][row]: H^(part) z

  kernel::TangentOperator<double> make(std::span<const double> theta) const {
    kernel::TangentOptions tangent;
    tangent.threads = options_.threads;
    return {model_.options(), std::vector<double>(theta.begin(), theta.end()), inputs_, tangent};
  }

  const std::vector<bool>& blocks(std::size_t part) const { return parts_[part - 1].blocks; }

  // One J^T z per probe; each part's J reads its own blocks of it.
  Products products(kernel::TangentOperator<double>& op) const {
    Products result(1 + parts_.size());
    std::vector<std::vector<double>> gradients;
    op.select(kernel::select_all(model_.table()));
    for (const auto& z : probes_) {
      op.apply_adjoint(z, gradients.emplace_back(length(op.parameters())));
      op.apply_jacobian(gradients.back(), result[0].emplace_back(rows_));
    }
    for (std::size_t part = 1; part < result.size(); ++part) {
      op.select(blocks(part));
      for (const auto& g : gradients) op.apply_jacobian(g, result[part].emplace_back(rows_));
    }
    return result;
  }

  // y^T H^(part) y = ||J_part^T y||^2.
  double gradient_square(kernel::TangentOperator<double>& op, std::size_t part) const {
    std::vector<double> gradient(length(op.parameters()));
    op.select(part == 0 ? kernel::select_all(model_.table()) : blocks(part));
    op.apply_adjoint(y_, gradient);
    return dot(gradient, gradient);
  }

  const model::Transformer<double>& model_;
  model::Inputs<double> inputs_;
  std::vector<double> y_;
  LazyOptions options_;
  std::vector<TrainedPart> parts_;
  kernel::TangentOperator<double> theta_0_;
  std::size_t rows_;
  std::vector<std::vector<double>> probes_;
  Products products_at_start_;
  std::vector<LazyStart> start_;
};

}  // namespace

std::vector<TrainedPart> trained_parts(const model::ParameterTable& table) {
  const auto name_of = [](const model::ParameterBlock& block) -> std::string {
    if (block.layer >= 0) return model::layer_name(block);
    return model::is_position(block.kind) ? "embed" : block.name;
  };
  std::vector<TrainedPart> parts;
  const auto& blocks = table.blocks();
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (!blocks[i].trainable) continue;
    const std::string name = name_of(blocks[i]);
    auto part = std::find_if(parts.begin(), parts.end(), [&](const TrainedPart& p) { return p.name == name; });
    if (part == parts.end()) part = parts.insert(parts.end(), {name, std::vector<bool>(blocks.size())});
    part->blocks[i] = true;
  }
  return parts;
}

std::unique_ptr<KernelDrift> dense_drift(const model::Transformer<double>& model, std::span<const double> theta_0,
                                         const model::Inputs<double>& inputs, std::span<const double> y,
                                         const LazyOptions& options) {
  return std::make_unique<DenseDrift>(model, theta_0, inputs, y, options);
}

std::unique_ptr<KernelDrift> matrix_free_drift(const model::Transformer<double>& model, std::span<const double> theta_0,
                                               const model::Inputs<double>& inputs, std::span<const double> y,
                                               const LazyOptions& options) {
  return std::make_unique<MatrixFreeDrift>(model, theta_0, inputs, y, options);
}

}  // namespace phaselaw::dynamics
