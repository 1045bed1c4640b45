// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/options.h"

#include <array>
#include <utility>

namespace phaselaw::training {

base::EnumNames<OptimizerKind> enum_names(OptimizerKind) {
  static constexpr std::array<std::pair<std::string_view, OptimizerKind>, 4> names{
      {{"gd", OptimizerKind::gd},
       {"sgd", OptimizerKind::sgd},
       {"momentum", OptimizerKind::momentum},
       {"adamw", OptimizerKind::adamw}}};
  return names;
}

base::EnumNames<Schedule> enum_names(Schedule) {
  static constexpr std::array<std::pair<std::string_view, Schedule>, 3> names{
      {{"constant", Schedule::constant}, {"cosine", Schedule::cosine}, {"wsd", Schedule::wsd}}};
  return names;
}

void validate(const TrainingOptions& options, const base::Location& where) {
  base::check_fields(options);
  if (options.schedule == Schedule::wsd && options.warmup + options.decay > 1)
    throw base::InputError(
        where, fmt::format("wsd: warmup + decay must be at most 1; found {} + {}", options.warmup, options.decay));
}

}  // namespace phaselaw::training
