// SPDX-License-Identifier: Apache-2.0
#pragma once

// The program: `phaselaw VERB ...`. Returns the exit code: 0 done, 1 failed while running, 2 bad input, 3 interrupted
// with everything so far kept.
namespace phaselaw::cli {

[[nodiscard]] int run(int argc, const char* const* argv);

}  // namespace phaselaw::cli
