// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/verbs/experiment.h"

#include <string>
#include <utility>
#include <vector>

#include "phaselaw/base/log.h"
#include "phaselaw/sweep/run_memory.h"
#include "phaselaw/sweep/sweep.h"

namespace phaselaw::verbs {

namespace {

analysis::PreparedExperiment prepare(const sweep::Experiment& experiment) {
  sweep::require_memory(experiment, 1);
  analysis::PreparedExperiment prepared(experiment);
  base::log_info(prepared.split.description);
  return prepared;
}

void warn(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) base::log_warning(warning);
}

}  // namespace

base::Value document_of(const base::Value& source, const sweep::Settings& set,
                        const std::optional<std::int64_t>& seed) {
  for (const sweep::Setting& setting : set.list)
    if (seed && setting.key == "seed")
      throw base::InputError(setting.value.where(), "--seed is given as well; omit one of them");
  return sweep::with_settings(source.is_text() ? base::read_toml(source.text()) : source, set);
}

int RunRequest::thread_count() const { return static_cast<int>(threads); }

sweep::Experiment ExperimentRequest::seeded() const {
  sweep::Experiment e = experiment;
  if (seed) e.seed = *seed;
  return e;
}

PredictAnswer predict(const PredictRequest& request) {
  base::check_fields(request);
  analysis::PredictOptions options = request.options;
  options.threads = request.thread_count();
  // Errors in the sizes are reported before the data are made.
  options.n_data = analysis::predicted_sizes(request.experiment.data.n_data, options.n_data);
  analysis::PreparedExperiment prepared = prepare(request.seeded());
  analysis::Prediction prediction = analysis::predict(prepared, options);
  warn(prediction.warnings);
  base::Value json = analysis::to_value(prepared, prediction);
  return {std::move(prepared), std::move(prediction), std::move(json)};
}

TheoryAnswer theory(const theory::TheoryNumbers& numbers) {
  TheoryAnswer answer{theory::evaluate(numbers), {}};
  answer.json = theory::to_value(answer.report);
  return answer;
}

ConstantsAnswer measured_constants(const ExperimentRequest& request) {
  base::check_fields(request);
  sweep::require_memory(request.experiment, 1);
  const analysis::PreparedExperiment prepared(request.seeded());
  analysis::MeasuredConstants constants = analysis::measured_constants(prepared, request.thread_count());
  warn(constants.notes);
  base::Value json = analysis::to_value(constants);
  return {std::move(constants), std::move(json)};
}

std::variant<FlowAnswer, DriftAnswer> flow(const FlowRequest& request) {
  base::check_fields(request);
  base::Value document = request.document;
  if (request.seed) document["seed"] = *request.seed;
  if (document.find("grid") != nullptr) {
    DriftAnswer answer{sweep::study_from(document), {}, {}};
    answer.drift = analysis::laziness_study(answer.study, request.thread_count());
    warn(answer.drift.warnings);
    answer.json = analysis::to_value(answer.drift);
    return answer;
  }
  analysis::PreparedExperiment prepared = prepare(sweep::experiment_from(document));
  analysis::FlowViews views = analysis::flow_views(prepared, request.thread_count());
  warn(views.warnings);
  base::Value json = analysis::to_value(prepared, views);
  return FlowAnswer{std::move(prepared), std::move(views), std::move(json)};
}

}  // namespace phaselaw::verbs
