// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "phaselaw/base/team.h"
#include "phaselaw/fitting/law_form.h"
#include "phaselaw/fitting/options.h"
#include "phaselaw/numerics/least_squares.h"

// One form on one data set, minimised repeatedly: from many starts, with other weights, or with a coordinate fixed.
//
// Only rows with weight are evaluated, so the cost of a resample is that of its distinct rows. From 65,536 rows on,
// FitOptions::threads threads share the rows of each evaluation, with the same bits for any number of them. Not
// thread-safe: use one per thread.
namespace phaselaw::fitting {

class Refitter {
 public:
  // Keeps a reference to the form. InputError for an output without a logarithm, unless the objective is raw.
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
                                                   bool warm = false, int max_iterations = 300);
  // From a start near the optimum, until a step would lower the objective by at most `decrease`.
  [[nodiscard]] numerics::LeastSquaresResult solve_to(std::span<const double> start, double decrease);
  // Refines an optimum to the last digits. Objectives of absolute values are solved exactly (numerics/l1_fit.h).
  [[nodiscard]] numerics::LeastSquaresResult polish(std::span<const double> optimum);
  [[nodiscard]] numerics::LeastSquaresResult certify(std::span<const double> start) const;  // by the second solver
  // Cost, scaled gradient and condition number at theta.
  [[nodiscard]] numerics::LeastSquaresResult measure(std::span<const double> theta) const;

  // r_i of every row as in the objective, except for the asymmetry, and the Jacobian with respect to theta unless
  // empty.
  void residuals(std::span<const double> theta, std::span<double> residual, std::span<double> jacobian) const;
  // ln L_i - ln L(x_i; theta) of every row; NaN where there is no logarithm.
  [[nodiscard]] std::vector<double> log_residuals(std::span<const double> theta) const;
  // The same on the scale of the objective: L_i - L(x_i; theta) if it is raw. Without weights, errors or asymmetry.
  [[nodiscard]] std::vector<double> own_residuals(std::span<const double> theta) const;

  [[nodiscard]] const LawForm& form() const { return form_; }
  [[nodiscard]] std::span<const double> weights() const { return base_weights_; }  // the user's, with mean 1
  [[nodiscard]] std::span<const double> lower() const { return lower_; }
  [[nodiscard]] std::span<const double> upper() const { return upper_; }

  // Whether threads share the rows, so that the caller should not run several refitters at a time.
  [[nodiscard]] bool shares_rows() const { return team_ != nullptr; }
  [[nodiscard]] bool raw() const { return raw_; }
  [[nodiscard]] double variance_inflation() const { return variance_inflation_; }

  // The robust part of the objective, and the residual at which it changes from squares to absolute values.
  [[nodiscard]] const numerics::LeastSquaresOptions& solver_options() const { return options_; }

 private:
  // At `rows`; if they are empty, at residual.size() rows from `first` on.
  struct Part {
    std::span<const std::size_t> rows;
    std::size_t first = 0;
    std::span<double> residual, jacobian;
  };
  bool evaluate(std::span<const std::size_t> rows, std::span<const double> theta, std::span<double> residual,
                std::span<double> jacobian, bool asymmetric) const;
  bool evaluate_part(const Part& part, std::span<const double> theta, bool asymmetric,
                     laws::EvaluatorWorkspace& workspace) const;

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
  std::unique_ptr<base::Team> team_;                                       // for many rows only
  mutable std::vector<laws::EvaluatorWorkspace> evaluator_workspaces_{1};  // one for each thread
  // Of attract().
  const Quantity* quantity_ = nullptr;
  double target_ = 0;
};

// The gradient of a quantity by central differences, one-sided where a bound is nearer than the step.
void gradient_of(const Refitter::Quantity& quantity, std::span<const double> theta, std::span<const double> lower,
                 std::span<const double> upper, std::span<double> gradient);

}  // namespace phaselaw::fitting
