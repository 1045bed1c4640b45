// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/ranks/worker.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include "phaselaw/base/bytes.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/log.h"
#include "phaselaw/base/team.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/ranks/interfaces.h"
#include "phaselaw/ranks/record_bytes.h"
#include "phaselaw/sweep/run.h"
#include "phaselaw/sweep/shared_data.h"

namespace phaselaw::ranks {

namespace {

// A longer text of an error is cut.
constexpr std::size_t kLongestFailure = 4096;

// Does one run; false if it was returned.
bool carry_out_run(const sweep::Point& point, std::string snapshot, Channel& channel,
                   const sweep::SweepOptions& options, sweep::SharedData& data) {
  std::atomic<bool> stop{false};
  sweep::RunContext context;
  context.snapshot.every_s = options.snapshot_every_s;
  context.snapshot.every_steps = options.snapshot_every_steps;
  context.snapshot.load = [&] { return std::move(snapshot); };
  context.snapshot.save = [&](const std::string& bytes) { channel.send(MessageKind::snapshot, bytes); };
  context.data = &data;
  context.stop = &stop;
  context.progress = [&](double share) {
    base::ByteWriter out;
    out.value(share);
    channel.send(MessageKind::progress, out.bytes());
    const auto message = channel.receive(0);
    if (channel.closed() || (message && message->kind == MessageKind::stop)) stop = true;
  };
  const auto failed = [&](bool input, const char* what) {
    base::ByteWriter out;
    out.value(static_cast<std::uint8_t>(input));
    out.text(std::string_view(what).substr(0, kLongestFailure));
    channel.send(MessageKind::failure, out.bytes());
    return false;
  };
  try {
    const sweep::RunResult result = sweep::carry_out(point.experiment, context);
    channel.send(MessageKind::result,
                 to_bytes({sweep::to_record(point, result), result.resumed_from > 0, result.data}));
    return true;
  } catch (const base::Interrupted&) {
    channel.send(MessageKind::stopped);
    return false;
  } catch (const base::InputError& error) {
    return failed(true, error.what());
  } catch (const std::exception& error) {
    return failed(false, fmt::format("run {}: {}", point.index, error.what()).c_str());
  }
}

// The connection is closed when the work is over, so that rank 0 notices.
void work_on(const sweep::Study& study, std::unique_ptr<Channel> connection, const sweep::SweepOptions& options,
             sweep::SharedData& data) {
  Channel& channel = *connection;
  while (!channel.closed() && !base::interrupted()) {
    const auto message = channel.receive(0.2);
    if (!message) continue;
    if (message->kind != MessageKind::run) return;  // end, or stop
    base::ByteReader in(message->bytes);
    const auto index = in.value<std::int64_t>();
    std::string snapshot(in.text());
    PHASELAW_CHECK(in.at_end() && index >= 0 && index < static_cast<std::int64_t>(study.points.size()));
    if (!carry_out_run(study.points[static_cast<std::size_t>(index)], std::move(snapshot), channel, options, data))
      return;
  }
}

}  // namespace

void work(const sweep::Study& study, const std::function<std::unique_ptr<Channel>()>& connect,
          const sweep::SweepOptions& options) {
  numerics::require_thread_safe_blas();
  numerics::set_blas_threads(1);
  sweep::SharedData data;
  std::vector<std::unique_ptr<Channel>> channels;
  for (int i = 0; i < std::max(options.threads, 1); ++i) channels.push_back(connect());
  const auto workers = static_cast<std::int64_t>(channels.size());
  base::parallel_for(workers, workers, [&](std::int64_t i, int) {
    work_on(study, std::move(channels[static_cast<std::size_t>(i)]), options, data);
  });
}

void work_guarded(bool detach, const std::function<void()>& work) {
  if (detach) {
    const pid_t child = ::fork();
    if (child > 0) ::_exit(0);
    if (child == 0) ::setsid();  // if no process can be created, the work is done here
  }
  // The worker has its own signal handlers; this process lives as long as the worker.
  for (const int signal : {SIGINT, SIGTERM, SIGUSR1}) std::signal(signal, SIG_IGN);
  while (true) {
    const pid_t child = ::fork();
    if (child <= 0) {
      base::install_interrupt_handler();
      try {
        work();
      } catch (const base::Interrupted&) {
        ::_exit(3);
      } catch (const std::exception& error) {
        // Rank 0 has ended or will see the closed connection; the sweep does not end because of it.
        base::log_warning(fmt::format("a worker on {} ends: {}", host_name(), error.what()));
        ::_exit(1);
      }
      ::_exit(base::interrupted() ? 3 : 0);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFSIGNALED(status)) ::_exit(WEXITSTATUS(status));
    ::usleep(100000);
  }
}

}  // namespace phaselaw::ranks
