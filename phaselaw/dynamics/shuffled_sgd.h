// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "phaselaw/dynamics/closed_form.h"
#include "phaselaw/numerics/random.h"

// Minibatch SGD on a fixed kernel with batches from shuffled epochs, as the trainer draws them: its expected loss, with
// a standard error.
//
//   r_{k+1} = (I - c H P_S) r_k,   c = 2 step/b,   P_S: the rows of batch S
//
// An epoch is a uniformly random order of the n sequences; each batch takes the next b of it, and a batch may end one
// epoch and begin the next. A sequence that a batch then holds twice counts twice.
//
// Within an epoch the batches are not independent, so the second moment obeys no linear recursion of its own: the
// average over orders needs a state for every subset of the sequences that are still to come, 2^n matrices. (For small n
// that recursion is exact; the tests use it.) Here `replicates` runs with independent orders are followed instead, on
// the exact dynamics of the kernel, and averaged.
//
// Against independent batches (sgd_moments.h), for b that divides n: the batches of an epoch add up to n/b times the full
// gradient, so the order matters only from c^2 on. To leading order the mean over an epoch differs from gradient descent's
// by a shift, and the spread about the mean is that of c^2 terms:
//
//   E r_epoch - r_GD = (c^2/2) H [ (b/n) H - W' o H ] r + O(c^3),   W' = 1 between rows of one sequence,
//                                                                   (b - 1)/(n - 1) between rows of two
//   E Loss - Loss of E r: of order step^3 at a given time, at the end of an epoch; of order step for independent batches
//
// At b = n both are gradient descent.
//
// Accuracy: the standard error, which falls as replicates^(-1/2); each run to about k eps. Close to the stability limit
// rare orders dominate the mean, and the standard error is too small. Beyond it losses become infinite.
// Cost: 2 M^2 flop per epoch and replicate; M^2 + 2 replicates M doubles. Threads share the replicates; results do not
// depend on their number. Source: [T]; Mishchenko et al. 2020 (random reshuffling).
namespace phaselaw::dynamics {

struct ShuffledSgdOptions {
  double step = 0;                // > 0
  std::int64_t batch = 1;         // b, 1 .. n_data
  std::int64_t replicates = 256;  // >= 2; 1 is used at b = n, where nothing is random
  std::uint64_t seed = 0;
  int threads = 1;
  double max_bytes = 4294967296;  // largest memory; InputError beyond it
};

// A mean over independent runs. standard_error = standard deviation/sqrt(runs); 0 for a single run.
struct RunMean {
  double mean = 0, standard_error = 0;
};

class ShuffledSgd {
 public:
  // `problem` must outlive this object, its targets unchanged. InputError if the batch is outside 1 .. n, step is not
  // positive or not below n/h_max, there are fewer than 2 replicates, or the memory does not suffice.
  ShuffledSgd(const ClosedForm& problem, const ShuffledSgdOptions& options);

  void advance(std::int64_t steps);  // InputError if negative

  [[nodiscard]] std::int64_t steps() const { return steps_; }
  [[nodiscard]] std::int64_t replicates() const { return residual_.rows(); }
  // Loss of each run at this step.
  [[nodiscard]] std::vector<double> losses() const;
  [[nodiscard]] RunMean expected_loss() const;
  // (1/n_test) ||f(x) - targets||^2. `test` must belong to the same problem. 2 (M + Q) M flop per replicate.
  [[nodiscard]] RunMean expected_test_loss(const TestOutputs& test, std::span<const double> targets,
                                           std::int64_t n_test) const;

 private:
  struct Order {  // of the epoch of one replicate
    numerics::RandomStream stream;
    std::vector<std::int64_t> sequences;
    std::size_t at = 0;
  };
  void run(std::int64_t replicate, std::int64_t steps);

  const ClosedForm& problem_;
  ShuffledSgdOptions options_;
  std::int64_t steps_ = 0;
  double scale_ = 0;                                            // c unit
  numerics::Matrix<double> kernel_;                             // H/unit without its null modes
  numerics::Matrix<double> residual_, coefficients_, updates_;  // one row for each replicate
  std::vector<Order> orders_;
};

}  // namespace phaselaw::dynamics
