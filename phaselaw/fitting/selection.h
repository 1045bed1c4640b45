// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "phaselaw/fitting/fit.h"

// Which law to trust: information criteria on all rows, and prediction of the largest runs from the smaller ones.
//
//   holdout    fit the cheapest 1 - fraction of the rows by compute, predict the rest
//   backtest   rows by compute in equal slices: each slice predicted by a fit to all the cheaper ones; how errors grow
//              with the factor of extrapolation
//   ranking    by score, the mean error of holdout and backtest, with AICc and BIC (fit.h) beside it; by AICc alone
//              where nothing is held out
// Compute is the column, else 6 n_params tokens, else n_params, tokens or step stands for it. Rows of one size are
// never divided. Errors are |predicted/measured - 1|.
namespace phaselaw::fitting {

struct Holdout {
  double fraction = 0;
  std::size_t n_fitted = 0, n_predicted = 0;
  double compute_factor = 0;  // largest predicted over largest fitted compute
  double mean_abs_rel_error = 0;
  double bias = 0;                // mean of predicted/measured - 1: > 0, the law is too pessimistic
  bool certified = false;         // the fit that predicted
  std::vector<std::size_t> rows;  // that were predicted, by increasing compute
  std::vector<double> predicted;  // at each of them
};
// std::nullopt when too few rows are left to fit, or no column says which rows are large.
[[nodiscard]] std::optional<Holdout> holdout(const laws::Law& law, const tables::Measurements& data,
                                             const FitOptions& options, double fraction);
[[nodiscard]] std::vector<Holdout> backtest(const laws::Law& law, const tables::Measurements& data,
                                            const FitOptions& options, int slices = 5);

// How errors of prediction grew with the factor of extrapolation, in one sentence for people; empty: nothing is known.
[[nodiscard]] std::string extrapolation_warning(const std::optional<Holdout>& holdout,
                                                const std::vector<Holdout>& backtest);

struct RankedLaw {
  Fit fit;
  std::optional<Holdout> holdout;
  std::vector<Holdout> backtest;
  double delta_aicc = 0, delta_bic = 0;  // above the lowest
  double score = 0;                      // mean error of prediction; infinity where nothing could be predicted
};
// A fit with its errors of prediction, made without intervals. `holdout_fraction` 0: none.
[[nodiscard]] RankedLaw judged(Fit fit, const tables::Measurements& data, const FitOptions& options,
                               double holdout_fraction);

struct Ranking {
  std::vector<RankedLaw> laws;     // best first
  std::vector<std::string> notes;  // laws left out and why
};

// The laws of the catalogue that predict `output`. A law of training steps is taken as one of tokens or compute where
// these are what the columns have.
[[nodiscard]] std::vector<laws::Law> rivals(const tables::Columns& columns, const std::string& output = "loss");

// Fits all `laws` that the columns allow, by `fit` (default: fit_law on these rows). A parameter of options.fix is held
// in the laws that have it. InputError when none can be fitted, or no law has such a parameter.
using FitFunction = std::function<Fit(const laws::Law& law, const FitOptions& options)>;
[[nodiscard]] Ranking rank_laws(const std::vector<laws::Law>& laws, const tables::Measurements& data,
                                const FitOptions& options, double holdout_fraction = 0.2, const FitFunction& fit = {});

// How a curve begins [T: Burnham and Anderson 2002]: laws with an exponential start (two-stage, exponential) against
// laws with a power start (power, shifted-power), by the lowest AICc of each group. "exponential" if the first is lower
// by more than kDecisiveAicc, "power" if the second is (odds of about 20 to 1), else "inconclusive".
inline constexpr double kDecisiveAicc = 6;
struct EarlyForm {
  std::string word;
  double exponential = 0, power = 0;  // lowest AICc of each group; infinity where there is none
};
[[nodiscard]] EarlyForm early_form(const Ranking& ranking);

}  // namespace phaselaw::fitting
