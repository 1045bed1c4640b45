// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phaselaw/base/value.h"
#include "phaselaw/report/claim.h"
#include "phaselaw/report/files.h"
#include "phaselaw/reproduce/own_runs_request.h"
#include "phaselaw/store/store.h"

// The paper's experiments, from the measurement to the page: each is measured, analysed and judged.
namespace phaselaw::reproduce {

struct ReproduceOptions {
  std::string preset = "quick";
  std::vector<std::string> only;       // experiments by id or by the beginning of an id ("E2"); empty: all
  std::string text;                    // file or directory; empty: the texts of Debian's package fortunes
  std::string arrays_x{}, arrays_y{};  // .npy files, both or neither; empty: arrays with known noise are generated
  OwnRunsRequest own{};                // your own logs; without them E8 is not carried out
  std::string out;                     // directory
  std::int64_t threads = 0;
  std::optional<std::int64_t> seed;
  std::optional<double> time_limit;  // seconds, > 0; unfinished work is left for the next call
  base::Value made_by;
  report::PageFiles page_files{};
};

struct Reproduction {
  std::string answer;  // one sentence
  std::vector<report::Claim> claims;
  std::string page, results;            // paths
  std::vector<std::string> unfinished;  // ids of experiments that were interrupted by Ctrl-C or the time limit
  double seconds = 0;
};

// Writes results.json and report.html into `out`, next to the stores and other measurements. Run again, it does only
// what is missing. If interrupted, it writes both for the finished experiments, marked incomplete. Errors: InputError
// (preset, experiment, text, directory, time limit), RunError.
[[nodiscard]] Reproduction reproduce(const ReproduceOptions& options);

// The page of one store, as written by `phaselaw report`: the analysis of experiment 1 for any study.
// Memory: study_memory().
[[nodiscard]] report::Page study_page(const store::Store& store, const base::Value& made_by, int resamples);
[[nodiscard]] double study_memory(const store::Store& store);  // bytes, as base/memory.h

}  // namespace phaselaw::reproduce
