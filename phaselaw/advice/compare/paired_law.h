// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/fitting/fit.h"
#include "phaselaw/numerics/least_squares.h"

// The losses of two recipes as two power laws, fitted together, and the quantities that compare them.
//
//   ln L_ri = ln( E_r + exp(u_r - alpha_r (ln x_ri - c)) ) + e_ri,   e normal with one standard deviation        [T]
//
// r is the baseline or the candidate, x the resource (compute, tokens), c the mean of ln x. The floor E is known, common
// to both recipes, or separate. 0 <= alpha <= kLargestExponent, and 0 <= E below the smallest loss.
//
//   speed-up     s(x): L_baseline(s x) = L_candidate(x). With a common floor ln s is linear in the laws divided by the
//                baseline's exponent, a ratio of normal variables as in Fieller's theorem
//   difference   alpha_candidate - alpha_baseline
//   growth       alpha_candidate/alpha_baseline - 1: with a common floor s grows as x to this power
//
// Intervals are profiles with Student's threshold: a value v is refuted if
//   RSS(v) - RSS > F(level; 1, nu) RSS/nu,   nu = rows - parameters that the budgets determine
// RSS(v) is minimised with v imposed exactly: one parameter is eliminated. An end that no value refutes is unset. A
// floor that the budgets do not determine (two budgets for each recipe) therefore widens the interval by all floors.
// RSS/nu is at least the variance of the rounding of the losses, so that equal rounded losses are no exact ones.
// The rows are independent runs; every quantity has NaN and no ends where nu < 1. Cost: about 0.3 ms for an interval of
// 20 rows. Errors: InputError for values that are not positive and finite and for a floor that is not below all losses.
// Source: [R]; profiles [T: Bates and Watts 1988, chapter 6].
namespace phaselaw::advice {

inline constexpr double kLargestExponent = 10;

// The runs of one recipe: what each cost and its loss.
struct RecipePoints {
  std::vector<double> resource, loss;
};

struct PairedLawOptions {
  std::optional<double> floor;   // known, of both recipes
  bool separate_floors = false;  // without a known one: each recipe has its own
  double level = 0.95;
  double tolerance = 0.02;  // resources within this relative distance are one budget
};

class PairedLaw {
 public:
  enum Recipe : std::size_t { baseline = 0, candidate = 1 };

  PairedLaw(const RecipePoints& baseline, const RecipePoints& candidate, const PairedLawOptions& options);

  [[nodiscard]] double dof() const { return dof_; }      // nu
  [[nodiscard]] double noise() const { return noise_; }  // standard deviation of ln L about the laws; NaN if nu < 1
  [[nodiscard]] double squares() const { return best_.cost * 2; }  // RSS
  // The number of parameters that the budgets determine.
  [[nodiscard]] std::size_t rank() const { return rank_; }
  // Whether the floor is known, or some recipe has the three budgets that determine it. Otherwise exponents and speed-ups
  // have intervals over all floors and no value.
  [[nodiscard]] bool determines_floor() const { return options_.floor || floors_ > 0; }
  // Whether the exponent of the recipe can be found from its budgets.
  [[nodiscard]] bool has_slope(Recipe recipe) const { return cells_[recipe] >= 2; }

  [[nodiscard]] double loss(Recipe recipe, double resource) const;
  [[nodiscard]] double exponent(Recipe recipe) const;
  [[nodiscard]] double floor(Recipe recipe) const;
  // s at the candidate's resource; infinite if the baseline never reaches the loss.
  [[nodiscard]] double speedup(double resource) const;

  [[nodiscard]] fitting::Estimate speedup_interval(double resource) const;
  [[nodiscard]] fitting::Estimate loss_interval(Recipe recipe, double resource) const;
  [[nodiscard]] fitting::Estimate exponent_interval(Recipe recipe) const;
  [[nodiscard]] fitting::Estimate difference_interval() const;
  [[nodiscard]] fitting::Estimate growth_interval() const;
  [[nodiscard]] fitting::Estimate floor_interval(Recipe recipe) const;
  // Two-sided p value of s(x) = 1: the recipes have the same loss at x. NaN if nu < 1.
  [[nodiscard]] double p_equal(double resource) const;
  // p value of a hypothesis that adds `constraints` to these laws, from its RSS. NaN if nu < 1.
  [[nodiscard]] double p_value(double squares, double constraints = 1) const;
  // p value of the laws against laws with a curvature in ln x of each recipe: the score test of ln^2 x with F. NaN with
  // fewer than two spare degrees of freedom, or fewer than four budgets of both recipes.
  [[nodiscard]] double p_curved() const;
  // Residuals of the baseline's rows, then of the candidate's.
  [[nodiscard]] std::vector<double> residuals() const;

 private:
  // u, alpha of the baseline; u, alpha of the candidate; both floors, in units of the smallest loss.
  enum Coordinate : std::size_t { kLevelA, kExponentA, kLevelB, kExponentB, kFloorA, kFloorB, kNoCoordinate };
  using Full = std::array<double, 6>;
  static std::size_t level_of(std::size_t recipe) { return recipe == baseline ? kLevelA : kLevelB; }
  static std::size_t exponent_of(std::size_t recipe) { return recipe == baseline ? kExponentA : kExponentB; }
  static std::size_t floor_of(std::size_t recipe) { return recipe == baseline ? kFloorA : kFloorB; }
  // One parameter as a function of the others and of the value that is imposed.
  struct Constraint {
    std::size_t eliminated = kNoCoordinate;
    std::function<bool(const Full&, double value, double& out, Full& gradient)> solve;
  };
  struct Search {
    double value = 0, first_step = 0;
    double least = 0, most = 0;                         // the range of values
    bool bounded_below = false, bounded_above = false;  // whether no value beyond the range is possible
  };
  struct Row {
    std::size_t recipe = 0;
    double y = 0, log_loss = 0;
  };

  [[nodiscard]] std::vector<std::size_t> free_coordinates(const Constraint& constraint) const;
  [[nodiscard]] bool expand(std::span<const double> free, const std::vector<std::size_t>& which,
                            const Constraint& constraint, double value, Full& full, Full& gradient) const;
  [[nodiscard]] numerics::LeastSquaresResult minimise(const Full& start, const Constraint& constraint, double value,
                                                      Full& full) const;
  void fit();
  [[nodiscard]] std::vector<Full> starts() const;
  [[nodiscard]] double rise(const Constraint& constraint, double value, Full& full) const;  // over the threshold
  [[nodiscard]] std::optional<double> end(const Constraint& constraint, const Search& search, double sign) const;
  [[nodiscard]] fitting::Estimate interval(std::string name, const Constraint& constraint, const Search& search) const;
  [[nodiscard]] Constraint speedup_constraint(double resource) const;

  PairedLawOptions options_;
  std::vector<Row> rows_;
  std::array<std::size_t, 2> cells_{};
  std::array<double, 2> largest_floor_{};
  double centre_ = 0, unit_ = 1;                               // of ln x; of the loss
  std::size_t rank_ = 0, floors_ = 0;                          // floors_: that the budgets determine
  double dof_ = 0, noise_ = 0, variance_ = 0, threshold_ = 0;  // variance_: of ln L; threshold_: rise of RSS
  double rounding_ = 0;                                        // mean square of the rounding of ln L
  numerics::LeastSquaresResult best_;
  Full full_{};
};

}  // namespace phaselaw::advice
