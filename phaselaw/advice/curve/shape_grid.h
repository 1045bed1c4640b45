// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <span>
#include <vector>

// Least squares of a curve's blocks for given shape parameters (q, u), where everything else is linear:
//
//   loss = E + A y(x) - K z,   E >= 0, A >= 0, K >= 0
//   power      y = (1 + x/(q u))^-q     q up to 1e5, which is the exponential exp(-x/u) to within 1e-5 of its exponent
//   two-stage  y = exp(-q W0(x/u))
// x >= 0 is the clock from the start of the fit and z the optional column of a falling learning rate, at least 0. If K
// would be negative, the column is left out. If A would be negative, the curve is constant.
//
// Accuracy: 1e-10 relative in y. Cost: about 5 ns per block and point; no allocation after the construction.
namespace phaselaw::advice {

struct ShapePoint {
  double q = 0, u = 0;
  double chi2 = 0, floor = 0, amplitude = 0, drop = 0;  // drop: K
  double mean_shape = 0, variation = 0;  // of y over the blocks, weighted: mean, and sum of squares about it
  double curvature = 0;                  // h: chi2 rises by h (E - floor)^2, with A and K at their best for each E
};

// Exponents of a scan: 0.06 2^(k/4), k = 0 .. 25, and larger ones up to the exponential.
inline constexpr std::size_t kChainedExponents = 26;
[[nodiscard]] const std::vector<double>& scanned_exponents(bool two_stage);

class ShapeGrid {
 public:
  // z may be empty. All spans have the same length, at least 2.
  ShapeGrid(bool two_stage, std::span<const double> x, std::span<const double> loss, std::span<const double> error,
            std::span<const double> z);

  [[nodiscard]] ShapePoint at(double q, double u);
  // For every exponent of kExponents (two-stage: those up to 6) the best u on a grid from lo to hi with this ratio of
  // neighbours. The values of y share their logarithms, and those of doubled exponents are squares, so that a point
  // costs a fifth of at().
  struct Best {
    double q = 0, u = 0, chi2 = 0;
  };
  [[nodiscard]] std::vector<Best> scan(double lo, double hi, double ratio);
  [[nodiscard]] double weights() const { return sw_; }  // sum of 1/error^2
  // y of one point, at the blocks.
  [[nodiscard]] const Eigen::ArrayXd& shape(double q, double u);
  // y at any clock.
  [[nodiscard]] static double shape_at(bool two_stage, double q, double u, double x);

 private:
  // Sums over the blocks of the shape y: weights times y, y^2, y (loss - mean) and y z.
  struct Sums {
    double y = 0, yy = 0, yl = 0, yz = 0;
  };
  [[nodiscard]] Sums sums_of_shape() const;
  [[nodiscard]] ShapePoint solve(const Sums& s) const;
  [[nodiscard]] ShapePoint solve_with_drop(const ShapePoint& plain, const Sums& s) const;
  // Solves the shapes exp(-q L) for the logarithms L of u or q u, for the exponents of one chain of doublings.
  void scan_chain(std::size_t chain, double scale, double lo, double hi, std::vector<Best>& best);

  bool two_stage_;
  Eigen::ArrayXd x_, w_, wl_, wz_, y_, log_;
  double sw_ = 0, mean_ = 0, sll_ = 0;  // weights, mean loss, squares of the loss about its mean
  double sz_ = 0, szz_ = 0, szl_ = 0;   // z, z^2, z times the loss about its mean
  bool with_drop_ = false;
};

}  // namespace phaselaw::advice
