// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "phaselaw/fitting/calibration.h"
#include "phaselaw/fitting/interval.h"
#include "phaselaw/fitting/refit.h"

// Profile intervals of coordinates and of quantities g(theta): the values g0 that the threshold of calibration.h does
// not refute, with the objective minimised under g(theta) = g0.
//
// A coordinate is held. Any other quantity is pulled towards g0 by a stiff term of the objective; the value reached and
// the objective without the term are then a point of the profile, exactly. Each end is found by a secant search on the
// square root of the rise, which is nearly linear in g0, to 0.4 % of the half width. An end is open if the quantity
// reaches its bound or stops following g0. If no parameters with g(theta) = g0 are in the law's domain, g0 is refuted.
// Cost: 3 to 6 warm refits for each end [T: Bates and Watts 1988, chapter 6; Venzon and Moolgavkar 1988].
namespace phaselaw::fitting {

class Profiler {
 public:
  // Keeps references. `optimum` minimises the refitter's objective.
  Profiler(Refitter& refitter, const numerics::LeastSquaresResult& optimum, const Calibration& calibration,
           double level);

  [[nodiscard]] Interval coordinate(std::size_t j);              // in theta
  [[nodiscard]] Interval quantity(const Refitter::Quantity& g);  // on the scale of g
  // The value of g plus an independent error with this variance and degrees of freedom: a new measurement.
  [[nodiscard]] Interval measurement(const Refitter::Quantity& g, double variance, double dof);

  [[nodiscard]] Calibration::Spread spread_of(const Refitter::Quantity& g) const;
  [[nodiscard]] const Calibration& calibration() const { return calibration_; }
  [[nodiscard]] const numerics::LeastSquaresResult& optimum() const { return optimum_; }
  [[nodiscard]] double level() const { return level_; }
  // The lowest point met on the way that is below the optimum by more than rounding; unset if there is none.
  [[nodiscard]] const std::optional<numerics::LeastSquaresResult>& better() const { return better_; }

 private:
  struct Point {
    double at = 0, root = 0;  // distance from the optimum in the direction of the search; sqrt(rise/threshold)
    std::vector<double> theta;
  };
  struct Search {
    const Refitter::Quantity* g = nullptr;  // null: a coordinate
    std::size_t coordinate = 0;
    double centre = 0, half = 0, rise = 0, pull = 0, room = 0;
    bool pulled_is_measured = false;  // the term belongs to the objective
    std::vector<double> direction;    // of theta for each unit of g
  };
  // `thorough`: from two starts, to the last digits.
  [[nodiscard]] std::optional<Point> evaluate(const Search& search, const Point& from, double distance, double sign,
                                              bool thorough);
  [[nodiscard]] bool bracket(const Search& search, double sign, Point& inside, Point& outside, bool& edge);
  [[nodiscard]] std::optional<double> crossing(const Search& search, double sign, Point& inside, Point& outside);
  [[nodiscard]] std::optional<double> end(const Search& search, double sign);
  [[nodiscard]] Interval both(Search& search);
  [[nodiscard]] std::vector<double> gradient(const Refitter::Quantity& g) const;

  Refitter& refitter_;
  const numerics::LeastSquaresResult& optimum_;
  const Calibration& calibration_;
  double level_;
  std::optional<numerics::LeastSquaresResult> better_;
};

}  // namespace phaselaw::fitting
