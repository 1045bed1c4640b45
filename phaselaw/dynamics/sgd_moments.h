// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/dynamics/closed_form.h"

// Minibatch SGD on a fixed kernel with independent batches: exact mean and mean square, without sampling.
//
//   r_{k+1} = (I - c H P_S) r_k,   c = 2 step/b,   P_S keeps the rows of a batch S of b of the n sequences, drawn
//                                                  uniformly without replacement, independently at each step
//   E r_{k+1} = (I - (2 step/n) H) E r_k                                             (gradient descent's)
//   Sigma_{k+1} = Sigma - (2 step/n)(H Sigma + Sigma H) + c^2 H (W o Sigma) H,       Sigma_k = E r_k r_k^T,
//   W = b/n between rows of one sequence, b(b-1)/(n(n-1)) between rows of two;       E Loss = (1/n) tr Sigma
//
// The trainer takes its batches from shuffled epochs, which are not independent. Its expected training loss is lower, by
// 9 to 13 % on the kernel in docs/dynamics.md: shuffled_sgd.h.
// Floor: the null part of the residual does not change and keeps perturbing the rest, so Loss levels off above
// null_loss. For a positive definite H there is no floor: SGD interpolates the training labels, noise included, and
// E Loss -> 0. The floor ~ step of a run with fresh data at each step is that of OnlineSgd, below.
// Accuracy: about k eps relative to tr Sigma_0 after k steps (test loss: times the condition number of sqrt(H)).
// Cost: 4 M^3 + O(M^3/n) flop per step, three M x M doubles; b = n costs O(M^2).
// Source: [T]; the limit: Schneider 1965 (regular splittings of positive maps).
namespace phaselaw::dynamics {

// InputError unless batch is in 1 .. n_data.
void require_batch(std::int64_t batch, std::int64_t n_data);

struct SgdOptions {
  double step = 0;              // > 0
  std::int64_t batch = 1;       // b, 1 .. n_data
  bool check_stability = true;  // compare step with sgd_step_limit first: 4 M^3 flop per iteration, tens of iterations
  double max_bytes = 4294967296;  // largest memory; InputError beyond it
};

// The largest step below which E Loss (without its null part) tends to 0 or to its floor. b^2 / (2 n rho), where rho is
// the largest eigenvalue of X -> G^{1/2} o V (W o (V^T (G^{1/2} o X) V)) V^T, G_ij = h_i h_j/(h_i + h_j): self-adjoint
// and positive, by power iteration. At b = n it is gradient descent's n / h_max, for smaller b it is smaller.
struct SgdStepLimit {
  double step = 0;             // an upper bound that converges from above; infinity for the zero kernel
  double relative_change = 0;  // of the last iteration
  std::int64_t iterations = 0;
  bool converged = false;  // relative_change <= 1e-8 within 1000 iterations
};
[[nodiscard]] SgdStepLimit sgd_step_limit(const ClosedForm& problem, std::int64_t batch);

// E Loss as k -> infinity.
struct SgdFloor {
  double loss = 0;       // null_loss + the effect of sampling noise
  double null_loss = 0;  // loss of the labels that the kernel cannot fit
  std::int64_t iterations = 0;
  bool converged = false;  // relative change <= 1e-12 within 10000 iterations; false also at the stability limit
  std::string reason;
};

class SgdMoments {
 public:
  // `problem` must outlive this object, its targets unchanged. InputError if the batch is outside 1 .. n, step is not
  // positive or not below the limit (which is given; n / h_max without check_stability), or the memory does not
  // suffice.
  SgdMoments(const ClosedForm& problem, const SgdOptions& options);

  void advance(std::int64_t steps);  // InputError if negative

  [[nodiscard]] std::int64_t steps() const { return steps_; }
  [[nodiscard]] double expected_loss() const;  // E Loss; may be infinite beyond the limit
  [[nodiscard]] double loss_of_mean() const;   // Loss of E r: that of gradient descent with the same step
  // In eigen-coordinates: V E r, and V Sigma V^T.
  [[nodiscard]] const numerics::Vector<double>& mean() const { return mean_; }
  [[nodiscard]] const numerics::Matrix<double>& second_moment() const { return moment_; }

  // E (1/n_test) ||f(x) - targets||^2. `test` must belong to the same problem. 2 Q M^2 flop.
  [[nodiscard]] double expected_test_loss(const TestOutputs& test, std::span<const double> targets,
                                          std::int64_t n_test) const;

  // The level at which E Loss settles, by its own fixed point (not by many steps): the error decreases by step/limit or
  // faster per iteration, 4 M^3 flop each.
  [[nodiscard]] SgdFloor floor() const;

 private:
  const ClosedForm& problem_;
  SgdOptions options_;
  double same_ = 0, other_ = 0;  // W
  std::int64_t steps_ = 0;
  numerics::Vector<double> mean_;
  numerics::Matrix<double> moment_, product_, parts_, block_;
};

// ONLINE SGD: b fresh samples per step, linear features x ~ N(0, diag(lambda)), one output, labels w*.x + N(0,
// noise^2):
//
//   w' = w - (eta/b) sum_s x_s (w.x_s - y_s),  eta = 2 step for Loss = mean squared error;   m_i = E (w_i - w*_i)^2
//   m_i' = (1 - 2 eta lambda_i + eta^2 lambda_i^2 (1 + 1/b)) m_i + (eta^2/b) lambda_i (sum_j lambda_j m_j + noise^2)
//   excess risk R = sum_i lambda_i m_i
//
// exact for Gaussian features (fourth moments by Wick). With S = (eta/b) sum_i lambda_i/(2 - eta lambda_i (1 + 1/b)):
// stable iff S < 1 and eta lambda_max (1 + 1/b) < 2; floor R = noise^2 S/(1 - S) ~ noise^2 step tr(lambda)/b [T].
// Cost: 4 flop per mode and step.
struct OnlineSgd {
  std::vector<double> eigenvalues;           // lambda_i >= 0 of the features' covariance
  std::vector<double> squared_coefficients;  // m_i at the start: (w_i - w*_i)^2 >= 0
  double noise = 0;                          // standard deviation of the labels, >= 0
  double step = 0;                           // > 0
  std::int64_t batch = 1;                    // >= 1
};

// The largest stable step, by bisection to rounding; infinity if every eigenvalue is 0. InputError for invalid numbers.
[[nodiscard]] double online_step_limit(std::span<const double> eigenvalues, std::int64_t batch);

struct OnlineSgdCurve {
  std::vector<double> excess_risk;  // for each count
  double floor = 0;                 // as k -> infinity
  double step_limit = 0;
};
// InputError if lengths differ, a number is out of its range, counts are negative or not ascending, or step is not
// below the limit (which is given).
[[nodiscard]] OnlineSgdCurve online_sgd(const OnlineSgd& problem, std::span<const std::int64_t> counts);

}  // namespace phaselaw::dynamics
