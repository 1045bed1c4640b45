// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include <Eigen/QR>

#include "phaselaw/numerics/least_squares.h"
#include "phaselaw/numerics/least_squares_folded.h"
#include "phaselaw/numerics/matrix.h"

// Levenberg-Marquardt by QR decompositions, with bounds: the descent of minimise(). It shares no arithmetic with
// minimise_small, which solves normal equations, so that each is a check of the other.
//
//   A = J / d,  d_j = |J_j| (columns of length 1),  A = Q R,  c = Q^T u
//   step:  y = argmin |R y + c|^2 + mu |D y|^2   over the coordinates that no bound holds,   p_new = p + y / d
//   D_j = (longest |J_j| so far) / d_j, so that a coordinate on which F no longer depends does not run away
//   gain = (F(p) - F(p_new)) / (1/2 |c|^2 - 1/2 |R y + c|^2);  mu follows the gain (Nielsen 1999)
//
// Bounds: a coordinate at a bound does not move if F falls beyond the bound. A step over a bound ends at it, and the
// other coordinates are then solved for again, with this one fixed; this adds at most n_parameters small solutions.
// With large mu the step is the projected gradient step, which lowers F unless the point is stationary.
//
// The condition of A is not squared. All decisions are free of the units of parameters and residuals. Cost of an
// iteration: one evaluation with its Jacobian, a QR decomposition of n_residuals x (n_parameters + 1), and one of
// 2 n_parameters x (n_parameters + 1) for each damping that is tried. With up to 47 parameters, the iterations allocate
// nothing. Sources: More, The Levenberg-Marquardt algorithm (1978) [T]; Nielsen, IMM-REP-1999-05 [T].
namespace phaselaw::numerics {

class QrDescent {
 public:
  QrDescent(const FoldedResiduals& folded, const LeastSquaresOptions& options);

  // Moves to `start`, clamped to the bounds; false if the residuals are not defined there.
  [[nodiscard]] bool start(std::span<const double> start);

  enum class End { flat, short_step, out_of_iterations, undefined_around };
  // Throws base::Interrupted on Ctrl-C.
  End descend();

  // At the lowest point that was found.
  [[nodiscard]] const std::vector<double>& parameters() const { return p_; }
  [[nodiscard]] const Vector<double>& residuals() const { return u_; }
  [[nodiscard]] Matrix<double>& jacobian() { return jacobian_; }
  [[nodiscard]] int iterations() const { return iterations_; }

 private:
  bool evaluate(std::span<const double> p, Vector<double>& u, Matrix<double>& jacobian) const;
  void linearise();
  double propose(double damping);
  void solve(double damping);
  double model_decrease();
  void accept();

  const FoldedResiduals& folded_;
  const LeastSquaresProblem& problem_;
  const LeastSquaresOptions& options_;
  Index k_;
  std::vector<double> p_, next_;
  std::vector<char> held_, fixed_;
  Vector<double> u_, next_u_, scale_, longest_, c_, y_, model_;
  Matrix<double> jacobian_, next_jacobian_;
  Eigen::MatrixXd tall_, stacked_, triangle_;  // column-major, as Eigen's decomposition works
  Eigen::HouseholderQR<Eigen::MatrixXd> tall_qr_, stacked_qr_;
  double cost_ = 0;
  int iterations_ = 0;
};

[[nodiscard]] std::string_view reason(QrDescent::End end);

}  // namespace phaselaw::numerics
