// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/sweep/experiment.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/model/flops.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/training/trainer.h"

namespace phaselaw::sweep {

using base::InputError;
using base::Value;

namespace {

std::string hash_of(const Value& value) {
  return fmt::format("{:016x}", numerics::hash_text(base::to_json(value, -1)));
}

// What fields alone cannot say: the three sections must fit each other.
void validate(const Experiment& e, const base::Location& where) {
  model::validate(e.model, where);
  data::validate(e.data, where);
  training::validate(e.training, where);
  if (e.data.source == data::Source::text) {
    const bool wants_tokens =
        e.data.target == data::Target::tokens || (e.data.target == data::Target::automatic && e.model.reads_tokens());
    if (wants_tokens != e.model.reads_tokens())
      throw InputError(where, fmt::format("data.target and model.readout do not fit: target tokens needs readout "
                                          "tokens, regression needs identity or linear; found readout {}",
                                          base::enum_to_text(e.model.readout)));
  } else if (e.model.reads_tokens()) {
    throw InputError(where, "model.readout tokens needs data.source = \"text\"; choose readout identity or linear");
  }
}

double cost_of(const Experiment& e) {
  const auto cost = model::sequence_cost(e.model);
  const auto n = static_cast<double>(e.data.n_data), steps = static_cast<double>(e.training.steps);
  const double batch =
      e.training.optimizer == training::OptimizerKind::gd ? n : std::min(n, static_cast<double>(e.training.batch));
  const double measurements =
      6 + static_cast<double>(e.training.measurements_per_doubling) * std::log2(std::max(steps / 16, 1.0));
  const double measured =
      std::min(n, static_cast<double>(training::kTrainLossSequences)) + static_cast<double>(e.data.n_test);
  return steps * batch * cost.training_flop() + measurements * measured * cost.forward_flop;
}

Experiment read_sections(const Value& document, bool study) {
  Experiment e;
  const std::vector<std::string> known = {"seed", "model", "data", "training", "kernel", "flow", "grid"};
  for (const auto& [key, value] : document.entries()) {
    if (key == "seed") {
      e.seed = value.integer();
      if (e.seed < 0) throw InputError(value.where(), fmt::format("seed must be >= 0; found {}", e.seed));
    } else if (key == "model") {
      base::read_fields(value, e.model, "model");
    } else if (key == "data") {
      base::read_fields(value, e.data, "data");
    } else if (key == "training") {
      base::read_fields(value, e.training, "training");
    } else if (key == "kernel") {
      base::read_fields(value, e.kernel, "kernel");
    } else if (key == "flow") {
      base::read_fields(value, e.flow, "flow");
    } else if (key == "grid") {
      if (!study) throw InputError(value.where(), "a [grid] makes this a study; run it with `phaselaw sweep`");
    } else {
      throw InputError(value.where(), base::unknown_name("section", key, known));
    }
  }
  validate(e, document.where());
  return e;
}

struct GridAxis {
  std::string key;
  std::vector<Value> values;
};

std::vector<GridAxis> grid_axes(const Value& grid, std::int64_t& seeds) {
  std::vector<GridAxis> axes;
  // Both spellings of a dotted key, "data.n_data" = [..] and data.n_data = [..], are the same axis.
  const auto collect = [&](const auto& self, const Value& node, const std::string& prefix) -> void {
    for (const auto& [key, value] : node.entries()) {
      const std::string name = prefix.empty() ? key : prefix + "." + key;
      if (value.is_table()) {
        self(self, value, name);
        continue;
      }
      if (name == "seeds") {
        seeds = value.integer();
        if (seeds < 1) throw InputError(value.where(), fmt::format("grid.seeds must be >= 1; found {}", seeds));
        continue;
      }
      const auto dot = name.find('.');
      if (dot == std::string::npos)
        throw InputError(value.where(), base::unknown_name("key in [grid]", name, {"seeds"}) +
                                            "; others are written section.key, such as \"data.n_data\"");
      const std::string part = name.substr(0, dot);
      if (part == "kernel" || part == "flow")
        throw InputError(value.where(), fmt::format("grid key '{}': [{}] is no part of a training run; vary keys of "
                                                    "model, data or training",
                                                    name, part));
      if (!value.is_list() || value.list().empty())
        throw InputError(value.where(), fmt::format("grid key '{}': expected a list with at least one value, found {}",
                                                    name, value.is_list() ? "an empty list" : value.kind()));
      axes.push_back({name, value.list()});
    }
  };
  collect(collect, grid, "");
  std::sort(axes.begin(), axes.end(), [](const GridAxis& a, const GridAxis& b) { return a.key < b.key; });
  return axes;
}

}  // namespace

Experiment experiment_from(const Value& document) { return read_sections(document, false); }

Value resolved(const Experiment& e) {
  return Value::table({{"seed", e.seed},
                       {"model", base::write_fields(e.model)},
                       {"data", base::write_fields(e.data)},
                       {"training", base::write_fields(e.training)}});
}

Study study_from(const Value& document) {
  Study study;
  study.json = base::to_json(document);
  study.key = hash_of(document);
  std::int64_t seeds = 1;
  std::vector<GridAxis> axes;
  if (const Value* grid = document.find("grid")) axes = grid_axes(*grid, seeds);
  double count = static_cast<double>(seeds);
  for (const auto& axis : axes) count *= static_cast<double>(axis.values.size());
  if (count > static_cast<double>(kMaxPoints))
    throw InputError(document.where(), fmt::format("the grid makes {:.0f} runs; the limit is {}", count, kMaxPoints));

  std::vector<std::size_t> at(axes.size(), 0);
  for (bool more = true; more;) {
    Value point = document;
    for (std::size_t i = 0; i < axes.size(); ++i) point.set(axes[i].key, axes[i].values[at[i]]);
    const Experiment experiment = read_sections(point, true);
    for (std::int64_t replicate = 0; replicate < seeds; ++replicate) {
      Experiment e = experiment;
      e.seed += replicate;
      study.points.push_back(
          {static_cast<std::int64_t>(study.points.size()), hash_of(resolved(e)), std::move(e), cost_of(experiment)});
    }
    more = false;
    for (std::size_t i = axes.size(); i-- > 0 && !more;) {
      more = ++at[i] < axes[i].values.size();
      if (!more) at[i] = 0;
    }
  }
  return study;
}

}  // namespace phaselaw::sweep
