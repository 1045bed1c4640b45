// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/base/constants.h"
#include "phaselaw/tables/rows.h"
#include "phaselaw/tables/schedule.h"

// Rows for curves, by run: the loss curve of each run as it was recorded, before any preparation for fitting.
//
//   loss    the first stream of each run, by role (excess risk, held out, unspecified, training), with at least 5
//           values
//           In a table in long form (streams.h) each loss with at least 5 values is a curve, "run (train)" and
//           "run (val)"
//   partner the training loss beside a held-out one, and the other way round: a held-out loss that rises while the
//           training loss falls is overfitting. A plain "loss" beside a held-out one is the training loss
//   dense   a training loss recorded at least twice as often is kept too and used to find instabilities
//   order   by step, otherwise by tokens, otherwise by compute
// If more than half of a stream's values are NaN and finite ones follow, NaN means not recorded.
// Errors: InputError if no column gives the progress of a run (step, tokens or compute). Cost: linear, and a sort.
namespace phaselaw::tables {

// A NaN or infinite loss in the record is kept: the run left the finite numbers there, which is an outcome and not an
// error. Axes that the record does not have are empty; the others are as long as `loss`, with NaN for missing values.
struct Curve {
  struct Partner {
    std::string quantity;  // empty: there is none
    Role role = Role::unspecified;
    std::vector<double> step, loss;  // step: of the clock, in order
  };
  std::string name;
  std::string quantity;  // the heading: "val_loss", "excess_risk"
  Role role = Role::unspecified;
  std::vector<double> step, tokens, compute, loss;
  LearningRates rates;
  std::string dense_quantity;
  std::vector<double> dense_step, dense_loss;
  std::vector<double> grad_step, grad_norm;
  Partner partner;
  double n_params = base::kNaN, n_data = base::kNaN;
  bool ended_diverged = false;          // the record itself says so
  std::vector<std::string> notes = {};  // warnings of the reader

  // The axis by which the rows are in order: step, otherwise tokens, otherwise compute.
  [[nodiscard]] const std::vector<double>& progress() const {
    return !step.empty() ? step : !tokens.empty() ? tokens : compute;
  }
};

// Runs in the order of their first row. A table without a run column is one run, named by its source.
[[nodiscard]] std::vector<Curve> curves_from(const Rows& rows);

// The curves of several documents, each read by itself because their columns differ. A name that several documents give
// is preceded by the name of its file.
struct CurveSet {
  std::vector<Curve> curves;
  std::vector<std::string> notes, warnings;  // of the rows, each once
  std::vector<std::string> computed;         // columns that --col computes
};
[[nodiscard]] CurveSet curves_of(std::vector<documents::Reading> readings, ReadOptions options);

// Only the runs of these names, if any are given; InputError with the nearest name.
void keep_runs(std::vector<Curve>& curves, const std::vector<std::string>& names);

}  // namespace phaselaw::tables
