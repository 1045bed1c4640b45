// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "phaselaw/sweep/run.h"
#include "phaselaw/verbs/experiment.h"

// Trains one model. With a directory, an unfinished training is kept there as DIR/training.snapshot (training/snapshot.h)
// and can be resumed. The resumed training gives the same curve and weights, bit for bit, as one that was never
// interrupted, with any number of threads, on the same program and machine.
namespace phaselaw::verbs {

struct TrainRequest : ExperimentRequest {
  std::string out;  // the directory; empty: nothing is written, and the training cannot be resumed
  double checkpoint_every = sweep::SnapshotPolicy{}.every_s;
  bool resume = false;
  bool overwrite = false;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("checkpoint_every", self.checkpoint_every, base::durations().in("s"),
          "time between snapshots, from which a killed training resumes");
    visit(
        "resume", self.resume, base::anything(),
        "continue the unfinished training in the directory, or start if there is none; a finished one is left as it is");
    visit("overwrite", self.overwrite, base::anything(),
          "start anew, although the directory has an unfinished training");
    RunRequest::fields(self, visit);
  }
};

struct TrainAnswer {
  sweep::Experiment experiment;  // the experiment as it was run
  sweep::RunResult result;       // without curve and weights if `already_there`
  bool already_there = false;    // the directory has the finished training, so none was carried out
  base::Value json;
};

// An interrupt gives base::Interrupted with a sentence that says how to continue. InputError, besides those of
// sweep::carry_out: an unfinished training in the directory with neither `resume` nor `overwrite`; with `resume`, a
// snapshot or a finished training of another configuration, with the first difference, or of another program.
[[nodiscard]] TrainAnswer train(const TrainRequest& request);

// Writes the files of sweep::write_run to the directory and then removes the snapshot.
void write_training(const TrainRequest& request, const TrainAnswer& answer, const base::Value& made_by);

}  // namespace phaselaw::verbs
