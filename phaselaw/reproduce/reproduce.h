// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phaselaw/base/value.h"
#include "phaselaw/report/claim.h"
#include "phaselaw/report/page.h"
#include "phaselaw/reproduce/phase_transition.h"
#include "phaselaw/store/store.h"

// The paper's experiments from nothing to a page: studies are swept into stores, analysed, and judged.
namespace phaselaw::reproduce {

struct ReproduceOptions {
  std::string preset = "quick";
  std::string text;  // file or directory; empty: default_text()
  std::string out;   // directory
  int threads = 0;
  std::optional<std::int64_t> seed;
  base::Value made_by;
};

struct Reproduction {
  std::vector<report::Claim> claims;
  std::string page, results;  // paths
  double seconds = 0;
};

// Writes teacher.db, text.db, results.json and report.html into `out`; run again, it carries out only what is missing.
// Errors: InputError (preset, text, directory), RunError, Interrupted (the stores keep the finished runs).
[[nodiscard]] Reproduction reproduce(const ReproduceOptions& options);

// The page of one store, as `phaselaw report` makes it: the analysis of experiment 1 on whatever study it holds.
[[nodiscard]] report::Page study_page(const store::Store& store, const base::Value& made_by, int resamples);

}  // namespace phaselaw::reproduce
