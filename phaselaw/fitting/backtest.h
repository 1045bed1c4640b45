// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/fitting/fit.h"

// How well a law predicts large runs from smaller ones, on the rows of one table.
//
//   holdout    fit the cheapest 1 - fraction of the rows by compute, predict the rest
//   backtest   the cheapest 50, 60, 70, 80 and 90 % of the rows are fitted, and each fit predicts all other rows
// Rows are ordered by compute if there is a column, otherwise by 6 n_params tokens, n_params, tokens or step. Rows of
// equal size are never separated. Errors are predicted/measured - 1.
// Cost: one fit for each slice. A fit to all rows, if it is given, serves as a start, and the grid is then a coarse one.
namespace phaselaw::fitting {

// Rows by increasing size: those that are fitted, and those that are predicted.
struct Slice {
  std::vector<std::size_t> fitted, predicted;
  double compute_factor = 0;  // largest predicted over largest fitted compute
};
// One slice for each share of fitted rows, in (0, 1); slices that equal their predecessor or predict nothing are
// omitted. Empty if no column gives the size of rows.
[[nodiscard]] std::vector<Slice> slices_of(const tables::Columns& columns, std::span<const double> shares);
// The slices of the back-test.
[[nodiscard]] std::vector<Slice> backtest_slices(const tables::Columns& columns);

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

// The least number of rows to which a law can be fitted under these options: one more than its free parameters.
[[nodiscard]] std::size_t least_rows(const laws::Law& law, const FitOptions& options);

// std::nullopt if the slice has too few rows to fit. `full`: a fit to all rows, or null.
[[nodiscard]] std::optional<Holdout> predict_slice(const laws::Law& law, const tables::Measurements& data,
                                                   const FitOptions& options, const Slice& slice,
                                                   const Fit* full = nullptr);
// std::nullopt if too few rows remain to fit, or no column gives the size of rows. InputError for a fraction outside
// (0, 1).
[[nodiscard]] std::optional<Holdout> holdout(const laws::Law& law, const tables::Measurements& data,
                                             const FitOptions& options, double fraction, const Fit* full = nullptr);
// The slices to which the law can be fitted.
[[nodiscard]] std::vector<Holdout> backtest(const laws::Law& law, const tables::Measurements& data,
                                            const FitOptions& options, const Fit* full = nullptr);

}  // namespace phaselaw::fitting
