// SPDX-License-Identifier: Apache-2.0
#pragma once

// The program: `phaselaw VERB ...`. Returns the exit code: 0 success, 1 failure at run time, 2 invalid input,
// 3 interrupted, with all finished work kept.
namespace phaselaw::cli {

[[nodiscard]] int run(int argc, const char* const* argv);

}  // namespace phaselaw::cli
