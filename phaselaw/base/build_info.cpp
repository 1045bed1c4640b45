// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/base/build_info.h"

#include <fstream>
#include <thread>

#include "phaselaw/base/commit.h"  // written by cmake/Commit.cmake at each build
#include "phaselaw/base/instruction_set.h"

namespace phaselaw::base {

std::string version() { return PHASELAW_VERSION; }
std::string commit() { return PHASELAW_COMMIT; }
std::string program() {
  return version() + " (" + commit() + ", " + std::string(instruction_set_name(instruction_set())) + ")";
}

namespace {

std::string processor() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  return "unknown";
}

}  // namespace

Value made_by() {
  return Value::table({{"version", version()},
                       {"commit", commit()},
                       {"compiler", "GCC " __VERSION__},
                       {"processor", processor()},
                       {"instructions", std::string(instruction_set_name(instruction_set()))},
                       {"cores", static_cast<std::int64_t>(std::thread::hardware_concurrency())}});
}

}  // namespace phaselaw::base
