// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "phaselaw/laws/columns.h"
#include "phaselaw/laws/evaluator.h"
#include "phaselaw/laws/form.h"
#include "phaselaw/laws/law.h"

// A law bound to measurements: a Form whose coordinates are the law's free parameters.
//
// Coordinates: the logarithm of a positive parameter; a floor in units of the smallest loss, between 0 and 1; a real
// parameter in units of a typical loss. Thread-safe with a workspace for each thread.
//
// Starts: a grid over the parameters in which the law is not affine; at each point the affine ones (amplitudes, floors)
// follow from a linear least-squares problem on relative residuals, non-negative where the parameter is; the points of
// lowest mean |ln residual| that are apart from each other. Grids look at kGridRows rows at most, evenly chosen.
namespace phaselaw::laws {

class LawForm final : public Form {
 public:
  // Keeps references to law and columns. `starts`: parameter sets to start from besides those of the grid.
  LawForm(const Law& law, const Columns& columns, const LogData& data, const std::map<std::string, double>& fixed,
          std::vector<std::map<std::string, double>> starts = {});

  [[nodiscard]] std::string_view name() const override { return law_.name; }
  [[nodiscard]] std::string_view formula() const override { return law_.expression.text(); }
  [[nodiscard]] const std::vector<Coordinate>& coordinates() const override { return coordinates_; }
  [[nodiscard]] bool log_values(const LogData& data, std::span<const std::size_t> rows, std::span<const double> theta,
                                std::span<double> value, std::span<double> jacobian,
                                EvaluatorWorkspace& workspace) const override;
  [[nodiscard]] std::vector<std::vector<double>> starts() const override;
  [[nodiscard]] std::size_t grid_points() const override { return grid_points_; }

  [[nodiscard]] const Law& law() const { return law_; }
  [[nodiscard]] const Evaluator& evaluator() const { return evaluator_; }
  [[nodiscard]] const std::vector<std::optional<double>>& fixed() const { return fixed_; }  // by parameter
  // All parameters in the law's order.
  [[nodiscard]] std::vector<double> parameters(std::span<const double> theta) const;
  // Coordinates of parameter values, inside the bounds.
  [[nodiscard]] std::vector<double> theta(std::span<const double> parameters) const;

 private:
  friend class StartGrid;
  const Law& law_;
  const Columns& columns_;
  const LogData& data_;
  std::vector<std::optional<double>> fixed_;
  Evaluator evaluator_;
  std::vector<Coordinate> coordinates_;
  std::vector<std::map<std::string, double>> own_starts_;
  mutable std::size_t grid_points_ = 0;
};

}  // namespace phaselaw::laws
