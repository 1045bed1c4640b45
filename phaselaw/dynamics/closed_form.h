// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "phaselaw/kernel/spectrum.h"
#include "phaselaw/numerics/matrix.h"

// Gradient flow on a fixed kernel, exactly. With Loss = (1/n) ||f - y||^2 and H = sum_i h_i v_i v_i^T over the M rows
// (sequence, token, coordinate) of n sequences:
//
//   df/dt = -(2/n) H (f - y)          r(t) = f(t) - y = exp(-2 H t/n) (f0 - y)
//   Loss(t) = (1/n) sum_i exp(-4 h_i t/n) c_i^2                                    c_i = v_i^T (f0 - y)
//   f(x, t) = f0(x) - H(x, X) g_t(H) (f0 - y)                                      g_t(h) = (1 - exp(-2 h t/n)) / h
//
// Times: gradient-flow time, step times steps (docs/dynamics.md); at least 0, ascending. Infinity is allowed and solved
// exactly (the pseudo-inverse), not as a limit. Eigenvalues at or below the noise floor M epsilon h_max count as
// exactly 0: the part of the residual along them does not change and is kept (null_residual).
// Accuracy: outputs to c M eps ||f0 - y|| (c about 1) plus the effect of H's own rounding M eps h_max on exp(-2 H t/n);
// losses, a sum of positive terms, to the same relative to Loss(0). Test outputs at t = infinity to M eps times the
// condition number of the non-null part [T]. H may have any scale that a double can hold, including denormal numbers.
// Cost: one eigendecomposition (14/3 M^3 flop, 3 M^2 doubles during it, M^2 kept); then 2 M^2 flop per time for outputs
// (many times are one matrix product), M flop per time for losses.
// Source: [T]; docs/dynamics.md.
namespace phaselaw::dynamics {

// InputError if a time is NaN, negative or smaller than the one before it; the message names it.
void require_times(std::span<const double> times);

// Points of any trajectory with updates in the span of the kernel: the flow, and the methods of first_order.h. Row k
// belongs to the k-th time or count; columns are the modes, in descending order of h_i.
struct SpectralPath {
  numerics::Matrix<double> residual;      // V (f - y)
  numerics::Matrix<double> coefficients;  // a, with f = f0 - (H / unit) V^T a on training rows and on any others
};

struct ExcessRisk {
  double bias = 0;                 // (1/n) sum_i exp(-4 h_i t/n) (v_i^T (f* - f0))^2
  double variance = 0;             // noise^2 d_eff / n
  double d_eff = 0;                // sum_i (1 - exp(-2 h_i t/n))^2: 0 at t = 0, the rank of H at t = infinity
  double expected_train_loss = 0;  // (1/n) sum_i exp(-4 h_i t/n) ((v_i^T (f* - f0))^2 + noise^2)
  [[nodiscard]] double total() const { return bias + variance; }
};

class ClosedForm {
 public:
  // `kernel` (M x M; only its lower triangle is read) is consumed: move it in. `initial` = f0; empty: 0. `epsilon`: the
  // relative rounding of its entries; pass float's for a kernel computed in float.
  // InputError if M is 0, above kernel::kMostRowsWithVectors or not a multiple of n_data, if a length or an entry (NaN,
  // infinity) is wrong, or if an eigenvalue lies below -noise floor, because H is then no kernel.
  ClosedForm(numerics::Matrix<double> kernel, std::int64_t n_data, std::span<const double> targets,
             std::span<const double> initial = {}, double epsilon = std::numeric_limits<double>::epsilon());

  // Other targets and another start on the same kernel: one pass over V.
  void set_targets(std::span<const double> targets, std::span<const double> initial = {});

  [[nodiscard]] std::int64_t rows() const { return vectors_.rows(); }
  [[nodiscard]] std::int64_t n_data() const { return n_data_; }
  [[nodiscard]] const kernel::Spectrum& spectrum() const { return spectrum_; }  // as computed, including the null part
  [[nodiscard]] std::int64_t rank() const { return rank_; }  // number of modes that are not null; they come first
  [[nodiscard]] const numerics::Matrix<double>& vectors() const { return vectors_; }  // row i is v_i
  [[nodiscard]] double epsilon() const { return epsilon_; }

  // h_i / unit in [0, 2), null ones exactly 0; unit is a power of two. Rates without overflow: (2 t/n) unit h_i.
  [[nodiscard]] const numerics::Vector<double>& scaled_eigenvalues() const { return scaled_; }
  [[nodiscard]] double unit() const { return unit_; }
  [[nodiscard]] const numerics::Vector<double>& start() const { return start_; }  // c = V (f0 - y)

  [[nodiscard]] SpectralPath flow(std::span<const double> times) const;

  [[nodiscard]] std::vector<double> losses(std::span<const double> times) const;
  [[nodiscard]] std::vector<double> losses(const SpectralPath& path) const;
  // dLoss/dt = -(4/n^2) sum_i h_i exp(-4 h_i t/n) c_i^2; 0 at infinity.
  [[nodiscard]] std::vector<double> loss_rates(std::span<const double> times) const;

  // Row k: f at the k-th time (times x M).
  [[nodiscard]] numerics::Matrix<double> outputs(std::span<const double> times) const;
  [[nodiscard]] numerics::Matrix<double> outputs(const SpectralPath& path) const;

  // The part that does not decay: the part of f0 - y in the null space of H (length M), and its loss = Loss(infinity).
  [[nodiscard]] numerics::Vector<double> null_residual() const;
  [[nodiscard]] double null_loss() const;

  // In-sample excess risk (1/n) E ||f(t) - f*||^2 over labels y = f* + N(0, noise^2) from this start; the targets of
  // this object are not used. InputError for a wrong length, noise < 0 or NaN. `truth` = f*.
  [[nodiscard]] std::vector<ExcessRisk> excess_risks(std::span<const double> times, std::span<const double> truth,
                                                     double noise) const;
  // (1/n) ||f(t) - f*||^2 for the targets of this object: one draw of the noise.
  [[nodiscard]] std::vector<double> excess_of_draw(std::span<const double> times, std::span<const double> truth) const;

 private:
  std::int64_t n_data_ = 0, rank_ = 0;
  double epsilon_ = 0, unit_ = 1;
  kernel::Spectrum spectrum_;
  numerics::Matrix<double> vectors_;
  numerics::Vector<double> scaled_, initial_, start_;
};

// Outputs on rows that were not trained on, and their loss. H(x, X) V^T is formed once (2 Q M^2 flop, Q M doubles);
// then each time costs one pass over it, and many times are one matrix product. Columns of null modes are 0 in exact
// arithmetic if the kernel of all rows is positive semi-definite; those within rounding are set to 0.
class TestOutputs {
 public:
  // `closed_form` must outlive this object. `kernel`: H(x, X), Q x M. `initial`: f0(x), length Q; empty: 0.
  // InputError if a length or an entry is wrong.
  TestOutputs(const ClosedForm& closed_form, const numerics::Matrix<double>& kernel,
              std::span<const double> initial = {});

  [[nodiscard]] std::int64_t rows() const { return projected_.rows(); }
  [[nodiscard]] const numerics::Vector<double>& initial() const { return initial_; }
  [[nodiscard]] const numerics::Matrix<double>& projected() const { return projected_; }  // H(x, X) V^T / unit

  // max over null modes ||H(x, X) v_i|| / ||H(x, X)||_F as found; 0 without null modes. If it is above rounding
  // (null_excess), the noise floor removed modes that affect these rows. At finite t these follow g_t(0) = 2 t/n; at
  // infinity they are omitted, as by the pseudo-inverse.
  [[nodiscard]] double null_overlap() const { return null_overlap_; }
  [[nodiscard]] bool null_excess() const { return null_excess_; }

  // Row k: f(x) at the k-th point (times x Q).
  [[nodiscard]] numerics::Matrix<double> outputs(std::span<const double> times) const;
  [[nodiscard]] numerics::Matrix<double> outputs(const SpectralPath& path) const;
  // (1/n_test) ||f(x) - targets||^2 at each point.
  [[nodiscard]] std::vector<double> losses(const SpectralPath& path, std::span<const double> targets,
                                           std::int64_t n_test) const;

 private:
  const ClosedForm& closed_form_;
  double null_overlap_ = 0;
  bool null_excess_ = false;
  numerics::Matrix<double> projected_;
  numerics::Vector<double> initial_;
};

}  // namespace phaselaw::dynamics
