// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/kernel/kernel.h"
#include "phaselaw/kernel/spectrum.h"
#include "phaselaw/ranks/engine.h"

// The tangent kernel H(X, X), its layers and its spectrum on several ranks, none of which holds the whole matrix.
//
// Layout. The ranks form a near-square grid, P x Q, P <= Q (1 x Q for a prime number). Sequences are dealt out in
// groups of g: rank (p, q) owns the blocks of H with row group p modulo P and column group q modulo Q. This is
// ScaLAPACK's block-cyclic layout with blocks of g (rows of a sequence). g is 1, or as many as make kLeastBlock rows. H
// is symmetric: the rank's rows, row-major, are ScaLAPACK's columns, column-major, and nothing is copied.
//
// Work. A rank recomputes the forward and backward passes of its own sequences and then computes its blocks of the
// upper triangle by Algorithm::sandwich; no messages are sent while the kernel is computed.
//
// Memory per rank: (rows of H)^2 / ranks for each matrix; the same again during the computation of a spectrum if blocks
// are longer than kLongestBlock (they are redistributed in blocks of kSolverBlock), and twice that with eigenvectors;
// B, factors and traces of n / P + n / Q sequences during the computation of the kernel. planned() reports it
// beforehand.
//
// Accuracy: H as in kernel.h; eigenvalues within c n eps ||H|| (p?syev), as on one process.
// Errors: InputError for another algorithm than sandwich, for more memory per rank than the limit, and if the part of a
// rank has more than 2^31 numbers (ScaLAPACK counts in 32 bits); RunError if ScaLAPACK fails. Source: [T].
namespace phaselaw::ranks {

inline constexpr std::int64_t kLeastBlock = 32, kLongestBlock = 128, kSolverBlock = 64;

struct GridShape {
  int rows = 1, cols = 1;  // P, Q
};
[[nodiscard]] GridShape grid_for(int ranks);

// The distribution of the rows of a dimension: blocks of `block` rows, block i at place i modulo `places`.
struct Cyclic {
  std::int64_t n = 0, block = 1;
  int places = 1;
  [[nodiscard]] std::int64_t blocks() const { return (n + block - 1) / block; }
  [[nodiscard]] std::int64_t length(std::int64_t i) const { return std::min(block, n - i * block); }
  [[nodiscard]] int place(std::int64_t i) const { return static_cast<int>(i % places); }
  [[nodiscard]] std::int64_t own(int place) const;  // number of rows at the place
  [[nodiscard]] std::int64_t start(std::int64_t i) const {
    return i / places * block;
  }                                                                  // position of block i among the place's own
  [[nodiscard]] std::vector<std::int64_t> numbers(int place) const;  // of the rows at the place
};

struct DistributedPlan {
  GridShape grid;
  std::int64_t group = 1;    // sequences per block
  double matrix_bytes = 0;   // of one matrix, on the rank with the largest part
  double matrices = 1;       // the total and its parts
  double solver_bytes = 0;   // in addition, during the computation of a spectrum
  double scratch_bytes = 0;  // in addition, during the computation of the kernel
  [[nodiscard]] double bytes() const { return matrices * matrix_bytes + std::max(solver_bytes, scratch_bytes); }
};
// The plan for n sequences on this many ranks. InputError as above.
[[nodiscard]] DistributedPlan plan_distributed(const model::ModelOptions& model, std::int64_t n, int ranks,
                                               const kernel::KernelOptions& options, std::size_t scalar_bytes);

template <class T>
class DistributedKernel {
 public:
  // All members that are not const are collective. The engine must outlive this object.
  DistributedKernel(Engine& engine, const model::Transformer<T>& model, std::span<const T> theta,
                    const model::Inputs<T>& inputs, const kernel::KernelOptions& options);

  [[nodiscard]] std::int64_t rows() const { return rows_.n; }
  [[nodiscard]] const std::vector<kernel::KernelPart<T>>& parts() const { return own_.parts; }  // values: own blocks
  [[nodiscard]] const DistributedPlan& plan() const { return plan_; }
  [[nodiscard]] double flop() const { return flop_; }  // total of all ranks
  [[nodiscard]] double seconds() const { return own_.seconds; }
  [[nodiscard]] double own_bytes() const;  // of this rank's matrices

  // The matrix's rows from the first to the last in pieces, on rank 0; `take` is called only there. Rank 0 holds at
  // most kPieceNumbers of them at a time. `part`: index of parts(), -1 for the total.
  void gather(int part, const std::function<void(std::span<const T>)>& take);
  static constexpr std::int64_t kPieceNumbers = 1 << 22;

  // The eigenvalues of the part; destroys its matrix and frees it.
  [[nodiscard]] kernel::Spectrum spectrum(int part);
  // The same for the total in double, with (v_i^T y)^2 in the order of the eigenvalues; y of n_rows on every rank.
  // Checked by sum lambda_i (v_i^T y)^2 = y^T H y within 10 n eps ||H|| ||y||^2, otherwise RunError.
  struct WithCoefficients {
    kernel::Spectrum spectrum;
    std::vector<double> coefficients;
  };
  [[nodiscard]] WithCoefficients spectrum_with_coefficients(std::span<const double> y);

 private:
  [[nodiscard]] numerics::Matrix<T>& matrix(int part);
  [[nodiscard]] Layout layout() const { return {rows_.n, rows_.block, plan_.grid.cols, plan_.grid.rows}; }
  [[nodiscard]] Layout solver_layout() const;
  template <class U>
  [[nodiscard]] std::vector<U> for_solver(numerics::Matrix<T>& values);
  void append_row(const numerics::Matrix<T>& values, std::int64_t row, std::vector<T>& to) const;

  Engine& engine_;
  DistributedPlan plan_;
  int p_ = 0, q_ = 0;   // place in the grid
  Cyclic rows_, cols_;  // rows of H over P, columns over Q
  kernel::DenseKernel<T> own_;
  double flop_ = 0;
};

extern template class DistributedKernel<float>;
extern template class DistributedKernel<double>;

}  // namespace phaselaw::ranks
