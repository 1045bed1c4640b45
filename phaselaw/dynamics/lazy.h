// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/base/constants.h"
#include "phaselaw/dynamics/full_batch.h"

// How lazy a trajectory theta(t) is compared with its start, per layer nu and in total. H^(nu) = J_nu J_nu^T on the
// training inputs (kernel/kernel.h), D = H(t) - H(0):
//
//   drift             ||D||_F / ||H(0)||_F
//   drift_norm        ||D||_2;  H(t) is certainly positive definite while it is <= lambda_min(H(0)) / 2    [S]
//   radius            ||theta_nu(t) - theta_nu(0)||_2
//   alignment         y^T H(t) y / (||y||^2 ||H(t)||_F), in [0, 1]: kernel-target alignment
//   linearisation     ||F(theta_t) - F(theta_0) - J(theta_0)(theta_t - theta_0)|| / ||r_0||,   r_0 = F(theta_0) - Y
//
// The method depends on the number of rows n L o:
//   dense (rows <= dense_rows)   exact matrices. Memory: parts + 2 matrices of rows^2 doubles, and as many again during
//                                a record. Cost per record: one dense kernel by layers (kernel/planner.h) and, for
//                                drift_norm, about 20 to 100 Lanczos products of 4 rows^2 flop per part. At the start
//                                also (4/3) rows^3 flop per part for lambda_min.
//   matrix-free                  ||D||_F^2 and ||H(0)||_F^2 by Hutchinson: E ||D z||^2 = ||D||_F^2 for random signs z.
//                                Each square is unbiased; the probes are drawn once and kept, so that a curve over t is
//                                smooth. drift_error is the standard error of the ratio (delete-one-probe jackknife).
//                                Memory: probes (parts + 1) rows doubles, and the activations. Cost per record: for
//                                each probe one VJP and one JVP for the total and one JVP per part, each at most
//                                4 n L P flop; drift_norm: about 20 to 100 Lanczos products of 4 VJP and 4 JVP, for the
//                                total only.
// Linearisation costs a JVP at theta_0 (6 n L P) and a forward pass, on train and on test inputs.
// Accuracy: dense, the rounding of the kernel in double (1e-12 of ||H||); matrix-free, drift_error; drift_norm to 1e-4.
// Source: docs/dynamics.md, Lazy or rich; docs/kernel.md, Matrix-free [T].
namespace phaselaw::dynamics {

struct LazyOptions {
  std::int64_t dense_rows = 2048;  // with at most this many rows: dense
  std::int64_t probes = 16;        // matrix-free: random vectors, >= 2
  bool drift_norm = true;          // also compute ||D||_2
  std::uint64_t seed = 0;          // seed of the probes
  int threads = 0;                 // 0: one per core
};

// One layer, or all parameters together. NaN means unknown.
struct Laziness {
  std::string name;  // "total", "layers.0", "encoder.0", "embed", "out"
  double drift = base::kNaN, drift_error = 0;
  double drift_norm = base::kNaN;  // per layer: dense only
  double radius = 0;
  double alignment = base::kNaN;  // matrix-free: ||H||_F by the same probes
};

struct LazyRecord {
  double time = 0;
  Laziness total;
  std::vector<Laziness> parts;        // only parts with a trainable block, in the order of LazyRecorder::parts()
  double linearisation = base::kNaN;  // on train inputs, relative to ||r_0||
  double linearisation_of_move = base::kNaN;  // the same error relative to ||F(theta_t) - F(theta_0)||; NaN at start
  double test_linearisation = base::kNaN;     // on test inputs, relative to their ||r_0||
};

// The quantities that stay fixed along the trajectory.
struct LazyStart {
  std::string name;
  double kernel_norm = 0;          // ||H(0)||_F (matrix-free: estimated)
  double lambda_min = base::kNaN;  // of H(0); dense only
  double lambda_max = base::kNaN;  // dense only
};

class LazyRecorder {
 public:
  // Copies theta_0; refers to the data. With cross-entropy, the Y in r_0 and y is the one-hot target, and r_0 =
  // softmax(F) - Y. InputError as kernel::dense_kernel and validate(FlowData).
  LazyRecorder(const model::ModelOptions& model, std::span<const double> theta_0, const FlowData& train,
               const std::optional<FlowData>& test = std::nullopt, const LazyOptions& options = {});
  ~LazyRecorder();
  LazyRecorder(LazyRecorder&&) noexcept;
  LazyRecorder& operator=(LazyRecorder&&) noexcept;

  [[nodiscard]] bool is_dense() const;
  [[nodiscard]] const LazyStart& total() const;
  [[nodiscard]] const std::vector<LazyStart>& parts() const;

  // Measures at theta and appends to records(); `time` is chosen by the caller: flow time or step.
  const LazyRecord& record(double time, std::span<const double> theta);
  const LazyRecord& record(double time, std::span<const float> theta);

  [[nodiscard]] const std::vector<LazyRecord>& records() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace phaselaw::dynamics
