// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phaselaw/base/value.h"
#include "phaselaw/data/options.h"
#include "phaselaw/dynamics/options.h"
#include "phaselaw/kernel/options.h"
#include "phaselaw/model/options.h"
#include "phaselaw/training/options.h"

// An experiment file: one model, one data set, one training. A study file: the same with a grid.
//
//   seed = 7
//   [model] [data] [training] [kernel] [flow]   keys: docs/configuration.md, generated from the option structs
//   [grid]                        a study only: dotted keys with lists; seeds = K replicates each point K times;
//                                 n_params = [1e4, 1e5] is solved into shapes as [ladder] says (sweep/ladder.h)
namespace phaselaw::sweep {

struct Experiment {
  std::int64_t seed = 0;
  model::ModelOptions model;
  data::DataOptions data;
  training::TrainingOptions training;
  kernel::KernelTask kernel;   // of the verb kernel, no part of a training run
  dynamics::FlowOptions flow;  // of flow and predict, no part of a training run
};

// Reads and validates. InputError at file:line:column for an unknown section or key, a wrong type, a value outside its
// domain, a [grid] (that is a study: use `sweep`).
[[nodiscard]] Experiment experiment_from(const base::Value& document);

// What defines a training run, every value given or default as it will be used: seed, model, data, training.
// experiment_from(resolved(e)) gives those of e again.
[[nodiscard]] base::Value resolved(const Experiment& experiment);

// The same in the forms that a run needs, made once.
struct Configuration {
  base::Value value;  // resolved(experiment)
  std::string json;   // as one line
  std::string key;    // run_key(json)
};
[[nodiscard]] Configuration configuration_of(const Experiment& experiment);

[[nodiscard]] std::string run_key(const std::string& json);  // 16 hex digits: the hash of one line of JSON

// Exact FLOP of a run that reaches its end: its updates, and the forward passes of its measurements. Without the probe
// for learning_rate = "auto", whose length is not known before.
[[nodiscard]] double cost_of(const Experiment& experiment);
[[nodiscard]] std::int64_t batch_of(const Experiment& experiment);            // sequences a step
[[nodiscard]] std::int64_t measured_sequences(const Experiment& experiment);  // sequences a measurement

// One point of a study, in the study's order: grid keys in the file's alphabetical order, the last varying fastest,
// replicates innermost (replicate k has seed + k).
struct Point {
  std::int64_t index = 0;
  std::string key;  // of its configuration
  Experiment experiment;
  double cost_flop = 0;       // cost_of(experiment)
  std::int64_t n_params = 0;  // trainable
  double wanted_params = 0;   // of the ladder; 0: none
};

struct Study {
  std::string json;  // the file's content as JSON, sections in a fixed order
  std::string key;   // run_key() of the same as one line
  std::vector<Point> points;
};

inline constexpr std::int64_t kMaxPoints = 100000;

// InputError as above, as grid_from and solve_shape, and for more than kMaxPoints runs (with their number and time).
[[nodiscard]] Study study_from(const base::Value& document);

}  // namespace phaselaw::sweep
