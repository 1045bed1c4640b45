// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "phaselaw/base/value.h"
#include "phaselaw/report/claim.h"
#include "phaselaw/report/page.h"
#include "phaselaw/reproduce/own_runs_request.h"
#include "phaselaw/store/store.h"
#include "phaselaw/sweep/experiment.h"

// One experiment of the paper, from the measurement to claims and a section of the page.
//
// An experiment measures through carry_out_study() (runs in a store) and kept() (anything else, one file per entry).
// Both keep finished work under DIR, so an interrupted experiment is simply run again and repeats nothing. Its claims
// depend only on the measurements.
namespace phaselaw::reproduce {

enum class Preset {
  quick,  // all experiments in minutes
  full,   // more sizes, seeds and compute: within 90 minutes on two cores
};
[[nodiscard]] base::EnumNames<Preset> enum_names(Preset);

struct Context {
  Preset preset = Preset::quick;
  std::filesystem::path out;           // contains the stores, and kept/
  std::string text;                    // file or directory of the text experiments
  std::string arrays_x{}, arrays_y{};  // .npy files of the arrays experiment; empty: generated under `out`
  std::optional<std::int64_t> seed;    // seed of every study; if not given, the study's own
  int threads = 0;                     // 0: one per core
  OwnRunsRequest own{};                // the user's logs, for E8
  [[nodiscard]] bool full() const { return preset == Preset::full; }
  // Resamples of bootstraps that decide verdicts: the Monte-Carlo error of an end is then a thirtieth of the interval.
  [[nodiscard]] static int resamples() { return 1000; }
  // The TOML of the preset, with the seed of this context.
  [[nodiscard]] base::Value document(const std::string& quick_toml, const std::string& full_toml,
                                     const std::string& name) const;
};

// A study and its finished runs; `store` is open.
struct StudyRuns {
  sweep::Study study;
  std::vector<store::RunRecord> runs;
  std::string store_path;
};
// Runs what DIR/<name>.db does not contain yet. A store of another study (another preset or seed) is an InputError.
[[nodiscard]] StudyRuns carry_out_study(const Context& context, const std::string& name, const base::Value& document);

// Returns the value of DIR/kept/<name>.json if it was computed from the same `inputs` (a text with everything that the
// measurement depends on); otherwise calls measure() and keeps the result. NaN is read back as null.
// A result that an interrupt ended early is never kept: Interrupted. One that an older version kept is measured again.
[[nodiscard]] base::Value kept(const Context& context, const std::string& name, const std::string& inputs,
                               const std::function<base::Value()>& measure);

// The results of an experiment. Claims are shown in its section and in the page's table.
struct Finding {
  report::Section section;              // its claims are those of results.json
  std::vector<report::Figure> leading;  // shown at the head of the page; at most one per experiment
  std::vector<std::pair<std::string, std::string>> configurations;  // heading, study as JSON
  base::Value fits = base::Value::table();                          // by name, for results.json
};

struct Experiment {
  std::string id;     // "E2.noise": the argument of --only; claims begin with "E2."
  std::string title;  // of the section
  double share = 1;   // share of the total time in the quick preset, measured; for the remaining time
  std::function<Finding(const Context&)> carry_out;
  bool needs_curves = false;  // carried out only if the user gives logs (Context::own)
};

// In the order of the page.
[[nodiscard]] const std::vector<Experiment>& experiments();

}  // namespace phaselaw::reproduce
