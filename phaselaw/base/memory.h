// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// The memory of a command, known before it is used. A part of the program that needs much memory states how much, and
// the limit of the user (--memory-limit) is compared with the statement, so that a large input ends with a sentence and
// not with std::bad_alloc or with the end of the process by the system.
//
// Accuracy: a statement is between half and twice the peak of the process; tests/cli/memory_statements.py measures it.
namespace phaselaw::base {

// The default of --memory-limit, for all verbs that have it.
inline constexpr std::int64_t kMemoryLimit = std::int64_t{8} << 30;

// The program with its libraries, before it reads anything.
inline constexpr double kProgramBytes = 20e6;

// Bytes that this process may use: the memory of the machine, or the limit of the process (ulimit -v, ulimit -d) or of its
// control group, if that is lower. Swap is not counted. Cost: about 50 microseconds.
[[nodiscard]] double machine_memory();

// "3.1 GB", "340 MB": powers of ten, two digits.
[[nodiscard]] std::string memory_text(double bytes);

// Bytes of a text such as "500M" or "8G". InputError at --memory-limit for another text.
[[nodiscard]] double memory_limit_bytes(const std::string& text);

// InputError if more than `limit` bytes are needed (0: no limit of the user), or more than machine_memory(). `task`: "the
// fit of 1,000,000 rows"; `instead`: what needs less, "lower --resamples"; may be empty.
void require_memory(double needed_bytes, double limit_bytes, std::string_view task, std::string_view instead = "");

}  // namespace phaselaw::base
