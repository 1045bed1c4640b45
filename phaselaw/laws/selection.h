// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phaselaw/laws/law_fit.h"

// Which law to trust: information criteria on all rows, and prediction of the largest runs from the smaller ones.
//
//   holdout    fit the cheapest 1 - fraction of the rows by compute, predict the rest
//   backtest   rows by compute in equal slices: each slice predicted by a fit to all the cheaper ones; how errors grow
//              with the factor of extrapolation
//   ranking    by score, the mean error of holdout and backtest, with AICc and BIC (fit.h) beside it; by BIC alone
//              where nothing can be held out
// Compute is the column, else 6 n_params tokens, else n_params, tokens or step stands for it. Rows of one size are
// never divided. Errors are |predicted/measured - 1|.
namespace phaselaw::laws {

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
[[nodiscard]] std::optional<Holdout> holdout(const Law& law, const Measurements& data, const LawOptions& options,
                                             double fraction);
[[nodiscard]] std::vector<Holdout> backtest(const Law& law, const Measurements& data, const LawOptions& options,
                                            int slices = 5);

// How errors of prediction grew with the factor of extrapolation, in one sentence for people; empty: nothing is known.
[[nodiscard]] std::string extrapolation_warning(const std::optional<Holdout>& holdout,
                                                const std::vector<Holdout>& backtest);

struct RankedLaw {
  LawFit fit;
  std::optional<Holdout> holdout;
  std::vector<Holdout> backtest;
  double delta_aicc = 0, delta_bic = 0;  // above the lowest
  double score = 0;                      // mean error of prediction; infinity where nothing could be predicted
};
struct Ranking {
  std::vector<RankedLaw> laws;     // best first
  std::vector<std::string> notes;  // laws left out and why
};
// Fits all `laws` that the columns allow. InputError when none can be fitted.
[[nodiscard]] Ranking rank_laws(const std::vector<Law>& laws, const Measurements& data, const LawOptions& options,
                                double holdout_fraction = 0.2);

}  // namespace phaselaw::laws
