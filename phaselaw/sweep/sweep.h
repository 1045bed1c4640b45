// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "phaselaw/store/store.h"
#include "phaselaw/sweep/experiment.h"

// Carries out the runs of a study that the store does not hold yet: one model a worker, one worker a core, the longest
// run first. Each run is a function of its configuration alone, so the store's export does not depend on the number of
// workers, on their order, or on how often the sweep was stopped and resumed.
namespace phaselaw::sweep {

struct SweepOptions {
  int threads = 0;  // workers; 0: one a core
  std::string title = "sweep";
};

struct SweepSummary {
  std::int64_t done = 0, diverged = 0, already_there = 0;
  int threads = 0;
  double seconds = 0;
  double cost_flop = 0;  // of the runs carried out now
};

// Throws what ended it, after the workers have stopped and with every finished run in the store: InputError (a run's
// data do not fit), RunError (the disk is full), Interrupted (Ctrl-C).
SweepSummary run_study(const Study& study, store::Store& store, const SweepOptions& options = {});

[[nodiscard]] int default_threads();  // the cores this process may use

}  // namespace phaselaw::sweep
