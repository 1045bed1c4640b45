// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/fields.h"

// One row of a run's curve. Everything that lists these numbers uses fields(), in its order: curve.csv, the columns and
// the checksum of the store, its export, snapshots, the messages between ranks, and the curves for dashboards. A new
// field therefore needs a new version of the store (schema.h).
//
// NaN means unknown. Recorded losses are per number: squared loss = mean over sequences, tokens and output coordinates;
// tokens: nats per token (training/trainer.h).
namespace phaselaw::store {

struct Measurement {
  std::int64_t step = 0;
  double time = base::kNaN;
  double tokens = base::kNaN;
  double compute_flop = base::kNaN;
  double train_loss = base::kNaN;
  double test_loss = base::kNaN;
  double excess_risk = base::kNaN;

  // Progress of the training.
  template <class Self, class Visit>
  static void position(Self& self, Visit&& visit) {
    using namespace base;
    visit("step", self.step, at_least(0).in("steps"), "number of optimiser steps so far");
    visit("time", self.time, at_least(0), "gradient-flow time: sum of the learning rates");
    visit("tokens", self.tokens, at_least(0).in("tokens"), "training tokens processed, repetitions included");
    visit("compute_flop", self.compute_flop, at_least(0).in("FLOP"), "exact training FLOP so far");
  }
  // Measurements at this point.
  template <class Self, class Visit>
  static void measured(Self& self, Visit&& visit) {
    using namespace base;
    visit("train_loss", self.train_loss, anything(), "loss on the first sequences of the training set");
    visit("test_loss", self.test_loss, anything(), "loss on the test set");
    visit("excess_risk", self.excess_risk, anything(),
          "test mean of (F - F*)^2 if the target F* is known; tokens: KL(p* || p) in nats per token if p* is known");
  }
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    position(self, visit);
    measured(self, visit);
  }
};

}  // namespace phaselaw::store
