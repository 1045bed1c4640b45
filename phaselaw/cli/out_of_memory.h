// SPDX-License-Identifier: Apache-2.0
#pragma once

// How the program ends when memory runs out: one sentence on stderr, written without allocating, and exit code 1.
namespace phaselaw::cli {

// Writes the sentence, which names the verb of the command line. Returns the exit code.
[[nodiscard]] int report_out_of_memory() noexcept;

// For main(): remembers the command line. After a failed allocation std::terminate() and abort() then end with the same
// sentence; destructors of libraries that allocate lead there. Temporary files may stay in this case, and the next
// command that writes the same file removes them.
void end_with_sentence_without_memory(int argc, const char* const* argv);

}  // namespace phaselaw::cli
