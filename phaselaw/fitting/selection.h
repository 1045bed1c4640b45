// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "phaselaw/fitting/fit.h"

// Compares laws: by information criteria on all rows, and by predicting the largest runs from the smaller ones.
//
//   holdout    fit the cheapest 1 - fraction of the rows by compute, predict the rest
//   backtest   rows by compute in equal slices, each predicted by a fit to all cheaper ones: the errors against the
//              factor of extrapolation
//   ranking    by score, the mean error of holdout and backtest, with AICc and BIC (fit.h); by AICc alone if nothing is
//              held out
// Rows are ordered by compute if there is a column, otherwise by 6 n_params tokens, n_params, tokens or step. Rows of
// equal size are never separated. Errors are |predicted/measured - 1|.
namespace phaselaw::fitting {

struct Holdout {
  double fraction = 0;
  std::size_t n_fitted = 0, n_predicted = 0;
  double compute_factor = 0;  // largest predicted over largest fitted compute
  double mean_abs_rel_error = 0;
  double bias = 0;                // mean of predicted/measured - 1; > 0: the law predicts too high
  bool certified = false;         // the fit that was used for the prediction
  std::vector<std::size_t> rows;  // rows that were predicted, by increasing compute
  std::vector<double> predicted;  // predicted/measured - 1 of each
};
// std::nullopt if too few rows remain to fit, or no column gives the size of rows.
[[nodiscard]] std::optional<Holdout> holdout(const laws::Law& law, const tables::Measurements& data,
                                             const FitOptions& options, double fraction);
[[nodiscard]] std::vector<Holdout> backtest(const laws::Law& law, const tables::Measurements& data,
                                            const FitOptions& options, int slices = 5);

struct RankedLaw {
  Fit fit;
  std::optional<Holdout> holdout;
  std::vector<Holdout> backtest;
  double delta_aicc = 0, delta_bic = 0;  // difference from the lowest
  double score = 0;                      // mean prediction error; infinity if nothing could be predicted
};
// A fit with its prediction errors, computed without intervals. `holdout_fraction` 0: none.
[[nodiscard]] RankedLaw judged(Fit fit, const tables::Measurements& data, const FitOptions& options,
                               double holdout_fraction);

struct Ranking {
  std::vector<RankedLaw> laws;     // best first
  std::vector<std::string> notes;  // laws that were skipped, and why
};

// The laws of the catalogue that predict `output`. A law of training steps is used with tokens or compute if the
// columns have no steps.
[[nodiscard]] std::vector<laws::Law> rivals(const tables::Columns& columns, const std::string& output = "loss");

// Fits all `laws` that the columns allow, by `fit` (default: fit_law on these rows). A parameter of options.fix is
// fixed in the laws that have it. InputError if none can be fitted, or no law has such a parameter.
using FitFunction = std::function<Fit(const laws::Law& law, const FitOptions& options)>;
[[nodiscard]] Ranking rank_laws(const std::vector<laws::Law>& laws, const tables::Measurements& data,
                                const FitOptions& options, double holdout_fraction = 0.2, const FitFunction& fit = {});

// The form of the start of a curve [T: Burnham and Anderson 2002]: laws with an exponential start (two-stage,
// exponential) against laws with a power start (power, shifted-power), by the lowest AICc of each group. "exponential"
// if the first is lower by more than kDecisiveAicc, "power" if the second is (odds of about 20 to 1), otherwise
// "inconclusive".
inline constexpr double kDecisiveAicc = 6;
struct EarlyForm {
  std::string word;
  double exponential = 0, power = 0;  // lowest AICc of each group; infinity if the group is empty
};
[[nodiscard]] EarlyForm early_form(const Ranking& ranking);

}  // namespace phaselaw::fitting
