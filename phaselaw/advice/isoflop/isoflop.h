// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/base/value.h"
#include "phaselaw/fitting/fit_file.h"

// The compute-optimal size by the three methods of Hoffmann et al. 2022 (arXiv 2203.15556, section 3) [S].
//
//   envelope    method 1: at each of kEnvelopeBins computes, the run with the lowest loss curve; N* and D* are those of
//               the run
//   parabola    method 2: for each budget, the vertex of a parabola through loss against ln N, using the rows with N
//               within a factor `window` of the lowest row's
//   akima       the minimum of Akima's spline (1970) through all rows of the budget, which follows an asymmetric bowl
//   parametric  method 3: a fitted law, and its optimum at each budget
// Then N* = k C^a and D* = k C^b by least squares of the logarithms over budgets.
//
// Known bias of a parabola: the bowl of E + A N^-alpha + B D^-beta is asymmetric unless alpha = beta, so its vertex
// depends on the width and position of the grid. The bias is computed: the fitted law's own losses, without noise, at
// the table's N and D go through the same parabola; `bias` is the ln N found minus that of the law's optimum. The
// same is done for the spline.
//
// Intervals: rows are resampled within each budget (runs for the envelope; the resamples of the fit for the law). A
// budget is excluded, with its reason, if its minimum lies outside its grid. Cost: resamples x budgets x 10 us, and
// the fit.
namespace phaselaw::advice {

inline constexpr std::size_t kEnvelopeBins = 40;

struct IsoflopOptions {
  std::string law = "chinchilla";
  double tolerance = 0.1, window = 10;
  fitting::FitOptions fit;  // options of the parametric method; seed, level and resamples apply to all methods
  IsoflopOptions() { fit.threads = 0; }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("law", self.law, base::anything(), "law of the parametric method, by name or as an expression");
    visit("tolerance", self.tolerance, base::half_open(0, 1), "budgets within this relative distance count as one");
    visit("window", self.window, base::above(1), "parabola: use the rows within this factor of the lowest row's size");
    fitting::FitOptions::fields(self.fit, visit);
  }
  void validate() const;  // InputError
};

struct Vertex {
  double compute = 0;
  std::size_t n_points = 0;  // rows used
  fitting::Estimate n_params, tokens;
  double loss = 0;
  bool inside = false;
  std::string why;             // if the minimum is not inside: the reason
  std::optional<double> bias;  // bias of ln n_params, under the fitted law
};

// n_params ~ C^a and tokens ~ C^b, fitted to the vertices that are inside.
struct OptimumPower {
  fitting::Estimate a, b;
  double k_n_params = 0, k_tokens = 0, r2 = 0;  // r2 of ln n_params
  std::size_t budgets = 0;
};

struct IsoflopMethod {
  std::string name;
  std::vector<Vertex> vertices;
  std::optional<OptimumPower> power;  // unset if fewer than three budgets have a minimum
  std::optional<double> bias_a;       // bias of a, under the fitted law without noise
};

struct IsoflopBudget {
  double compute = 0;             // geometric mean
  std::vector<std::size_t> rows;  // sorted by n_params
};

struct IsoflopResult {
  tables::Measurements data;
  std::vector<IsoflopBudget> budgets;
  std::vector<IsoflopMethod> methods;
  fitting::SavedFit fit;      // fit of method 3
  double flop_per_param = 6;  // median of compute/(n_params tokens); 6 under 6ND
  double flop_spread = 0;     // (largest - smallest)/median of the same ratio
  std::vector<std::string> notes;
};

// `run` names the run of each row; if empty, rows of equal n_params form a run. InputError if no budget has four rows
// of different n_params or a column is missing.
[[nodiscard]] IsoflopResult isoflop(const tables::Measurements& data, const std::vector<std::string>& run,
                                    const IsoflopOptions& options = {});

// The parts, for tests and for other callers.
[[nodiscard]] std::vector<IsoflopBudget> budgets_of(std::span<const double> compute, std::span<const double> n_params,
                                                    double tolerance);
struct BowlMinimum {
  double x = 0, y = 0;  // NaN if there is none
  bool inside = false;
  std::string why;
};
[[nodiscard]] BowlMinimum parabola_minimum(std::span<const double> x, std::span<const double> y);  // x increasing
[[nodiscard]] BowlMinimum akima_minimum(std::span<const double> x, std::span<const double> y);
// The spline's minimum at each budget, without intervals.
[[nodiscard]] std::vector<Vertex> spline_vertices(const tables::Measurements& data,
                                                  const std::vector<IsoflopBudget>& budgets);

[[nodiscard]] base::Value to_value(const IsoflopResult& result);

}  // namespace phaselaw::advice
