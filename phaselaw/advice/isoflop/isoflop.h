// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/advice/isoflop/budgets.h"
#include "phaselaw/base/value.h"
#include "phaselaw/fitting/fit_file.h"

// The compute-optimal size by the three methods of Hoffmann et al. 2022 (arXiv 2203.15556, section 3) [S].
//
//   envelope    method 1: at each of kEnvelopeBins computes, the run with the lowest loss curve; N* and D* are those of
//               the run
//   parabola    method 2: for each budget, the vertex of a parabola through loss against ln N, using the rows with N
//               within a factor `window` of the lowest row's
//   akima       the minimum of Akima's spline (1970) through all rows of the budget, which follows an asymmetric bowl
//   parametric  method 3: a fitted law, and its optimum at each budget. Its exponent is the slope of ln N* between the
//               lowest and the highest budget; with one budget, between half and twice its compute
// For the others N* = k C^a and D* = k C^b by least squares of the logarithms over at least kLeastBudgets budgets.
//
// Known bias of a parabola: the bowl of E + A N^-alpha + B D^-beta is asymmetric unless alpha = beta, so its vertex
// depends on the width and position of the grid. The bias is computed: the fitted law's own losses, without noise, at
// the table's N and D go through the same parabola; `bias` is the ln N found minus that of the law's optimum. The
// same is done for the spline.
//
// Intervals hold for what a method finds without noise, bias included. Parabola and spline: losses are drawn about the
// parabolas (bowl_noise.h), and the exponent also has the scatter of the budgets about the line (exponent_interval.h).
// Envelope: percentiles of resampled runs. Parametric: those of the fit (fitting/uncertainty.h). A budget is excluded,
// with its reason, if its minimum lies outside its grid; an end of an interval that is missing has a reason too.
// Cost: resamples x budgets x 2 us, the fit, and one interval of the fit per budget.
namespace phaselaw::advice {

inline constexpr std::size_t kEnvelopeBins = 40;

struct IsoflopOptions {
  std::string law = "chinchilla";
  double tolerance = 0.1, window = 10;
  bool optima = false;  // every row is the optimum of a budget: only the power laws are fitted
  std::optional<double> vocab, seq_len, aspect_ratio;
  fitting::FitOptions fit;  // options of the parametric method; seed, level and resamples apply to all methods
  IsoflopOptions() { fit.threads = 0; }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    using base::anything;
    visit("law", self.law, anything(), "law of the parametric method, by name or as an expression");
    visit("tolerance", self.tolerance, base::half_open(0, 1), "budgets within this relative distance count as one");
    visit("window", self.window, base::above(1), "parabola: use the rows within this factor of the lowest row's size");
    visit("optima", self.optima, anything(),
          "each row is already the optimum of a budget: fit only N* ~ C^a and D* ~ C^b");
    visit("vocab", self.vocab, base::amounts(), "size of the vocabulary, for the exponent without embeddings");
    visit("seq_len", self.seq_len, base::amounts(), "sequence length, for the exponent with attention counted");
    visit("aspect_ratio", self.aspect_ratio, base::amounts(),
          "d_model/n_layers of the models, for the exponents under other FLOP conventions; default: median of the "
          "table, else 64");
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
  std::string why;             // if the minimum is not inside, or an end of its interval is missing: the reason
  std::optional<double> bias;  // bias of ln n_params, under the fitted law
};

// n_params ~ C^a and tokens ~ C^b, fitted to the vertices that are inside.
struct OptimumPower {
  fitting::Estimate a, b;
  double k_n_params = 0, k_tokens = 0, r2 = 0;  // r2 of ln n_params
  std::size_t budgets = 0;
  std::string interval;  // how the interval of a was found
  std::string why;       // why an end of it is missing; "" if none is
};

struct IsoflopMethod {
  std::string name;
  std::vector<Vertex> vertices;
  std::optional<OptimumPower> power;  // unset if too few budgets have a minimum
  std::string why;                    // then: the reason
  std::optional<double> bias_a;       // bias of a, under the fitted law without noise
};

// The exponent of n_params if compute is counted in another way (conventions.h).
struct ConventionRow {
  std::string convention;
  std::optional<OptimumPower> parabola, parametric;
  std::string missing;  // what is needed for this row; "" if nothing is
};

struct IsoflopResult {
  tables::Measurements data;
  std::vector<IsoflopBudget> budgets;
  std::vector<IsoflopMethod> methods;
  std::vector<ConventionRow> conventions;
  fitting::SavedFit fit;  // fit of method 3; without an optimum if the rows are optima
  FlopCount flop;
  double window = 10;
  double noise = 0, noise_dof = 0;  // of one row about the parabolas, relative to the loss; 0: unknown
  std::vector<std::string> notes;
  [[nodiscard]] const IsoflopMethod* method(std::string_view name) const;  // null if it was not used
  // The method that the answer quotes: the first one with an exponent of parabola, parametric, akima, envelope, optima.
  [[nodiscard]] const IsoflopMethod* leading() const;
};

// `run` names the run of each row; if empty, rows of equal n_params form a run. InputError if no budget has four rows
// of different n_params or a column is missing.
[[nodiscard]] IsoflopResult isoflop(const tables::Measurements& data, const std::vector<std::string>& run,
                                    const IsoflopOptions& options = {});

// The spline's minimum at each budget, without intervals; for other callers.
[[nodiscard]] std::vector<Vertex> spline_vertices(const tables::Measurements& data,
                                                  const std::vector<IsoflopBudget>& budgets);

[[nodiscard]] base::Value to_value(const IsoflopResult& result);

}  // namespace phaselaw::advice
