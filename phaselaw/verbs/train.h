// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/sweep/run.h"
#include "phaselaw/sweep/run_memory.h"
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
          "start anew, although the directory has a finished or unfinished training, which is replaced");
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
// sweep::carry_out: a finished or unfinished training in the directory with neither `resume` nor `overwrite`; with
// `resume`, a snapshot or a finished training of another configuration, with the first difference, or of another program.
[[nodiscard]] TrainAnswer train(const TrainRequest& request);

// What train() would do, with its time as measured on this machine in about a second. The data and the directory are
// checked as train() does. Writes nothing.
struct TrainPlan {
  sweep::Experiment experiment;
  double n_params = 0, n_params_trainable = 0;
  double compute_flop = 0;  // updates and measurements, without the probe for learning_rate = "auto"
  double seconds = 0;       // without making the data
  int threads = 1;
  sweep::RunMemory memory;
  double machine_memory = 0;         // bytes that this process may use
  std::vector<std::string> outputs;  // files that would be written; empty without a directory
  base::Value json;
};
[[nodiscard]] TrainPlan plan_train(const TrainRequest& request);

// Writes the files of sweep::write_run to the directory and then removes the snapshot.
void write_training(const TrainRequest& request, const TrainAnswer& answer, const base::Value& made_by);

}  // namespace phaselaw::verbs
