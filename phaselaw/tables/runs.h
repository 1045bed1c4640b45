// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/base/constants.h"
#include "phaselaw/tables/rows.h"

// Rows for curves, run by run: each run's loss curve as it was recorded, before anything is prepared for fitting.
//
//   loss    of each run the first stream, by role (excess risk, held out, unspecified, training), with 5 values or more
//   dense   a training loss recorded at least twice as often is kept beside it: instabilities are looked for there
//   order   by step, else tokens, else compute
// Where more than half of a stream's values are NaN and finite ones follow, NaN too means not recorded.
// Errors: InputError where no column says how far a run is (step, tokens or compute). Cost: linear, and a sort.
namespace phaselaw::tables {

// The learning rate as recorded: lr[i] is that of the steps from step[i] to step[i+1]. Steps ascend.
struct LearningRates {
  std::vector<double> step, lr;
  [[nodiscard]] bool known() const { return !step.empty(); }
};

// A loss that is NaN or infinite was recorded so: the run left the finite numbers there, which is an outcome, not an
// error. Axes that the record does not have are empty; those that it has are as long as `loss`, NaN where that row does
// not say.
struct Curve {
  std::string name;
  std::string quantity;  // the heading: "val_loss", "excess_risk"
  Role role = Role::unspecified;
  std::vector<double> step, tokens, compute, loss;
  LearningRates rates;
  std::string dense_quantity;
  std::vector<double> dense_step, dense_loss;
  std::vector<double> grad_step, grad_norm;
  double n_params = base::kNaN, n_data = base::kNaN;
  bool ended_diverged = false;          // the record itself says so
  std::vector<std::string> notes = {};  // from the reader
};

// Runs in the order of their first row. A table without a run column is one run, named by its source.
[[nodiscard]] std::vector<Curve> curves_from(const Rows& rows);

// Those of these names only, if any are given; InputError with the nearest name.
void keep_runs(std::vector<Curve>& curves, const std::vector<std::string>& names);

}  // namespace phaselaw::tables
