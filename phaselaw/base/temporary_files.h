// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <sys/types.h>

// The temporary files that this process has now, so that none is left when it has to end at once. For output_file.h.
namespace phaselaw::base {

// Opens a new file for writing, exclusively and without following links. Its descriptor; -1 with errno.
[[nodiscard]] int create_temporary_file(const std::string& name, mode_t mode);

// The file has been renamed or removed.
void forget_temporary_file(const std::string& name);

// Removes all of them. For a process that ends at once: from then on it can create none, and a thread that tries waits
// forever.
void remove_temporary_files();

}  // namespace phaselaw::base
