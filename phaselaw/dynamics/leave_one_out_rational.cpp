// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <map>
#include <span>
#include <vector>

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/LU>

#include "phaselaw/base/team.h"
#include "phaselaw/dynamics/leave_one_out_methods.h"
#include "phaselaw/dynamics/rational_exponential.h"
#include "phaselaw/numerics/gemm.h"

namespace phaselaw::dynamics::leave_one_out_methods {

namespace {

using numerics::Matrix;
using numerics::Vector;

// Eigenvalues of a projector's block: 0 if the left-out rows lie in the range of the others, otherwise of order 1.
constexpr double kInRange = 1e-10;

// Columns of a panel of products v_ir v_is; it stays in the cache for any usual number of rows.
constexpr Eigen::Index kPanel = 128;
constexpr double kTableBytes = 6.4e7;
// To rounding, exp(-x) is 1 below the first and 0 above the second.
constexpr double kNothingLearned = 1e-17, kAllLearned = 40;

// The blocks of one fold: the upper triangle of V_a^T D V_a, then V_a^T D V r.
Eigen::Index pair_columns(Eigen::Index held) { return held * (held + 1) / 2 + held; }

// 1/(h_i + delta_j) for every pole of some times: rows 2p and 2p + 1 are real and imaginary part, p over times and
// poles.
struct Resolvents {
  Matrix<double> table;
  std::vector<std::complex<double>> weights;  // b_j
  Eigen::Index poles_per_time = 1;

  Resolvents(std::span<const double> h, std::span<const double> times, double trained_on) {
    Eigen::Index row = 0;
    for (const double t : times) {
      const auto poles = flow_as_ridges(2 * t / trained_on);
      poles_per_time = static_cast<Eigen::Index>(poles.size());
      if (row == 0)
        table.resize(2 * poles_per_time * static_cast<Eigen::Index>(times.size()), static_cast<Eigen::Index>(h.size()));
      for (const auto& [weight, ridge] : poles) {
        weights.push_back(weight);
        for (std::size_t i = 0; i < h.size(); ++i) {
          // Scaled, because the poles may have any magnitude.
          const double scale = std::abs(h[i] + ridge.real()) + std::abs(ridge.imag());
          const double real = (h[i] + ridge.real()) / scale, imaginary = ridge.imag() / scale;
          const double square = (real * real + imaginary * imaginary) * scale;
          table(row, static_cast<Eigen::Index>(i)) = real / square;
          table(row + 1, static_cast<Eigen::Index>(i)) = -imaginary / square;
        }
        row += 2;
      }
    }
  }
};

// One fold in the eigenvectors of H: column i of `part` is v_i on the fold's rows.
class Fold {
 public:
  Fold(const EigenSystem& system, const Vector<double>& along, const std::vector<std::int64_t>& rows)
      : h_(system.spectrum.eigenvalues.data(), static_cast<Eigen::Index>(system.spectrum.eigenvalues.size())),
        rank_(system.spectrum.numerical_rank),
        along_(along),
        part_(system.vectors(Eigen::all, rows).transpose()) {}

  // At each of the resolvents' times: sum_j b_j [((H + delta_j)^-1)_aa]^-1 ((H + delta_j)^-1 r)_a, over conjugate
  // pairs. The blocks of all times and poles are one product: sums over i of v_ir v_is (or v_ir along_i) times 1/(h_i +
  // delta).
  Matrix<double> at(const Resolvents& resolvents) {
    const Eigen::Index held = part_.rows(), size = part_.cols(), columns = pair_columns(held);
    const Eigen::Index rows = resolvents.table.rows();
    gram_.resize(rows, columns);
    for (Eigen::Index from = 0; from < columns; from += kPanel) {
      const Eigen::Index count = std::min(kPanel, columns - from);
      fill_panel(from, count);
      numerics::gemm<double>(numerics::Op::none, numerics::Op::transpose, rows, count, size, 1.0,
                             resolvents.table.data(), size, panel_.data(), size, 0.0, gram_.data() + from, columns);
    }
    const auto poles = static_cast<Eigen::Index>(resolvents.weights.size());
    Matrix<double> result = Matrix<double>::Zero(poles / resolvents.poles_per_time, held);
    Eigen::MatrixXcd block(held, held);
    Eigen::VectorXcd alpha(held);
    for (Eigen::Index p = 0; p < poles; ++p) {
      const double *real = gram_.row(2 * p).data(), *imaginary = gram_.row(2 * p + 1).data();
      Eigen::Index c = 0;
      for (Eigen::Index r = 0; r < held; ++r)
        for (Eigen::Index s = r; s < held; ++s, ++c) block(r, s) = block(s, r) = {real[c], imaginary[c]};
      for (Eigen::Index r = 0; r < held; ++r, ++c) alpha[r] = {real[c], imaginary[c]};
      result.row(p / resolvents.poles_per_time) +=
          2 * (resolvents.weights[static_cast<std::size_t>(p)] * block.partialPivLu().solve(alpha)).real().transpose();
    }
    return result;
  }

  // The limit of the ridge formula for ridge -> 0. Null vectors of H make (A^-1)_aa = B / ridge + P with the block B of
  // their projector: the null space alone determines the part in the range of B, and P the rest, on the null space of
  // B.
  Vector<double> at_infinity() {
    const Eigen::Index size = h_.size(), null = size - rank_;
    Eigen::ArrayXd inverse = Eigen::ArrayXd::Zero(size);
    inverse.head(rank_) = h_.head(rank_).array().inverse();
    const Eigen::MatrixXd whole = part_ * inverse.matrix().asDiagonal() * part_.transpose();
    const Eigen::VectorXd scaled = inverse * along_.array();
    const Eigen::VectorXd alpha = part_ * scaled;
    const Eigen::MatrixXd null_part = part_.rightCols(null).transpose();
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> seen(null_part.transpose() * null_part);
    const Eigen::VectorXd null_alpha =
        seen.eigenvectors().transpose() * (null_part.transpose() * along_.tail(null)).eval();
    const auto in_range = (seen.eigenvalues().array() <= kInRange).count();
    Eigen::VectorXd e = Eigen::VectorXd::Zero(part_.rows());
    for (Eigen::Index k = in_range; k < e.size(); ++k)
      e += null_alpha[k] / seen.eigenvalues()[k] * seen.eigenvectors().col(k);
    const Eigen::MatrixXd basis = seen.eigenvectors().leftCols(in_range);
    const Eigen::MatrixXd inner = basis.transpose() * whole * basis;
    if (in_range > 0) e += basis * inner.llt().solve(basis.transpose() * (alpha - whole * e).eval());
    return e;
  }

 private:
  // Columns from, from + 1, ... of the products: (r, s) with r <= s row by row, then r with `along`.
  void fill_panel(Eigen::Index from, Eigen::Index count) {
    const Eigen::Index held = part_.rows();
    panel_.resize(count, part_.cols());
    Eigen::Index c = 0;
    const auto put = [&](auto&& product) {
      if (c >= from && c < from + count) panel_.row(c - from) = product;
      ++c;
    };
    for (Eigen::Index r = 0; r < held; ++r) {
      if (c + held - r <= from || c >= from + count) {
        c += held - r;
        continue;
      }
      for (Eigen::Index s = r; s < held; ++s) put(part_.row(r).cwiseProduct(part_.row(s)));
    }
    for (Eigen::Index r = 0; r < held; ++r) put(part_.row(r).cwiseProduct(along_.transpose()));
  }

  Eigen::Map<const Vector<double>> h_;
  Eigen::Index rank_;
  const Vector<double>& along_;
  Matrix<double> part_, panel_, gram_;
};

}  // namespace

void rational(const SequenceProblem& problem, std::span<const double> times,
              std::span<const std::vector<std::int64_t>> folds, Matrix<double>& residuals) {
  EigenSystem system = eigen_system(problem.kernel);
  // Removes the rounding errors in the null space, of either sign.
  for (double& h : system.spectrum.eigenvalues) h = h > system.spectrum.noise_floor ? h : 0;
  const Vector<double> residual = problem.residual(), along = system.vectors * residual;
  const auto n = problem.n_sequences();
  const auto& spectrum = system.spectrum;
  std::map<std::size_t, std::vector<std::size_t>>
      by_size;  // folds with equally many training sequences share the resolvents
  for (std::size_t f = 0; f < folds.size(); ++f) by_size[folds[f].size()].push_back(f);

  const numerics::OneBlasThread one;
  base::Team team(base::thread_count(0));
  for (const auto& group : by_size) {
    const std::size_t size = group.first;
    const std::vector<std::size_t>& members = group.second;
    const auto trained_on = static_cast<double>(n - static_cast<std::int64_t>(size));
    const auto held = static_cast<Eigen::Index>(size) * problem.rows_per_sequence;
    const auto each = [&](const auto& what) {
      team.run(static_cast<std::int64_t>(members.size()), [&](std::int64_t m, int) {
        const auto rows = rows_of(folds[members[static_cast<std::size_t>(m)]], problem.rows_per_sequence);
        what(Fold(system, along, rows), rows);
      });
    };
    // Before the first time that changes anything, and after the last one that rounding can resolve, the limits are
    // exact.
    std::vector<Eigen::Index> early, middle, late;
    std::vector<double> middle_times;
    for (std::size_t t = 0; t < times.size(); ++t) {
      const double rate = 2 * times[t] / trained_on;
      const auto at = static_cast<Eigen::Index>(t);
      if (times[t] == 0 || rate * spectrum.lambda_max < kNothingLearned)
        early.push_back(at);
      else if (std::isinf(times[t]) || rate * spectrum.noise_floor > kAllLearned)
        late.push_back(at);
      else
        middle.push_back(at), middle_times.push_back(times[t]);
    }
    each([&](Fold fold, const std::vector<Eigen::Index>& rows) {
      for (const auto t : early) residuals.row(t)(rows) = residual(rows).transpose();
      if (late.empty()) return;
      const Vector<double> end = fold.at_infinity();
      for (const auto t : late) residuals.row(t)(rows) = end.transpose();
    });
    const auto widest = static_cast<double>(std::max(along.size(), pair_columns(held)));
    const auto chunk =
        std::max<std::size_t>(1, static_cast<std::size_t>(kTableBytes / (sizeof(double) * kFlowPoles * widest)));
    for (std::size_t from = 0; from < middle.size(); from += chunk) {
      const std::size_t count = std::min(chunk, middle.size() - from);
      const Resolvents resolvents(spectrum.eigenvalues, std::span(middle_times).subspan(from, count), trained_on);
      each([&](Fold fold, const std::vector<Eigen::Index>& rows) {
        const Matrix<double> found = fold.at(resolvents);
        for (std::size_t t = 0; t < count; ++t)
          residuals.row(middle[from + t])(rows) = found.row(static_cast<Eigen::Index>(t));
      });
    }
  }
}

}  // namespace phaselaw::dynamics::leave_one_out_methods
