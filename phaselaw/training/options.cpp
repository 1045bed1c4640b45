// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/training/options.h"

#include <array>
#include <utility>

#include "phaselaw/numerics/gemm_bfloat16.h"

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

base::EnumNames<Precision> enum_names(Precision) {
  static constexpr std::array<std::pair<std::string_view, Precision>, 3> names{
      {{"float32", Precision::float32},
       {"bfloat16", Precision::bfloat16},
       {"bfloat16-emulated", Precision::bfloat16_emulated}}};
  return names;
}

void require_precision(Precision precision) {
  if (precision != Precision::bfloat16) return;
  if (const auto missing = numerics::bfloat16_missing(); !missing.empty())
    throw base::InputError(
        {"training.precision"},
        fmt::format(
            "this processor cannot multiply bfloat16 ({}); "
            "use \"float32\", or \"bfloat16-emulated\" to study the effect of rounding, which is slower than float32",
            missing));
}

void validate(const TrainingOptions& options, const base::Location& where) {
  base::check_fields(options);
  if (options.schedule == Schedule::wsd && options.warmup + options.decay > 1)
    throw base::InputError(
        where, fmt::format("wsd: warmup + decay must be at most 1; found {} + {}", options.warmup, options.decay));
}

}  // namespace phaselaw::training
