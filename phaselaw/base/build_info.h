// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "phaselaw/base/value.h"

// The program and machine that made a result: for run.json, results.json and the page's last section.
namespace phaselaw::base {

[[nodiscard]] std::string version();  // "0.1.0"
[[nodiscard]] std::string
commit();  // short hash of the built tree, followed by "+" if it had changes; "unknown" without git

// "0.1.0 (163c5296d0a1, avx512)": what the digits of a training depend on besides its configuration. Instruction sets
// differ in the last digits (docs/instruction_sets.md).
[[nodiscard]] std::string program();

// version, commit, compiler, processor, instructions (base/instruction_set.h), cores.
[[nodiscard]] Value made_by();

}  // namespace phaselaw::base
