// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/analysis/training_laziness.h"

#include <cmath>

#include "phaselaw/analysis/prepared_experiment.h"
#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/dynamics/lazy.h"
#include "phaselaw/dynamics/signatures.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/training/trainer.h"

namespace phaselaw::analysis {

namespace {

using base::Value;
using Record = TrainingLazinessRecord;

constexpr std::pair<const char*, double Record::*> kNumbers[] = {{"tokens", &Record::tokens},
                                                                 {"train_loss", &Record::train_loss},
                                                                 {"drift", &Record::drift},
                                                                 {"drift_error", &Record::drift_error},
                                                                 {"alignment", &Record::alignment}};

dynamics::LazyRecorder recorder_of(const PreparedExperiment& s, const TrainingLazinessOptions& options, int threads) {
  auto data = s.train();
  PHASELAW_CHECK_LE(options.kernel_sequences, data.inputs.n);
  data.inputs.n = options.kernel_sequences;
  const auto tokens = static_cast<std::size_t>(options.kernel_sequences * s.experiment.model.seq_len);
  if (data.is_cross_entropy())
    data.next_tokens = data.next_tokens.first(tokens);
  else
    data.targets = data.targets.first(static_cast<std::size_t>(options.kernel_sequences * s.rows_per_sequence()));
  dynamics::LazyOptions lazy;
  lazy.probes = options.probes;
  lazy.drift_norm = false;
  lazy.seed = static_cast<std::uint64_t>(s.experiment.seed);
  lazy.threads = threads;
  return {s.experiment.model, s.theta_0, data, std::nullopt, lazy};
}

class LazinessWatch : public training::Observer<double> {
 public:
  LazinessWatch(dynamics::LazyRecorder& recorder, std::int64_t first_step, std::int64_t last_step,
                TrainingLaziness& run)
      : recorder_(recorder), due_(first_step), last_(last_step), run_(run) {}

  void on_measurement(const training::Measurement& m, std::span<const double> theta) override {
    if (m.step > 0) (void)detector_.observe({.time = static_cast<double>(m.step), .loss = m.train_loss});
    if (m.step > 0 && m.step < due_ && m.step < last_) return;
    while (due_ <= m.step) due_ *= 2;
    const auto& total = recorder_.record(static_cast<double>(m.step), theta).total;
    run_.records.push_back({m.step, m.tokens, m.train_loss, total.drift, total.drift_error, total.alignment});
  }
  [[nodiscard]] dynamics::SignatureEvent verdict() const { return detector_.verdict(); }

 private:
  dynamics::LazyRecorder& recorder_;
  dynamics::SignatureDetector detector_;
  std::int64_t due_, last_;
  TrainingLaziness& run_;
};

}  // namespace

TrainingLaziness training_laziness(const sweep::Experiment& experiment, const TrainingLazinessOptions& options,
                                   int threads) {
  PHASELAW_CHECK(options.first_step >= 1 && options.kernel_sequences >= 1);
  const PreparedExperiment s(experiment);
  TrainingLaziness run;
  run.n_params = s.model.table().n_trainable();
  run.d_model = experiment.model.d_model;
  run.seed = experiment.seed;
  auto recorder = recorder_of(s, options, threads);
  LazinessWatch watch(recorder, options.first_step, experiment.training.steps, run);
  training::Observer<double>* observers[] = {&watch};
  const numerics::OneBlasThread one;
  const auto result = training::train<double>(s.model, s.theta_0, s.split, experiment.training,
                                              static_cast<std::uint64_t>(experiment.seed), observers, {}, threads);
  run.outcome = base::enum_to_text(result.outcome);
  run.signature = base::enum_to_text(watch.verdict().signature);
  return run;
}

double drift_at_loss(const TrainingLaziness& run, double loss) {
  for (std::size_t i = 1; i < run.records.size(); ++i) {
    const auto &before = run.records[i - 1], &after = run.records[i];
    if (after.train_loss > loss) continue;
    if (i == 1 || !(before.drift > 0)) return base::kNaN;  // the drift at step 0 is 0
    const double share = (before.train_loss - loss) / (before.train_loss - after.train_loss);
    return std::exp(std::log(before.drift) + share * (std::log(after.drift) - std::log(before.drift)));
  }
  return base::kNaN;
}

Value to_value(const TrainingLaziness& run) {
  Value records;
  for (const auto& record : run.records) {
    Value entry = Value::table({{"step", record.step}});
    for (const auto& [name, member] : kNumbers) entry[name] = record.*member;
    records.push_back(std::move(entry));
  }
  return Value::table({{"n_params", run.n_params},
                       {"d_model", run.d_model},
                       {"seed", run.seed},
                       {"outcome", run.outcome},
                       {"signature", run.signature},
                       {"records", records}});
}

TrainingLaziness training_laziness_from(const Value& value) {
  TrainingLaziness run;
  run.n_params = value.at("n_params").integer();
  run.d_model = value.at("d_model").integer();
  run.seed = value.at("seed").integer();
  run.outcome = value.at("outcome").text();
  run.signature = value.at("signature").text();
  for (const auto& entry : value.at("records").list()) {
    Record record;
    record.step = entry.at("step").integer();
    for (const auto& [name, member] : kNumbers)
      record.*member = entry.at(name).is_null() ? base::kNaN : entry.at(name).number();
    run.records.push_back(record);
  }
  return run;
}

}  // namespace phaselaw::analysis
