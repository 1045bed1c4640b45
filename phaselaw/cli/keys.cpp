// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "phaselaw/cli/common.h"
#include "phaselaw/cli/python_options.h"
#include "phaselaw/sweep/key_reference.h"

// phaselaw keys: every key of an experiment file with its default and meaning.
namespace phaselaw::cli {

void add_keys(Program& program) {
  auto python = std::make_shared<bool>(false);
  add_request_verb(program, "keys", "list every key of experiment and study files: default, domain, meaning",
                   "phaselaw keys",
                   [python] { fmt::print("{}", *python ? python_options() : sweep::key_reference()); })
      .flag("--python", *python, "print the keyword arguments of the Python functions instead, as a Python module");
}

}  // namespace phaselaw::cli
