// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

// The memory that this process may use.
namespace phaselaw::base {

// Bytes: the memory of the machine, or the limit of the process (ulimit -v, ulimit -d) or of its control group, if that
// is lower. Swap is not counted. Cost: about 50 microseconds.
[[nodiscard]] double machine_memory();

// A number of bytes for people: "3.1 GiB", "12 MiB".
[[nodiscard]] std::string memory_text(double bytes);

}  // namespace phaselaw::base
