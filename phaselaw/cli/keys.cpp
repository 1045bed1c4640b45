// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/cli/common.h"
#include "phaselaw/sweep/key_reference.h"

// phaselaw keys: every key of an experiment file with its default and meaning.
namespace phaselaw::cli {

void add_keys(Program& program) {
  add_verb(program, "keys", "list every key of experiment and study files: default, domain, meaning", "phaselaw keys",
           [] { fmt::print("{}", sweep::key_reference()); });
}

}  // namespace phaselaw::cli
