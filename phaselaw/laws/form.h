// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/laws/evaluator.h"

// Functional forms: a positive loss as a function of positive inputs and a few parameters.
//
// A form works with logarithms, ln L(ln x; theta), so that no scale overflows, and in coordinates theta chosen for the
// fit: a positive parameter is fitted as its logarithm, a floor as itself in units of a typical loss.
namespace phaselaw::laws {

// Measurements as logarithms: log_inputs (n_rows x n_inputs, row-major) and log_loss (n_rows).
struct LogData {
  std::size_t n_inputs = 1;
  std::vector<double> log_inputs, log_loss;
  [[nodiscard]] std::size_t n_rows() const { return log_loss.size(); }
  [[nodiscard]] std::span<const double> row(std::size_t i) const {
    return std::span<const double>(log_inputs).subspan(i * n_inputs, n_inputs);
  }
};

// One fitted coordinate: parameter = exp(theta) if logarithmic, else theta exp(log_unit). Bounds are on theta; beyond
// them the data cannot tell forms apart.
struct Coordinate {
  std::string name;  // of the parameter: "A", "C0", "q", "E"
  bool logarithmic = true;
  double log_unit = 0;
  double lower = 0, upper = 0;

  [[nodiscard]] double parameter(double theta) const;
};

class Form {
 public:
  virtual ~Form() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;     // "two-stage"
  [[nodiscard]] virtual std::string_view formula() const = 0;  // "E + A exp(-q W0(C/C0))"
  [[nodiscard]] virtual const std::vector<Coordinate>& coordinates() const = 0;

  // ln L at `rows` of `data` (empty: all of them): value (n) and, unless empty, its derivative by theta (n x
  // n_coordinates, row-major). False where the form is not defined.
  [[nodiscard]] virtual bool log_values(const LogData& data, std::span<const std::size_t> rows,
                                        std::span<const double> theta, std::span<double> value,
                                        std::span<double> jacobian, EvaluatorWorkspace& workspace) const = 0;

  // Deterministic starts read off the data, the likeliest first; inside the bounds.
  [[nodiscard]] virtual std::vector<std::vector<double>> starts() const = 0;
  // How many points of a grid starts() looked at before it chose.
  [[nodiscard]] virtual std::size_t grid_points() const { return 0; }
};

// A form of its logarithmic inputs alone, row by row.
class CurveForm : public Form {
 public:
  // ln L and, unless `gradient` is empty, its derivative by theta. Never NaN inside the bounds.
  [[nodiscard]] virtual double log_value(std::span<const double> log_inputs, std::span<const double> theta,
                                         std::span<double> gradient) const = 0;
  [[nodiscard]] bool log_values(const LogData& data, std::span<const std::size_t> rows, std::span<const double> theta,
                                std::span<double> value, std::span<double> jacobian,
                                EvaluatorWorkspace& workspace) const override;
};

// What is known beforehand about a form of one input (compute).
struct Known {
  std::optional<double> exponent;     // fixes q (> 0); unset: free
  std::optional<double> floor = 0.0;  // fixes E (>= 0), in the loss's own units; unset: free, E >= 0
};

// Forms of compute C with a floor E and an amplitude A. Free coordinates, in this order: A, C0, q, E, as far as the
// form has them and they are not known. `data` gives bounds, starts and the unit of E; it is read, not kept.
[[nodiscard]] std::unique_ptr<CurveForm> two_stage_form(const LogData& data,
                                                        const Known& known);  // E + A exp(-q W0(C/C0))
[[nodiscard]] std::unique_ptr<CurveForm> shifted_power_form(const LogData& data,
                                                            const Known& known);  // E + A (1 + C/C0)^-q
[[nodiscard]] std::unique_ptr<CurveForm> exponential_form(const LogData& data, const Known& known);  // E + A exp(-C/C0)
[[nodiscard]] std::unique_ptr<CurveForm> power_form(const LogData& data,
                                                    const Known& known);  // E + A (C/C_mid)^-q, C_mid
                                                                          // the geometric mean compute

}  // namespace phaselaw::laws
