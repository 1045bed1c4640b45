// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/ranks/process_group.h"

#include <chrono>
#include <cstdlib>
#include <sstream>
#include <vector>

#include "phaselaw/base/build_info.h"
#include "phaselaw/base/bytes.h"
#include "phaselaw/base/clock.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/log.h"
#include "phaselaw/ranks/interfaces.h"

namespace phaselaw::ranks {

namespace {

struct RankInfo {
  std::string problem, program, identity, host;
};

std::string rank_info_bytes(const RankInfo& g) {
  base::ByteWriter out;
  for (const auto* text : {&g.problem, &g.program, &g.identity, &g.host}) out.text(*text);
  return out.bytes();
}

RankInfo rank_info_from(std::string_view bytes) {
  base::ByteReader in(bytes);
  RankInfo g;
  for (auto* text : {&g.problem, &g.program, &g.identity, &g.host}) *text = in.text();
  return g;
}

// The reason why the ranks cannot work together, or an empty text.
std::string disagreement(const std::vector<RankInfo>& all) {
  const auto who = [&](std::size_t rank) { return fmt::format("rank {} on {}", rank, all[rank].host); };
  for (std::size_t r = 0; r < all.size(); ++r)
    if (!all[r].problem.empty()) return r == 0 ? all[r].problem : fmt::format("{}: {}", who(r), all[r].problem);
  for (std::size_t r = 1; r < all.size(); ++r) {
    if (all[r].program != all[0].program)
      return fmt::format("{} runs phaselaw {}, but rank 0 runs {}; start the same program on every machine", who(r),
                         all[r].program, all[0].program);
    if (all[r].identity != all[0].identity)
      return fmt::format(
          "{} reads another input file than rank 0 on {} ({} there, {} here); give all ranks the same file", who(r),
          all[0].host, all[r].identity, all[0].identity);
  }
  return "";
}

// Where rank 0 listens, from what all ranks say about their machines; empty: everywhere.
std::vector<std::string> numbers_of_rank0(const std::vector<std::string>& machines,
                                          const std::vector<std::string>& numbers) {
  std::vector<std::string> others;
  bool one_machine = true;
  for (std::size_t r = 1; r < machines.size(); ++r) {
    if (machines[r] == machines[0]) continue;
    one_machine = false;
    std::istringstream list(numbers[r]);
    for (std::string number; list >> number;) others.push_back(number);
  }
  if (one_machine) return {kLoopback};
  const char* include = std::getenv("OMPI_MCA_btl_tcp_if_include");
  auto found = listening_numbers(interfaces(), others, include != nullptr ? include : "", source_towards);
  if (found.empty())
    base::log_warning(
        "no network of this machine leads to the addresses of the others, so rank 0 listens at all of its own; name the "
        "network with mpirun --mca btl_tcp_if_include a.b.c.d/bits");
  return found;
}

}  // namespace

std::unique_ptr<Engine> start_process_group(const std::function<std::string()>& prepare) {
  auto engine = start_engine();
  RankInfo mine{"", fmt::format("{} ({})", base::version(), base::commit()), "", host_name()};
  try {
    mine.identity = prepare();
  } catch (const std::runtime_error& error) {
    mine.problem = error.what();
  }
  std::vector<RankInfo> all;
  for (const auto& bytes : engine->gather(rank_info_bytes(mine))) all.push_back(rank_info_from(bytes));
  if (const std::string problem = disagreement(all); !problem.empty()) {
    engine->finish();
    throw base::InputError(problem);
  }
  return engine;
}

EndOnInterrupt::EndOnInterrupt(bool first)
    : watch_([first](const std::stop_token& over) {
        constexpr auto kLookEvery = std::chrono::milliseconds(20);
        double since_s = 0;
        for (auto last = base::Clock::now(); !over.stop_requested(); std::this_thread::sleep_for(kLookEvery)) {
          if (base::interrupted()) since_s += base::seconds_since(last);
          last = base::Clock::now();
          if (since_s < kGrace_s) continue;
          if (first) base::log_error("interrupted; nothing unfinished is kept");
          std::_Exit(3);
        }
      }) {}

Rank0Listener listen_on_rank0(Engine& engine) {
  Rank0Listener result;
  const auto machines = engine.gather(machine_identity());
  std::vector<std::string> own_numbers;
  for (const auto& interface : interfaces()) own_numbers.push_back(interface.number);
  const auto numbers = engine.gather(fmt::format("{}", fmt::join(own_numbers, " ")));
  std::string mine;
  if (engine.rank() == 0) {
    result.listener = std::make_unique<Listener>(numbers_of_rank0(machines, numbers));
    mine = to_bytes(result.listener->address());
  }
  result.address = address_from(engine.gather(mine)[0]);
  engine.finish();
  return result;
}

}  // namespace phaselaw::ranks
