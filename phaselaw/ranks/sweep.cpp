// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/ranks/sweep.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "phaselaw/ranks/launch.h"
#include "phaselaw/ranks/process_group.h"
#include "phaselaw/ranks/serve.h"
#include "phaselaw/ranks/worker.h"

namespace phaselaw::ranks {

sweep::SweepSummary run_study_on_ranks(const std::function<Prepared(int rank)>& prepare, sweep::SweepOptions options) {
  std::signal(SIGPIPE, SIG_IGN);  // the launcher's end of stderr may close before this process does
  options.threads = std::max(options.threads, 1);
  Prepared mine;
  auto engine = start_process_group([&] {
    mine = prepare(launch().rank);
    return mine.study.key;
  });
  const int others = engine->size() - 1;
  Rank0Listener rank0 = listen_on_rank0(*engine);
  if (engine->rank() != 0)
    work_guarded(launch().launcher == "mpirun", [&] { work(mine.study, rank0.address, options); });
  options.others = others * options.threads;
  options.serve_others = [&](sweep::RunQueue& queue) { serve(*rank0.listener, queue); };
  return sweep::run_study(mine.study, *mine.store, options);
}

}  // namespace phaselaw::ranks
