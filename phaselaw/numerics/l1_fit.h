// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "phaselaw/numerics/least_squares.h"

// Least absolute deviations, exactly: of linear residuals by a walk from vertex to vertex, of smooth non-linear ones by
// a sequence of such linear problems.
//
//   minimise  F(p) = sum_i w_i |r_i(p)|   subject to  lower_j <= p_j <= upper_j
//
// F has a kink where a residual is 0, so a minimum usually lies where as many residuals are 0 as there are free
// parameters. p is a minimum to first order if multipliers exist with
//
//   sum_{r_i != 0} w_i sign(r_i) grad r_i + sum_{r_i = 0} m_i grad r_i = 0 (<= 0, >= 0 at an upper, lower bound),
//   |m_i| <= w_i.
//
// Sources: the walk, Bloomfield and Steiger, Least Absolute Deviations, 1983 [T]; the sequence with steps in the null
// space of the zero residuals, Fletcher and Sainz de la Maza 1989 [T].
namespace phaselaw::numerics {

// min over d of sum_i w_i |r_i + J_i d|, lower <= d <= upper (all finite).
struct LinearL1Problem {
  std::size_t n_parameters = 0;       // 1 to kMaxSmallParameters
  std::span<const double> residuals;  // n
  std::span<const double> jacobian;   // n x n_parameters, row-major
  std::span<const double> weights;    // n, >= 0; empty: all 1
  std::vector<double> lower, upper;   // with lower <= 0 <= upper
};

struct LinearL1Result {
  std::vector<double> step;         // d
  std::vector<std::size_t> active;  // rows that are 0 at d, with linearly independent gradients
  std::vector<double> multipliers;  // m_i of every row; w_i sign(residual) outside `active`
  double cost = 0;                  // of the linear problem, at d
  int pivots = 0;
  bool optimal = false;  // no edge descends; false: the pivots were used up
};

// Exact to rounding. Rows that are 0 by coincidence (degenerate vertices) are told apart by shifts of 1e-14 of the
// largest residual. Cost: one pass over the rows for each pivot, O(n (n_parameters + log n)); about 2 n_parameters
// pivots.
[[nodiscard]] LinearL1Result minimise_linear_l1(const LinearL1Problem& problem);

struct L1Result {
  std::vector<double> parameters;
  double cost = 0;  // F
  // The certificate: multipliers m_i in [-w_i, w_i] with sum_i m_i grad r_i near 0. F is then, to first order, nowhere
  // lower than sum_i m_i r_i.
  double gap = 1;           // (F - sum_i m_i r_i) / F
  double stationarity = 1;  // max_j |sum_i m_i dr_i/dp_j| / sum_i w_i |dr_i/dp_j|, 0 at a bound that holds p_j back
  std::size_t n_zero = 0;   // residuals that are 0 to rounding
  int iterations = 0;
  bool certified = false;  // gap <= 1e-10 and stationarity <= 1e-6
};

// From a start near a minimum, such as that of the smoothed problem. problem.n_plain is 0. Converges quadratically where
// the minimum is a vertex, and by Newton steps within the zero residuals where it is not. It never ends above the start.
// Cost: some evaluations and linear problems; in the null space two evaluations per dimension and step.
[[nodiscard]] L1Result minimise_l1(const LeastSquaresProblem& problem, std::span<const double> start,
                                   int max_iterations = 100);

}  // namespace phaselaw::numerics
