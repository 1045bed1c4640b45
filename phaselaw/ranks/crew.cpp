// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/ranks/crew.h"

#include <algorithm>

#include "phaselaw/base/build_info.h"
#include "phaselaw/base/bytes.h"
#include "phaselaw/base/errors.h"

namespace phaselaw::ranks {

namespace {

struct Greeting {
  std::string problem, program, identity, host;
};

std::string greeting_bytes(const Greeting& g) {
  base::ByteWriter out;
  for (const auto* text : {&g.problem, &g.program, &g.identity, &g.host}) out.text(*text);
  return out.bytes();
}

Greeting greeting_from(std::string_view bytes) {
  base::ByteReader in(bytes);
  Greeting g;
  for (auto* text : {&g.problem, &g.program, &g.identity, &g.host}) *text = in.text();
  return g;
}

// The reason why the ranks cannot work together, or an empty text.
std::string disagreement(const std::vector<Greeting>& all) {
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

}  // namespace

std::unique_ptr<Engine> meet(const std::function<std::string()>& prepare) {
  auto engine = start_engine();
  Greeting mine{"", fmt::format("{} ({})", base::version(), base::commit()), "", host_name()};
  try {
    mine.identity = prepare();
  } catch (const std::runtime_error& error) {
    mine.problem = error.what();
  }
  std::vector<Greeting> all;
  for (const auto& bytes : engine->gather(greeting_bytes(mine))) all.push_back(greeting_from(bytes));
  if (const std::string problem = disagreement(all); !problem.empty()) {
    engine->finish();
    throw base::InputError(problem);
  }
  return engine;
}

Rendezvous rendezvous(Engine& engine) {
  Rendezvous result;
  const auto hosts = engine.gather(host_name());
  const bool one_machine = std::all_of(hosts.begin(), hosts.end(), [&](const auto& h) { return h == hosts[0]; });
  std::string mine;
  if (engine.rank() == 0) {
    result.listener = std::make_unique<Listener>(one_machine);
    mine = to_bytes(result.listener->address());
  }
  result.address = address_from(engine.gather(mine)[0]);
  engine.finish();
  return result;
}

}  // namespace phaselaw::ranks
