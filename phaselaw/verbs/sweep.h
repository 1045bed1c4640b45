// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phaselaw/base/value.h"
#include "phaselaw/ranks/launch.h"
#include "phaselaw/ranks/sweep.h"
#include "phaselaw/sweep/cost.h"
#include "phaselaw/sweep/sweep.h"
#include "phaselaw/verbs/experiment.h"

// Runs a study, or lists what its runs would cost.
namespace phaselaw::verbs {

struct SweepRequest : RunRequest {
  base::Value study;  // the document, or the name of the file, which every rank then reads itself
  std::string out;    // the store
  std::string shard;
  double checkpoint_every = sweep::SweepOptions{}.snapshot_every_s;
  ranks::Transport transport = ranks::Transport::tcp;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit(
        "shard", self.shard, base::anything(),
        "do only part i/k, 0 <= i < k, of the study; the parts take about the same time; join their stores with phaselaw merge");
    visit("checkpoint_every", self.checkpoint_every, base::durations().in("s"),
          "time between snapshots of a run, from which a killed run resumes");
    visit(
        "transport", self.transport, base::anything(),
        "how ranks send messages; mpi opens no port, but a rank that dies ends the job, which the same command resumes");
    RunRequest::fields(self, visit);
  }
};

struct SweepAnswer {
  sweep::SweepSummary summary;
  base::Value json;
};

// Reads the study and, if this process is its `owner`, opens the store. All problems with the input are found here, before
// the store exists; with `runs_here` also runs that need more memory than this machine has.
[[nodiscard]] ranks::Prepared prepare_sweep(const SweepRequest& request, const sweep::Shard& shard, bool owner,
                                            bool runs_here = true);

// Warns if another process holds some of the runs, which this sweep therefore left to it.
void warn_of_runs_elsewhere(const sweep::SweepSummary& summary);

// `launch`: the processes that share the study; on ranks other than the first the function does not return. Errors: as
// sweep::run_study and ranks/sweep.h; InputError for a store that cannot be written or belongs to another study.
[[nodiscard]] SweepAnswer sweep(const SweepRequest& request, const ranks::Launch& launch = {});

struct PlannedRun {
  const sweep::Point* point = nullptr;
  int threads = 1;
  double seconds = 0;
};
struct SweepPlan {
  sweep::Study study;
  std::vector<PlannedRun> runs;  // to be done, longest first; they point into `study`
  std::size_t already_there = 0;
  int workers = 0;
  double compute_flop = 0;
  sweep::ThreadPlan threads;
  base::Value json;
};
// What sweep() would do, measured on this machine in about a second. If `out` is a store of the study, its runs count
// as done. The data are checked as the runs would. Writes nothing.
[[nodiscard]] SweepPlan plan_sweep(const SweepRequest& request, const ranks::Launch& launch = {});

}  // namespace phaselaw::verbs
