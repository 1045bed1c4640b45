// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/cli/out_of_memory.h"
#include "phaselaw/cli/run.h"

#ifdef PHASELAW_INSTRUCTIONS

#include <unistd.h>

#include <fstream>
#include <string>

#include "phaselaw/base/processor_check.h"

// Runs before all other code of the program. This file alone is compiled for the baseline, and it is linked first, so that
// of the inline functions that it shares with others its own copies are used.
[[gnu::constructor(101)]] static void check_processor() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  std::string line;
  while (std::getline(cpuinfo, line) && line.rfind("flags", 0) != 0) {
  }
  if (line.rfind("flags", 0) != 0) return;
  const std::string missing = phaselaw::base::missing_instructions(PHASELAW_INSTRUCTIONS, line);
  if (missing.empty()) return;
  const std::string text =
      "phaselaw: this program was built for a processor with " + missing +
      ", which this one does not have; build it on this machine, or without -DPHASELAW_NATIVE=ON\n";
  static_cast<void>(!::write(2, text.data(), text.size()));
  _exit(2);
}

#endif

int main(int argc, char** argv) {
  phaselaw::cli::end_with_sentence_without_memory(argc, argv);
  return phaselaw::cli::run(argc, argv);
}
