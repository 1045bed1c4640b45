// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/verbs/sweep.h"

// A sweep with workers that somebody else starts and reaches, such as an executor of Python: this process owns the store,
// gives each run out as bytes (ranks/run_task.h) and stores the answers in the order in which they come. On machines of
// one kind the export is that of sweep(), byte for byte.
namespace phaselaw::verbs {

struct SubmittedRun {
  std::int64_t index = 0;
  double cost_flop = 0;
  std::string task;  // for ranks::carry_out_task()
};

class ExecutedSweep {
 public:
  // Opens the store, as sweep(). request.threads, checkpoint_every and transport are without effect: a worker decides
  // how it works, and keeps no snapshot.
  explicit ExecutedSweep(const SweepRequest& request);
  ~ExecutedSweep();
  ExecutedSweep(const ExecutedSweep&) = delete;
  ExecutedSweep& operator=(const ExecutedSweep&) = delete;

  // The next run, longest first, which this process holds until it is stored or the sweep is closed. Nothing: no run is
  // left to start. A run is given out once; one that is lost waits for another sweep.
  [[nodiscard]] std::optional<SubmittedRun> next();

  // Stores the answer to a run that next() returned, permanently, before it returns. The text is empty, or says why the
  // bytes are no answer to this run; the run is then lost. InputError or RunError, named by the run, if the answer is an
  // error; RunError if the disk is full.
  [[nodiscard]] std::string take(std::int64_t index, std::string_view answer);

  // At the end: indices of the runs that are neither stored nor held by another process, ascending. next() returns none
  // afterwards.
  [[nodiscard]] std::vector<std::int64_t> left();
  [[nodiscard]] std::int64_t runs() const;  // of the whole study
  [[nodiscard]] std::int64_t done() const;  // by this sweep

  // Ends the sweep: every claim is released and the store is closed. summary.threads is the number of threads of workers
  // that have answered.
  [[nodiscard]] SweepAnswer close();

  // In a child process that was made by fork() while the sweep was open: closes the child's copy of the claims, so that
  // they end with the parent. The child must not use the sweep.
  void leave_to_parent() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace phaselaw::verbs
