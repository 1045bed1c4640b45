// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "phaselaw/store/sqlite.h"

// The tables of a study (docs/store.md) and how a file of an older schema becomes one of this.
//
//   1   meta, runs, measurements
//   2   runs.checksum (checksum.h) and runs.program: what made the run
//
// A new field of Measurement is a new version: migrate() adds its column, and the checksums, which cover it, are new.
// One transaction each: a kill leaves the file as it was or as it should be.
namespace phaselaw::store {

inline constexpr std::int64_t kSchemaVersion = 2;

// Makes the tables of this version in an empty database and enters the study.
void create_schema(Database& database, const std::string& study_json, const std::string& study_key);

// The file's version, 1 .. kSchemaVersion. InputError: no study, damaged pages, a version this program does not know.
// `pages` = false leaves the pages unread.
std::int64_t require_study(Database& database, bool pages = true);

// An existing study for reading: in a directory that cannot be written too. InputError as require_study, which it
// calls, and for a directory or an absent file.
[[nodiscard]] Database open_for_reading(const std::string& path, bool pages = true);
void require_no_directory(const std::string& path);

// Brings the file to kSchemaVersion. Call in no transaction. RunError when the disk is full: the file is as before.
void migrate(Database& database);

}  // namespace phaselaw::store
