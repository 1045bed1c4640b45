// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <string>
#include <vector>

// One run's loss curve as it was recorded, before anything is prepared for fitting.
//
// Rows are those where the loss was recorded; a loss that is NaN or infinite was recorded so: the run left the finite
// numbers there, which is an outcome, not an error. Axes that the record does not have are empty; those that it has are
// as long as `loss`, NaN where that row does not say.
namespace phaselaw::laws {

inline constexpr double kNotKnown = std::numeric_limits<double>::quiet_NaN();

// The learning rate as recorded: lr[i] is that of the steps from step[i] to step[i+1]. Steps ascend.
struct LearningRates {
  std::vector<double> step, lr;
  [[nodiscard]] bool known() const { return !step.empty(); }
};

struct CurveData {
  std::string name;
  std::string quantity;  // the column: "val_loss", "excess_risk"; total losses and excess risks are never mixed
  std::vector<double> step, tokens, compute, loss;
  LearningRates rates;
  // A denser record of the same run, where there is one: each step's training loss beside a validation loss now and
  // then. Instabilities are looked for here.
  std::string dense_quantity;
  std::vector<double> dense_step, dense_loss;
  std::vector<double> grad_step, grad_norm;
  double n_params = kNotKnown, n_data = kNotKnown;
  bool ended_diverged = false;          // the record itself says so
  std::vector<std::string> notes = {};  // from the reader
};

// An excess risk goes to 0 where the data suffice; a loss to a floor that no model removes.
[[nodiscard]] inline bool is_excess_risk(const std::string& quantity) { return quantity == "excess_risk"; }
// Measured on data that the run trains on: it cannot show overfitting.
[[nodiscard]] inline bool is_training_loss(const std::string& quantity) {
  return quantity.find("train") != std::string::npos;
}

}  // namespace phaselaw::laws
