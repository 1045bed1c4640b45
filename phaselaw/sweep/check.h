// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phaselaw/store/check.h"

// Is this store what it says it is? The file (store/check.h), and every run against the study that the file names.
namespace phaselaw::sweep {

struct StudyCheck {
  store::FileCheck file;
  std::vector<std::string> problems;  // those of the file, then those of the runs; empty: sound
  std::string study_key;
  std::int64_t points = 0;     // runs of the study
  std::int64_t missing = 0;    // of them neither finished nor diverged
  std::int64_t in_flight = 0;  // snapshots beside the store
  std::int64_t programs = 0;   // different ones that made the runs
  [[nodiscard]] bool sound() const { return problems.empty(); }
};

// The study's key is the hash of its document; every run's key is the hash of its configuration, its index is one of
// the study's, and its configuration, with defaults for keys that the writing program did not know, is that point's.
// InputError where the file is no study, or its document none that this program can read.
[[nodiscard]] StudyCheck check_study(const std::string& path);

}  // namespace phaselaw::sweep
