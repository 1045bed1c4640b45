// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phaselaw/store/check.h"
#include "phaselaw/store/store.h"

// Verifies a store: the file (store/check.h), and every run against the study that the file names.
namespace phaselaw::sweep {

struct StudyCheck {
  store::FileCheck file;
  std::vector<std::string> problems;  // those of the file, then those of the runs; empty if the store is sound
  std::string study_key;
  std::int64_t points = 0;     // number of runs of the study
  std::int64_t missing = 0;    // runs that are neither finished nor diverged
  std::int64_t in_flight = 0;  // snapshots next to the store
  std::int64_t programs = 0;   // number of different programs that made the runs
  [[nodiscard]] bool sound() const { return problems.empty(); }
};

// The study's key is the hash of its document; the key of each run is the hash of its configuration, its index belongs
// to the study, and its configuration, with defaults for keys unknown to the program that wrote it, is that of the
// study's point. InputError if the file is no study, or this program cannot read its document.
[[nodiscard]] StudyCheck check_study(const std::string& path);

// A sentence for all that is computed from a store in which runs of its study are missing, because the sweep was
// interrupted or is still at work. Empty if none is missing, or if this program cannot read the document of the study.
[[nodiscard]] std::string missing_runs(const store::Store& store);

}  // namespace phaselaw::sweep
