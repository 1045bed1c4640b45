// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "phaselaw/fitting/law_form.h"
#include "phaselaw/fitting/options.h"
#include "phaselaw/numerics/least_squares.h"

// One form on one data set, minimised repeatedly: from many starts, with other weights, or with a coordinate fixed.
//
// Only rows with weight are evaluated, so the cost of a resample is that of its distinct rows. Not thread-safe: use one
// per thread.
namespace phaselaw::fitting {

class Refitter {
 public:
  // Keeps a reference to the form.
  Refitter(const LawForm& form, const FitOptions& options);
  Refitter(const Refitter&) = delete;
  Refitter& operator=(const Refitter&) = delete;

  // Weights of all rows (>= 0), times the user's own.
  void set_weights(std::span<const double> weights);
  void reset_weights();
  // Sets one resample: `rows`, each as often as it was drawn, with shift[i] added to the residual of rows[i] (empty:
  // 0).
  void set_sample(std::span<const std::size_t> rows, std::span<const double> shift);
  [[nodiscard]] std::size_t active_rows() const { return rows_.size(); }

  // The residual at which squares change into absolute values, until the next call; infinity: least squares.
  void set_cut(double delta);
  // Factors on the residuals of the rows, such as the inverse of their relative standard deviation; empty: all 1. They
  // multiply those of FitOptions::sd.
  void set_row_factors(std::span<const double> factors);

  // Holds one coordinate at a value until release().
  void hold(std::size_t coordinate, double theta);
  // Adds 1/2 weight (quantity(theta) - target)^2 to the objective until release(). The quantity is differentiated by
  // central differences. Keeps a reference to it.
  using Quantity = std::function<double(std::span<const double> theta)>;
  void attract(const Quantity& quantity, double target, double weight);
  void release();

  [[nodiscard]] numerics::LeastSquaresResult solve(std::span<const double> start, double gradient_tolerance = 1e-9,
                                                   bool warm = false);
  // From a start near the optimum, until a step would lower the objective by at most `decrease`.
  [[nodiscard]] numerics::LeastSquaresResult solve_to(std::span<const double> start, double decrease, double objective);
  // Refines an optimum to the last digits.
  [[nodiscard]] numerics::LeastSquaresResult polish(std::span<const double> optimum);
  [[nodiscard]] numerics::LeastSquaresResult certify(std::span<const double> start) const;  // by Ceres

  // r_i of every row as in the objective, except for the asymmetry, and the Jacobian with respect to theta unless
  // empty.
  void residuals(std::span<const double> theta, std::span<double> residual, std::span<double> jacobian) const;
  // ln L_i - ln L(x_i; theta) of every row.
  [[nodiscard]] std::vector<double> log_residuals(std::span<const double> theta) const;

  [[nodiscard]] const LawForm& form() const { return form_; }
  [[nodiscard]] std::span<const double> weights() const { return base_weights_; }  // the user's, with mean 1
  [[nodiscard]] std::span<const double> lower() const { return lower_; }
  [[nodiscard]] std::span<const double> upper() const { return upper_; }

  [[nodiscard]] double variance_inflation() const { return variance_inflation_; }

  // The robust part of the objective, and the residual at which it changes from squares to absolute values.
  [[nodiscard]] const numerics::LeastSquaresOptions& solver_options() const { return options_; }

 private:
  bool evaluate(std::span<const std::size_t> rows, std::span<const double> theta, std::span<double> residual,
                std::span<double> jacobian, bool asymmetric, laws::EvaluatorWorkspace& workspace) const;

  const LawForm& form_;
  bool raw_ = false;  // residuals of the loss itself
  double asymmetry_ = 1, variance_inflation_ = 1;
  std::vector<double> base_weights_, lower_, upper_;
  std::vector<double> error_scale_, row_scale_;  // row_scale_: times the factors of set_row_factors; empty: all 1
  std::vector<std::size_t> rows_;
  std::vector<double> shift_;  // empty: 0
  bool all_rows_ = true;       // rows_ are all of them, in order
  numerics::LeastSquaresProblem problem_;
  numerics::LeastSquaresOptions options_;
  numerics::LeastSquaresWorkspace workspace_;
  mutable laws::EvaluatorWorkspace evaluator_workspace_;
  // Of attract().
  const Quantity* quantity_ = nullptr;
  double target_ = 0;
};

// The gradient of a quantity by central differences, one-sided where a bound is nearer than the step.
void gradient_of(const Refitter::Quantity& quantity, std::span<const double> theta, std::span<const double> lower,
                 std::span<const double> upper, std::span<double> gradient);

}  // namespace phaselaw::fitting
