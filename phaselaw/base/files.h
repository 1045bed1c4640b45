// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "phaselaw/base/output_file.h"

// Reading whole files, and checks of places for output before any work begins. Files are written by output_file.h.
namespace phaselaw::base {

// Largest size of a decompressed file; larger ones are refused.
inline constexpr std::size_t kLargestUnzipped = std::size_t{1} << 31;

// Opens a file, a pipe or a device for reading, with a descriptor that the caller closes. InputError if it is missing, a
// directory or unreadable, or a named pipe that no program writes to within 1.5 s.
[[nodiscard]] int open_input(const std::string& path);

// The whole file, decompressed if it begins like a gzip file. InputError if it is missing, a directory or unreadable,
// or if the gzip data are truncated or damaged.
[[nodiscard]] std::string read_text(const std::string& path);

// Checks that a file can be written in the directory, or in the nearest one above it that exists, before any work begins.
// Nothing is created: writing the first file does that. InputError at `flag` if not.
void require_writable_directory(const std::string& directory, const std::string& flag);

// The same for one output file: its parent must be a directory in which a file can be written.
void require_writable_file(const std::string& path, const std::string& flag);

}  // namespace phaselaw::base
