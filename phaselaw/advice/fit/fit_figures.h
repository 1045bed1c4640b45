// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phaselaw/fitting/predict.h"
#include "phaselaw/fitting/profile.h"
#include "phaselaw/fitting/selection.h"
#include "phaselaw/report/figure.h"
#include "phaselaw/tables/rows.h"

// The figures of the page of a fit.
namespace phaselaw::advice {

// The rows with their fit. Keeps references.
struct FittedRows {
  const tables::Rows& table;
  const fitting::Fit& fit;
  const fitting::Prediction& predicted;  // at the fitted rows
  double floor = 0;
  std::string
      floor_name;  // the parameter that is a floor: the law minus it does not depend on it; empty if there is none
  bool has_interval = false;
};
[[nodiscard]] FittedRows fitted_rows(const tables::Rows& table, const fitting::Fit& fit,
                                     const fitting::Prediction& predicted);

// The reducible part against compute, or against the first column of the law.
[[nodiscard]] report::Figure against_size(const FittedRows& rows);
// Prediction against measurement; add_held_out() adds the largest rows, predicted by a fit to the others.
[[nodiscard]] report::Figure predicted_against_actual(const FittedRows& rows);
void add_held_out(const FittedRows& rows, const fitting::Holdout& held_out, report::Figure& figure);
// ln(measured/predicted) against a column or the prediction.
[[nodiscard]] report::Figure residuals(const FittedRows& rows, const std::string& name, const std::vector<double>& x);
// The profile of a parameter, with what it says in words.
[[nodiscard]] report::Figure profile_figure(const fitting::ProfileCurve& curve, const fitting::Fit& fit);
// Resamples of the two parameters with the strongest correlation; unset without resamples.
[[nodiscard]] std::optional<report::Figure> pairs(const fitting::Fit& fit);

}  // namespace phaselaw::advice
