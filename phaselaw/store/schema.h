// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "phaselaw/store/sqlite.h"

// The tables of a study (docs/store.md) and the migration of a file of an older schema.
//
//   1   meta, runs, measurements
//   2   runs.checksum (checksum.h) and runs.program: the program that made the run
//
// A new field of Measurement needs a new version: migrate() adds its column, and the checksums, which cover it, are
// computed again. Each migration is one transaction: a kill leaves the file either unchanged or fully migrated.
namespace phaselaw::store {

inline constexpr std::int64_t kSchemaVersion = 2;

// Creates the file of a study without runs, unless something has this name already. The file appears whole, with its
// tables and its write-ahead log: no reader and no kill meets a part of it. InputError if the directory
// cannot be written, RunError if the disk is full or fails.
void create_study(const std::string& path, const std::string& study_json, const std::string& study_key);

// The file's version, 1 .. kSchemaVersion. InputError for a file that is no study, damaged pages, or an unknown
// version. `pages` = false does not read the pages.
std::int64_t require_study(Database& database, bool pages = true);

// Opens an existing study for reading, also in a directory that cannot be written. InputError as require_study, which
// it calls, and for a directory or a missing file.
[[nodiscard]] Database open_for_reading(const std::string& path, bool pages = true);
void require_file(const std::string& path);

// Migrates the file to kSchemaVersion. Must not be called in a transaction. RunError if the disk is full; the file is
// then unchanged.
void migrate(Database& database);

}  // namespace phaselaw::store
