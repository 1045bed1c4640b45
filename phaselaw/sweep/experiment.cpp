// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/experiment.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "phaselaw/base/format.h"
#include "phaselaw/base/hash.h"
#include "phaselaw/model/flops.h"
#include "phaselaw/sweep/computed_keys.h"
#include "phaselaw/sweep/grid.h"
#include "phaselaw/training/schedule.h"
#include "phaselaw/training/trainer.h"

namespace phaselaw::sweep {

using base::InputError;
using base::Value;

namespace {

// The place of a key, or else of its section, or else of the document.
base::Location place_of(const Value& document, std::string_view section, std::string_view key = "") {
  const Value* table = document.find(section);
  if (table == nullptr || !table->is_table()) return document.where();
  const Value* value = key.empty() ? nullptr : table->find(key);
  return (value == nullptr ? table : value)->where();
}

// Constraints between fields: the three sections must fit each other.
void validate(const Experiment& e, const Value& document) {
  model::validate(e.model, place_of(document, "model"));
  const char* larger = e.data.n_test > e.data.n_data ? "n_test" : "n_data";
  data::require_memory(e.data, e.model, place_of(document, "data", larger));
  data::validate(e.data, e.model, place_of(document, "data"));
  training::validate(e.training, place_of(document, "training"));
}

// After the ladder has set some of them: everything at the place of the size.
void validate(const Experiment& e, const base::Location& where) {
  model::validate(e.model, where);
  data::validate(e.data, e.model, where);
  training::validate(e.training, where);
}

// one_pass: as many sequences as the steps use. A number in the file must agree.
void set_one_pass(Experiment& e, const Value* n_data, const base::Location& where) {
  if (!e.data.one_pass) return;
  if (e.training.optimizer == training::OptimizerKind::gd)
    throw InputError(where,
                     "data.one_pass needs an optimizer with batches, because gd uses every sequence in each step; "
                     "choose sgd, momentum or adamw");
  if (static_cast<double>(e.training.batch) * static_cast<double>(e.training.steps) > data::kMostSequences)
    throw InputError(where, fmt::format("training.batch * training.steps = {} * {} sequences are more than {}; reduce "
                                        "them",
                                        e.training.batch, e.training.steps, base::format_number(data::kMostSequences)));
  const std::int64_t wanted = e.training.batch * e.training.steps;
  if (n_data != nullptr && n_data->is_whole_number() && n_data->integer() != wanted)
    throw InputError(n_data->where(),
                     fmt::format("data.one_pass uses each sequence once, so n_data = batch * steps = {} * {} "
                                 "= {}; found {}; leave n_data out",
                                 e.training.batch, e.training.steps, wanted, n_data->integer()));
  e.data.n_data = wanted;
}

Experiment read_sections(const Value& document, bool study) {
  Experiment e;
  const Value* n_data = nullptr;
  const std::vector<std::string> known = {"seed", "model", "data",   "training",  "kernel",
                                          "flow", "grid",  "ladder", "accounting"};
  for (const auto& [key, value] : document.entries()) {
    if (key == "seed") {
      base::detail::read(value, e.seed, base::seeds(), "seed");
    } else if (key == "model") {
      base::read_fields(value, e.model, "model");
    } else if (key == "data") {
      base::read_fields(value, e.data, "data");
      n_data = value.find("n_data");
    } else if (key == "training") {
      base::read_fields(value, e.training, "training");
    } else if (key == "kernel") {
      base::read_fields(value, e.kernel, "kernel");
    } else if (key == "flow") {
      base::read_fields(value, e.flow, "flow");
    } else if (key == "grid" || key == "ladder" || key == "accounting") {
      if (!study)
        throw InputError(value.where(),
                         fmt::format("a section [{}] makes this a study, which is run with `phaselaw sweep`", key));
    } else {
      throw InputError(value.where(), base::unknown_name("section", key, known));
    }
  }
  training::validate(e.training, place_of(document, "training"));
  set_one_pass(e, n_data, place_of(document, "data", "one_pass"));
  validate(e, document);
  return e;
}

}  // namespace

std::string run_key(const std::string& json) { return fmt::format("{:016x}", base::hash_bytes(json)); }

std::int64_t batch_of(const Experiment& e) {
  return e.training.optimizer == training::OptimizerKind::gd ? e.data.n_data
                                                             : std::min(e.data.n_data, e.training.batch);
}

std::int64_t measured_sequences(const Experiment& e) {
  return std::min(e.data.n_data, training::kTrainLossSequences) + e.data.n_test;
}

double cost_of(const Experiment& e) {
  const auto cost = model::sequence_cost(e.model);
  const auto measurements = training::measurement_steps(e.training.steps, e.training.measurements_per_doubling).size();
  return static_cast<double>(e.training.steps) * static_cast<double>(batch_of(e)) * cost.training_flop() +
         static_cast<double>(measurements) * static_cast<double>(measured_sequences(e)) * cost.forward_flop;
}

Experiment experiment_from(const Value& document) { return read_sections(compute_keys(document).document, false); }

Value resolved(const Experiment& e) {
  return Value::table({{"seed", e.seed},
                       {"model", model::to_section(e.model)},
                       {"data", base::write_fields(e.data)},
                       {"training", base::write_fields(e.training)}});
}

Configuration configuration_of(const Experiment& e) {
  Configuration c;
  c.value = resolved(e);
  c.json = base::to_json(c.value, -1);
  c.key = run_key(c.json);
  return c;
}

namespace {

// A point of the grid without its replicates: seeds, key and index are not set.
Point point_at(const Value& document, const Grid& grid, double combination) {
  Point point;
  Value changed = document;
  const auto values = grid.values_at(combination);
  const Value* size = nullptr;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const GridAxis& axis = grid.axes[i];
    if (axis.key == "n_params")
      size = &values[i];
    else if (axis.keys.size() == 1)
      changed.set(axis.key, values[i]);
    else
      for (std::size_t k = 0; k < axis.keys.size(); ++k) changed.set(axis.keys[k], values[i].list()[k]);
  }
  ComputedKeys computed = compute_keys(changed, grid.set_by_ladder(), [&] { return grid.in_words(combination); });
  point.computed = std::move(computed.values);
  Experiment& e = point.experiment;
  e = read_sections(computed.document, true);
  if (size != nullptr) {
    LadderOptions ladder = grid.ladder;
    if (ladder.vary == LadderVary::automatic)
      ladder.vary =
          e.data.source == data::Source::text || e.model.reads_tokens() ? LadderVary::shape : LadderVary::d_hidden;
    point.wanted_params = size->number();
    e.model = solve_shape(e.model, ladder, point.wanted_params, size->where());
    if (ladder.tokens_per_param > 0)
      e.training.steps = ladder_steps(ladder, trainable_params(e.model), batch_of(e), e.model.seq_len,
                                      place_of(document, "ladder", "tokens_per_param"));
    set_one_pass(e, nullptr, size->where());
    validate(e, size->where());
  }
  point.n_params = trainable_params(e.model);
  point.cost_flop = cost_of(e);
  return point;
}

[[noreturn]] void refuse_size(const Value& document, const Grid& grid, double count) {
  constexpr int kSamples = 100;
  constexpr double kNominalRate = 20e9;  // FLOP per second of one core, for an estimate in a message only
  double flop = 0;
  for (int i = 0; i < kSamples; ++i)
    flop += point_at(document, grid, std::floor(grid.combinations() * i / kSamples)).cost_flop / kSamples;
  throw InputError(
      grid.where,
      fmt::format(
          "the grid has {} runs, the limit is {}; on one core of {} GFLOP/s they would take about {} days; use fewer values",
          base::format_count(count), base::format_count(kMaxPoints), base::format_number(kNominalRate / 1e9),
          base::format_number(count * flop / kNominalRate / 86400)));
}

// A key that is computed in its section and varied by the grid: one of them would have no effect.
void refuse_computed_axes(const Value& document, const Grid& grid) {
  for (const auto& axis : grid.axes)
    for (const auto& name : axis.keys) {
      const std::size_t dot = name.find('.');
      if (dot == std::string::npos) continue;
      const std::string section = name.substr(0, dot), key = name.substr(dot + 1);
      const Value* table = document.find(section);
      const Value* value = table == nullptr || !table->is_table() ? nullptr : table->find(key);
      if (value != nullptr && is_expression(section, key, *value))
        throw InputError(value->where(),
                         fmt::format("{} is computed here, but the grid varies it too; remove one of them", name));
    }
}

bool has_computed_axes(const Grid& grid) {
  const auto computed = [](const std::string& name, const Value& value) {
    const std::size_t dot = name.find('.');
    return dot != std::string::npos && is_expression(name.substr(0, dot), name.substr(dot + 1), value);
  };
  for (const auto& axis : grid.axes)
    for (const Value& value : axis.values)
      for (std::size_t k = 0; k < axis.keys.size(); ++k)
        if (computed(axis.keys[k], axis.keys.size() == 1 ? value : value.list()[k])) return true;
  return false;
}

// Two points of the grid at which the expressions give the same numbers would be one run that counts twice.
void require_new_run(const Point& point, const Grid& grid, double combination,
                     std::map<std::string, double>& first_with) {
  const auto [first, is_new] = first_with.emplace(configuration_of(point.experiment).key, combination);
  if (!is_new)
    throw InputError(grid.where, fmt::format("the points {} and {} are the same run, because their computed keys are "
                                             "equal; remove one of them",
                                             grid.in_words(first->second), grid.in_words(combination)));
}

}  // namespace

Study study_from(const Value& document) {
  Study study;
  study.json = base::to_json(document);
  study.key = run_key(base::to_json(document, -1));
  study.accounting = accounting_from(document);
  const Grid grid = grid_from(document);
  const double combinations = grid.combinations(), count = combinations * static_cast<double>(grid.seeds);
  if (count > static_cast<double>(kMaxPoints)) refuse_size(document, grid, count);
  refuse_computed_axes(document, grid);
  const bool computed_axes = has_computed_axes(grid);
  std::map<std::string, double> first_with;  // run key of the first replicate to its combination
  for (double combination = 0; combination < combinations; ++combination) {
    Point point = point_at(document, grid, combination);
    if (computed_axes) require_new_run(point, grid, combination, first_with);
    const std::int64_t seed = point.experiment.seed;
    for (std::int64_t replicate = 0; replicate < grid.seeds; ++replicate) {
      point.index = static_cast<std::int64_t>(study.points.size());
      point.experiment.seed = seed + replicate;
      point.key = configuration_of(point.experiment).key;
      study.points.push_back(point);
    }
  }
  require_comparable(study, grid.where);
  return study;
}

}  // namespace phaselaw::sweep
