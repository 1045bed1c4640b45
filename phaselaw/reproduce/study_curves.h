// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phaselaw/fitting/envelope.h"
#include "phaselaw/store/store.h"
#include "phaselaw/sweep/accounting.h"
#include "phaselaw/tables/columns.h"

// The curves of a study in the form that laws need: positive compute and a single quantity.
namespace phaselaw::reproduce {

enum class Quantity {
  excess_risk,  // mean (F - F*)^2 per output coordinate, if the target is known
  test_loss,    // mean squared error per output coordinate, or nats per token; includes a floor that no model removes
};

struct RunCurve {
  std::string run;  // the run's index in the study
  std::int64_t n_data = 0, seed = 0;
  std::vector<double> compute, value;  // compute > 0, as the accounting charges it
};

struct EnvelopePoint {
  double compute = 0, loss = 0;
  std::string run;  // run that attains it
};

struct StudyCurves {
  Quantity quantity = Quantity::excess_risk;
  bool nats = false;  // test_loss in nats per token
  sweep::Accounting accounting{sweep::Compute::flop};  // of `compute`
  std::vector<RunCurve> runs;
  std::int64_t diverged = 0, unusable = 0;  // skipped: diverged runs; rows that are not positive and finite

  [[nodiscard]] std::string label() const;  // "excess risk", "test loss"
  [[nodiscard]] std::string unit() const;   // "per output coordinate", "nats per token"
  // All rows with their compute, and the run of each.
  [[nodiscard]] tables::Measurements flat(std::vector<std::string>& run) const;
  // The rows that no other row dominates, sorted by compute.
  [[nodiscard]] std::vector<EnvelopePoint> envelope() const;
};

// excess_risk if every run has it, otherwise test_loss, against the compute that the accounting charges. InputError
// naming `source` if no run has a usable row.
[[nodiscard]] StudyCurves study_curves(const std::vector<store::RunRecord>& runs, const std::string& source,
                                       const sweep::Accounting& accounting = {sweep::Compute::flop});

}  // namespace phaselaw::reproduce
