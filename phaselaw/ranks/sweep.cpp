// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/ranks/sweep.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/ranks/launch.h"
#include "phaselaw/ranks/listener.h"
#include "phaselaw/ranks/mpi_channel.h"
#include "phaselaw/ranks/process_group.h"
#include "phaselaw/ranks/serve.h"
#include "phaselaw/ranks/worker.h"

namespace phaselaw::ranks {

base::EnumNames<Transport> enum_names(Transport) {
  static constexpr std::pair<std::string_view, Transport> kNames[] = {{"tcp", Transport::tcp}, {"mpi", Transport::mpi}};
  return kNames;
}

namespace {

sweep::SweepSummary over_tcp(Prepared& mine, Engine& engine, const sweep::SweepOptions& given) {
  sweep::SweepOptions options = given;
  const bool first = engine.rank() == 0;
  Rank0Listener rank0 = listen_on_rank0(engine);
  if (!first)
    work_guarded(launch().launcher == "mpirun", [&] {
      work(
          mine.study, [&] { return connect(rank0.address); }, options);
    });
  options.serve_others = [&](sweep::RunQueue& queue) { serve(*rank0.listener, queue); };
  return sweep::run_study(mine.study, *mine.store, options);
}

// MPI is ended by all ranks together after the last message. If rank 0 throws, the launcher ends the other ranks.
sweep::SweepSummary over_mpi(Prepared& mine, Engine& engine, const sweep::SweepOptions& given) {
  sweep::SweepOptions options = given;
  const auto shared = std::make_shared<SharedEngine>(engine);
  if (engine.rank() != 0) {
    int worker = 0;
    work(
        mine.study, [&] { return mpi_channel(shared, 0, worker++); }, options);
    engine.finish();
    std::_Exit(base::interrupted() ? 3 : 0);
  }
  options.serve_others = [&](sweep::RunQueue& queue) {
    MpiHub hub(shared, options.threads);
    serve(hub, queue);
  };
  auto summary = sweep::run_study(mine.study, *mine.store, options);
  engine.finish();
  return summary;
}

}  // namespace

sweep::SweepSummary run_study_on_ranks(const std::function<Prepared(int rank)>& prepare, sweep::SweepOptions options,
                                       Transport transport) {
  std::signal(SIGPIPE, SIG_IGN);  // the launcher's end of stderr may close before this process does
  options.threads = std::max(options.threads, 1);
  Prepared mine;
  auto engine = start_process_group([&] {
    mine = prepare(launch().rank);
    // Over MPI every rank has to know who sends what.
    return transport == Transport::tcp ? mine.study.key
                                       : fmt::format("{}, {} threads, over MPI", mine.study.key, options.threads);
  });
  options.others = (engine->size() - 1) * options.threads;
  return transport == Transport::mpi ? over_mpi(mine, *engine, options) : over_tcp(mine, *engine, options);
}

}  // namespace phaselaw::ranks
