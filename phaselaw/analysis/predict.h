// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phaselaw/analysis/prepared_experiment.h"
#include "phaselaw/base/fields.h"
#include "phaselaw/base/value.h"
#include "phaselaw/dynamics/learning_curve.h"
#include "phaselaw/dynamics/predicted_envelope.h"
#include "phaselaw/report/page.h"

// Predicts the test loss against data, time and compute from the kernel at initialisation alone; with `check`, also
// trains the models for comparison.
//
// The pool is the experiment's training set, data.n_data sequences; no other data are used. Risks are test losses per
// number, including noise. Compute is that of full-batch descent with the training's learning rate eta:
// C(n, t) = n (t/eta) FLOP of a step and sequence; a minibatch run that reaches the same t needs b/n of it.
// Validity: kernel regression with H(0). `check` measures the effect of changing features.
namespace phaselaw::analysis {

struct PredictOptions {
  std::vector<std::int64_t> n_data;
  std::int64_t subsets = 4, folds = 0, resamples = 200;
  bool check = false;
  std::int64_t replicates = 2;
  int threads = 0;  // 0: all cores; not a field, because every verb has it (verbs/experiment.h)

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    using base::anything;
    visit("n_data", self.n_data, base::at_least(2).up_to(1e12),
          "sizes to predict, such as 8,16,32 (default: doubling from 4 to data.n_data)");
    visit("subsets", self.subsets, base::at_least(1).up_to(1e6), "number of random subsets of the pool for each size");
    visit("folds", self.folds, base::at_least(0).up_to(1e12),
          "number of folds into which sequences are left out, if n is larger; 0: one sequence at a time");
    visit("resamples", self.resamples, base::resample_counts(0), "number of bootstrap resamples for the intervals");
    visit("check", self.check, anything(), "train the models too and report the error of the prediction");
    visit("replicates", self.replicates, base::at_least(1).up_to(1e6),
          "with check: number of models trained for each size, on random subsets of the pool");
  }
};

// Trained models and their prediction, at the times that both have.
struct CheckedRun {
  std::int64_t n_data = 0, replicates = 0;
  std::vector<double> time, measured, predicted, compute;  // test loss per number; measured: mean over the replicates
  std::string outcome = "finished";                        // otherwise that of the replicate that did not finish
};

struct Check {
  std::vector<CheckedRun> runs;
  double median_error = 0, worst_error = 0;  // |predicted - measured| / measured over all n and t
  double seconds = 0;                        // of the training alone
  double kernel_drift = 0;                   // ||H - H(0)|| / ||H(0)|| after the last training
};

struct Prediction {
  std::vector<double> times;
  double learning_rate = 0;
  dynamics::ComputeModel compute;
  std::vector<dynamics::RiskSurface> surfaces;  // leave-one-out first, the default
  dynamics::PredictedEnvelope envelope;         // of the first surface
  double floor = 0;                             // subtracted for the exponent: the noise, if it is known
  std::optional<Check> check;
  double seconds = 0;         // of the default estimate: kernel, surface, intervals, envelope
  double seconds_beside = 0;  // of the other estimates
  std::vector<std::string> warnings;
};

// The sizes in ascending order, each once; if there are none, doubling from 4 (or 2) to the pool. InputError for a pool
// of one sequence and for a size above the pool.
[[nodiscard]] std::vector<std::int64_t> predicted_sizes(std::int64_t pool, std::vector<std::int64_t> wanted);

// InputError: cross-entropy (no closed form), sizes as above, options outside their domain.
[[nodiscard]] Prediction predict(const PreparedExperiment& prepared, const PredictOptions& options);

// predicted.csv: method, n_data, time, compute, risk, lo, hi; with a check also the rows `measured`.
[[nodiscard]] std::string predicted_csv(const Prediction& prediction);
[[nodiscard]] base::Value to_value(const PreparedExperiment& prepared, const Prediction& prediction);
[[nodiscard]] report::Page predict_page(const PreparedExperiment& prepared, const Prediction& prediction);

}  // namespace phaselaw::analysis
