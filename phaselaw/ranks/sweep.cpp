// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/ranks/sweep.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "phaselaw/ranks/crew.h"
#include "phaselaw/ranks/launch.h"
#include "phaselaw/ranks/serve.h"
#include "phaselaw/ranks/worker.h"

namespace phaselaw::ranks {

sweep::SweepSummary run_study_on_ranks(const std::function<Prepared(int rank)>& prepare, sweep::SweepOptions options) {
  std::signal(SIGPIPE, SIG_IGN);  // the launcher's end of stderr may close before this process does
  options.threads = std::max(options.threads, 1);
  Prepared mine;
  auto engine = meet([&] {
    mine = prepare(launch().rank);
    return mine.study.key;
  });
  const int others = engine->size() - 1;
  Rendezvous meeting = rendezvous(*engine);
  if (engine->rank() != 0)
    work_guarded(launch().launcher == "mpirun", [&] { work(mine.study, meeting.address, options); });
  options.others = others * options.threads;
  options.serve_others = [&](sweep::Floor& floor) { serve(*meeting.listener, floor); };
  return sweep::run_study(mine.study, *mine.store, options);
}

}  // namespace phaselaw::ranks
