// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/run_memory.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>

#include "phaselaw/base/memory.h"
#include "phaselaw/model/parameters.h"
#include "phaselaw/model/transformer.h"
#include "phaselaw/store/measurement.h"
#include "phaselaw/training/objective.h"
#include "phaselaw/training/trainer.h"

namespace phaselaw::sweep {

namespace {

double data_memory(const Experiment& e) {
  double bytes = data::data_bytes(e.data, e.model);
  const double converted = e.model.reads_tokens() ? 1 : 0.5;  // float, or the tokens again
  bytes *= 1 + converted;
  const double positions = static_cast<double>(e.data.n_test) * static_cast<double>(e.model.seq_len);
  if (e.data.knows_distribution()) bytes += positions * static_cast<double>(e.model.vocab + 1) * sizeof(double);
  if (e.model.init_scale != 1)
    bytes += static_cast<double>(e.data.n_data + e.data.n_test) * static_cast<double>(e.model.seq_len) *
             static_cast<double>(e.model.outputs()) * sizeof(float);
  return bytes;
}

double parameter_memory(const Experiment& e, std::int64_t shards) {
  using training::OptimizerKind;
  const OptimizerKind kind = e.training.optimizer;
  const double moments = kind == OptimizerKind::adamw ? 2 : kind == OptimizerKind::momentum ? 1 : 0;
  const double copies = 1 + static_cast<double>(shards) + moments + (1 + moments);  // the last ones: a snapshot
  return copies * model::parameter_count(e.model) * sizeof(float);
}

double pass_memory(const Experiment& e, std::int64_t shards, int threads) {
  const std::int64_t seq_len = e.model.seq_len, of_shard = (batch_of(e) + shards - 1) / shards;
  const std::int64_t fewest = (training::kMicrobatchTokens + seq_len - 1) / seq_len;
  const auto& micro = e.training.microbatch;
  const std::int64_t capacity = std::clamp<std::int64_t>(micro.is_word() ? fewest : micro.value, 1, of_shard);
  const double inputs =
      static_cast<double>(e.model.input_len()) * static_cast<double>(e.model.reads_tokens() ? 2 : e.model.d_model);
  const double outputs = static_cast<double>(seq_len) * static_cast<double>(e.model.outputs());
  double bytes = model::workspace_bytes<float>(e.model, capacity) +
                 static_cast<double>(capacity) * (inputs + 4 * outputs) * sizeof(float);
  if (micro.is_word()) bytes = std::max(bytes, static_cast<double>(training::kMicrobatchBytes));
  return bytes * static_cast<double>(std::clamp<std::int64_t>(threads, 1, shards));
}

}  // namespace

RunMemory memory_of(const Experiment& e, int threads) {
  const std::int64_t shards = training::gradient_shards(e.model, batch_of(e));
  const double doublings = std::max(1.0, std::log2(static_cast<double>(e.training.steps)));
  RunMemory memory;
  memory.data = data_memory(e);
  memory.parameters = parameter_memory(e, shards);
  memory.passes = pass_memory(e, shards, threads);
  memory.curve = doublings * static_cast<double>(e.training.measurements_per_doubling) * 2 * sizeof(store::Measurement);
  return memory;
}

void require_memory(const Experiment& e, int threads, const base::Location& where) {
  const RunMemory memory = memory_of(e, threads);
  const double limit = base::machine_memory();
  if (memory.total() <= limit) return;
  const double most = std::max({memory.data, memory.parameters, memory.passes, memory.curve});
  const std::string keys = most == memory.data         ? "data.n_data, data.n_test or model.seq_len"
                           : most == memory.parameters ? "model.d_model, model.n_layers or another size of the model"
                           : most == memory.passes     ? "model.seq_len, training.microbatch or the number of threads"
                                                       : "training.measurements_per_doubling";
  throw base::InputError(
      where, fmt::format("the run needs about {} of memory (data {}, parameters {}, passes {}), but {} are available; "
                         "reduce {}",
                         base::memory_text(memory.total()), base::memory_text(memory.data),
                         base::memory_text(memory.parameters), base::memory_text(memory.passes),
                         base::memory_text(limit), keys));
}

void require_memory(const std::vector<const Point*>& points, int workers) {
  const Point* largest = nullptr;
  double most = 0;
  std::vector<double> needs;
  for (const Point* point : points) {
    const double need = memory_of(point->experiment, 1).total();
    if (needs.empty() || need > most) {
      most = need;
      largest = point;
    }
    needs.push_back(need);
  }
  if (largest == nullptr) return;
  require_memory(largest->experiment, 1);
  const double limit = base::machine_memory();
  std::sort(needs.begin(), needs.end(), std::greater<>());
  needs.resize(std::min(needs.size(), static_cast<std::size_t>(std::max(workers, 1))));
  double sum = 0;
  std::size_t fitting = 0;
  for (const double need : needs) {
    sum += need;
    if (sum <= limit) ++fitting;
  }
  if (fitting < needs.size())
    throw base::InputError({"--threads"},
                           fmt::format("the {} largest runs at once need about {} of memory, but {} are available; use "
                                       "--threads {}",
                                       needs.size(), base::memory_text(sum), base::memory_text(limit), fitting));
}

}  // namespace phaselaw::sweep
