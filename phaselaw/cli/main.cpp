// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/cli/out_of_memory.h"
#include "phaselaw/cli/run.h"

int main(int argc, char** argv) {
  phaselaw::cli::end_with_sentence_without_memory(argc, argv);
  return phaselaw::cli::run(argc, argv);
}
