// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/laws/evaluator.h"
#include "phaselaw/laws/law.h"
#include "phaselaw/tables/columns.h"

// A law bound to measurements, in the coordinates of the fit, as the solver needs it.
//
// Coordinates: the logarithm of a positive parameter; a floor in units of the smallest loss, between 0 and 1, because
// no loss is below its floor (laws/law_roles.h says which parameters are floors; if the errors of the rows are known, up to
// floor_room()); a real parameter in units of 1. Values are logarithms of the output, so that no scale overflows, or the
// output itself for the objectives of the raw output, which may then have any sign. Without logarithms the unit and the
// largest value of a floor are the largest magnitude of the output. Thread-safe with a workspace for each thread.
//
// Starts: a grid over the parameters in which the law is not affine. At each point the affine parameters (amplitudes,
// floors) follow from a linear least-squares problem, non-negative if the parameter is, on relative residuals (or
// those of the output itself). The starts are the points with the lowest mean absolute residual, of the logarithm (or of
// the output), that are not neighbours. Grids use at most kGridRows rows, evenly chosen.
namespace phaselaw::fitting {

// How far noise can have taken the smallest output below its floor, in ln: a floor is at most y_i exp(z sd_i) for every row,
// z the normal quantile of 1 - 0.025/n [T: Bonferroni]. 0 without errors.
[[nodiscard]] double floor_room(std::span<const double> output, std::span<const double> sd);

// One fitted coordinate: parameter = exp(theta) if logarithmic, otherwise theta exp(log_unit). Bounds are on theta;
// beyond them the data cannot tell laws apart.
struct Coordinate {
  std::string name;  // name of the parameter: "A", "C0", "q", "E"
  bool logarithmic = true;
  double log_unit = 0;
  double lower = 0, upper = 0;

  [[nodiscard]] double parameter(double theta) const;
};

// A quantity computed from the coordinates, for its interval.
struct Derived {
  std::string name;
  bool logarithmic = false;  // positive and spans orders of magnitude: BCa and identification use its logarithm
  std::function<double(std::span<const double> theta)> value;
  int coordinate = -1;  // the only coordinate that it depends on and increases with; -1 if there are several
};

class LawForm {
 public:
  // Keeps references to law and data. `starts`: parameter sets to start from in addition to those of the grid.
  // `floor_room` >= 0: how far a floor may lie above the smallest output, in ln, because of known noise.
  // `coarse_grid`: a tenth of the grid's points and three of its starts, for fits with good starts of their own.
  // InputError naming the first row, counted from 1, with an output that is not finite or a column that is not usable.
  LawForm(const laws::Law& law, const tables::Measurements& data, const std::map<std::string, double>& fixed,
          std::vector<std::map<std::string, double>> starts = {}, double floor_room = 0, bool coarse_grid = false);

  // ln L at `rows` (empty: all): the values (n) and, unless empty, their derivatives with respect to theta
  // (n x n_coordinates, row-major). False if the law is not defined at a row.
  [[nodiscard]] bool log_values(std::span<const std::size_t> rows, std::span<const double> theta,
                                std::span<double> value, std::span<double> jacobian,
                                laws::EvaluatorWorkspace& workspace) const;
  // The same at the value.size() rows from `first` on (a multiple of 8), so that threads can share all rows.
  [[nodiscard]] bool log_values_from(std::size_t first, std::span<const double> theta, std::span<double> value,
                                     std::span<double> jacobian, laws::EvaluatorWorkspace& workspace) const;
  // About `count` rows that represent all: evenly chosen by the order of each of the law's columns, with both ends.
  [[nodiscard]] std::vector<std::size_t> spread_rows(std::size_t count) const;
  // The same of L itself, of any sign.
  [[nodiscard]] bool values(std::span<const std::size_t> rows, std::span<const double> theta, std::span<double> value,
                            std::span<double> jacobian, laws::EvaluatorWorkspace& workspace) const;
  // InputError naming the first row, counted from 1, with an output that has no logarithm.
  void require_logarithms() const;

  // Deterministic starts derived from the data, the most likely first; inside the bounds. `raw`: for residuals of the
  // output itself instead of its logarithm.
  [[nodiscard]] std::vector<std::vector<double>> starts(bool raw = false) const;
  // The number of grid points that starts() evaluated.
  [[nodiscard]] std::size_t grid_points() const { return grid_points_; }

  [[nodiscard]] const laws::Law& law() const { return law_; }
  [[nodiscard]] const tables::Measurements& data() const { return data_; }
  [[nodiscard]] const std::vector<double>& log_output() const { return log_output_; }  // NaN where it is not positive
  [[nodiscard]] std::size_t n_rows() const { return log_output_.size(); }
  [[nodiscard]] const std::vector<Coordinate>& coordinates() const { return coordinates_; }
  [[nodiscard]] const laws::Evaluator& evaluator() const { return evaluator_; }
  [[nodiscard]] const std::vector<std::optional<double>>& fixed() const { return fixed_; }  // by parameter
  // All parameters in the law's order.
  [[nodiscard]] std::vector<double> parameters(std::span<const double> theta) const;
  // Coordinates of parameter values, inside the bounds.
  [[nodiscard]] std::vector<double> theta(std::span<const double> parameters) const;
  // The law's derived quantities; those that contain columns are taken at the row with the largest first column.
  [[nodiscard]] std::vector<Derived> derived() const;

  // Whether coordinate j multiplies a term of the law and is no floor.
  [[nodiscard]] bool is_amplitude(std::size_t j) const { return amplitude_[j]; }

  // The coordinates, bounds and units of another form of the same law, to compare fits to different rows.
  void take_coordinates(const LawForm& other) { coordinates_ = other.coordinates_; }

 private:
  friend class StartGrid;
  struct Slopes {
    std::array<double, laws::kMaxExpressionParameters> parameter{}, slope{};
  };
  [[nodiscard]] Slopes slopes_at(std::span<const double> theta) const;
  const laws::Law& law_;
  const tables::Measurements& data_;
  std::vector<double> log_output_;
  std::vector<std::optional<double>> fixed_;
  laws::Evaluator evaluator_;
  std::vector<Coordinate> coordinates_;
  std::vector<bool> amplitude_;
  std::vector<std::map<std::string, double>> own_starts_;
  bool coarse_grid_ = false;
  mutable std::size_t grid_points_ = 0;
};

}  // namespace phaselaw::fitting
