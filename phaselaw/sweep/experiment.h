// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "phaselaw/base/value.h"
#include "phaselaw/data/options.h"
#include "phaselaw/dynamics/options.h"
#include "phaselaw/kernel/options.h"
#include "phaselaw/model/options.h"
#include "phaselaw/sweep/accounting.h"
#include "phaselaw/training/options.h"

// An experiment file: one model, one data set, one training. A study file: the same with a grid.
//
//   seed = 7
//   [model] [data] [training] [kernel] [flow]   keys: docs/configuration.md, generated from the option structs
//   [grid]                        a study only: dotted keys with lists; seeds = K replicates each point K times;
//                                 n_params = [1e4, 1e5] is solved into shapes as [ladder] says (sweep/ladder.h)
//   [accounting]                  a study only: what a run is charged (sweep/accounting.h)
//   d_hidden = "4 * d_model"      a number of [model], [data] or [training] that follows from others
//                                 (sweep/computed_keys.h)
namespace phaselaw::sweep {

struct Experiment {
  std::int64_t seed = 0;
  model::ModelOptions model;
  data::DataOptions data;
  training::TrainingOptions training;
  kernel::KernelTask kernel;   // for the verb kernel; not part of a training run
  dynamics::FlowOptions flow;  // for flow and predict; not part of a training run
};

// Reads and validates an experiment. InputError at file:line:column for an unknown section or key, a wrong type, a
// value outside its domain, an expression without value, or a [grid] (which makes it a study: use `sweep`).
[[nodiscard]] Experiment experiment_from(const base::Value& document);

// The keys that define a training run, given or default: seed, model, data, training.
// experiment_from(resolved(e)) gives the same keys of e.
[[nodiscard]] base::Value resolved(const Experiment& experiment);

// The same in the forms that a run needs, computed once.
struct Configuration {
  base::Value value;  // resolved(experiment)
  std::string json;   // as one line
  std::string key;    // run_key(json)
};
[[nodiscard]] Configuration configuration_of(const Experiment& experiment);

[[nodiscard]] std::string run_key(const std::string& json);  // 16 hex digits: the hash of one line of JSON

// Exact FLOP of a run that reaches its end: its updates, and the forward passes of its measurements. The probe for
// learning_rate = "auto" is not included, because its length is not known in advance.
[[nodiscard]] double cost_of(const Experiment& experiment);
[[nodiscard]] std::int64_t batch_of(const Experiment& experiment);            // sequences per step
[[nodiscard]] std::int64_t measured_sequences(const Experiment& experiment);  // sequences per measurement

// One point of a study. The order is that of the grid keys, sorted alphabetically, with the last varying fastest and
// replicates innermost (replicate k has seed + k).
struct Point {
  std::int64_t index = 0;
  std::string key;  // of the point's configuration
  Experiment experiment;
  double cost_flop = 0;                                         // cost_of(experiment)
  std::int64_t n_params = 0;                                    // trainable parameters
  double wanted_params = 0;                                     // requested size of the ladder; 0 without a ladder
  std::vector<std::pair<std::string, base::Value>> computed{};  // keys that were computed (computed_keys.h)
};

struct Study {
  std::string json;       // the file's content as JSON, sections in a fixed order
  std::string key;        // run_key() of the same as one line
  Accounting accounting;  // its exponents are filled in
  std::vector<Point> points;
};

inline constexpr std::int64_t kMaxPoints = 100000;

// InputError as above and as grid_from, solve_shape, accounting_from and require_comparable; also for more than kMaxPoints runs (with their number and
// time).
[[nodiscard]] Study study_from(const base::Value& document);

}  // namespace phaselaw::sweep
