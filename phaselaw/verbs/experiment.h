// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "phaselaw/analysis/flow_views.h"
#include "phaselaw/analysis/laziness_study.h"
#include "phaselaw/analysis/measured_constants.h"
#include "phaselaw/analysis/predict.h"
#include "phaselaw/base/fields.h"
#include "phaselaw/base/value.h"
#include "phaselaw/sweep/experiment.h"
#include "phaselaw/sweep/settings.h"
#include "phaselaw/theory/evaluate.h"

// predict, theory and flow: each takes a request of plain values, usually with an experiment, and returns its
// results with their JSON. Warnings and notes go to the log. Errors: InputError as the functions that they call,
// base::Interrupted on Ctrl-C.
namespace phaselaw::verbs {

// Returns the document itself, or that of the TOML file named by a text, with the keys that are set beside it. `seed`:
// the option, which is given instead of the key, and not with it.
[[nodiscard]] base::Value document_of(const base::Value& source, const sweep::Settings& set,
                                      const std::optional<std::int64_t>& seed);

// Options of all requests: flags of the program, and arguments in Python.
struct RunRequest {
  std::optional<std::int64_t> seed;
  std::int64_t threads = 0;
  sweep::Settings set;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("seed", self.seed, base::seeds(), "seed of all random draws (default: that of the file, or 0)");
    visit("threads", self.threads, base::thread_counts(), "number of worker threads; 0: all cores");
    visit("set", self.set, base::anything(), sweep::kSetHelp);
  }
  [[nodiscard]] int thread_count() const;
  // The document of the file, with `set`. `seed` is not applied.
  [[nodiscard]] base::Value document_of(const base::Value& source) const {
    return verbs::document_of(source, set, seed);
  }
};

struct ExperimentRequest : RunRequest {
  sweep::Experiment experiment;
  [[nodiscard]] sweep::Experiment seeded() const;  // the experiment with `seed`, if that is given
};

struct PredictRequest : ExperimentRequest {
  analysis::PredictOptions options;
  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    analysis::PredictOptions::fields(self.options, visit);
    RunRequest::fields(self, visit);
  }
};
struct PredictAnswer {
  analysis::PreparedExperiment prepared;
  analysis::Prediction prediction;
  base::Value json;
};
[[nodiscard]] PredictAnswer predict(const PredictRequest& request);

// The theory at given numbers, and at numbers measured on a real model, data set and flow.
struct TheoryAnswer {
  theory::TheoryReport report;
  base::Value json;
};
[[nodiscard]] TheoryAnswer theory(const theory::TheoryNumbers& numbers);

struct ConstantsAnswer {
  analysis::MeasuredConstants constants;
  base::Value json;
};
[[nodiscard]] ConstantsAnswer measured_constants(const ExperimentRequest& request);

// Compares kernel, flow and training for an experiment; for a study, which has a [grid], the drift over its points.
struct FlowRequest : RunRequest {
  base::Value document;
};
struct FlowAnswer {
  analysis::PreparedExperiment prepared;
  analysis::FlowViews views;
  base::Value json;
};
struct DriftAnswer {
  sweep::Study study;
  analysis::LazinessStudy drift;
  base::Value json;
};
[[nodiscard]] std::variant<FlowAnswer, DriftAnswer> flow(const FlowRequest& request);

}  // namespace phaselaw::verbs
