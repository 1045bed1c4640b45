// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/options.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/errors.h"
#include "phaselaw/fitting/law_form.h"
#include "phaselaw/tables/columns.h"

namespace phaselaw::fitting {

base::EnumNames<Objective> enum_names(Objective) {
  static constexpr std::pair<std::string_view, Objective> kNames[] = {
      {"huber", Objective::huber},   {"l1", Objective::l1},         {"l2", Objective::l2},
      {"l2-raw", Objective::l2_raw}, {"l1-raw", Objective::l1_raw}, {"asymmetric", Objective::asymmetric}};
  return kNames;
}

base::EnumNames<IntervalMethod> enum_names(IntervalMethod) {
  static constexpr std::pair<std::string_view, IntervalMethod> kNames[] = {{"automatic", IntervalMethod::automatic},
                                                                           {"bootstrap", IntervalMethod::bootstrap},
                                                                           {"bca", IntervalMethod::bca},
                                                                           {"profile", IntervalMethod::profile},
                                                                           {"sandwich", IntervalMethod::sandwich},
                                                                           {"none", IntervalMethod::none}};
  return kNames;
}

void FitOptions::validate() const {
  base::check_fields(*this);
  if (!(variance_inflation >= 1) || std::isinf(variance_inflation))
    throw base::InputError(
        fmt::format("variance_inflation: expected a finite number >= 1, found {}", variance_inflation));
  for (std::size_t i = 0; i < sd.size(); ++i)
    if (!(sd[i] > 0) || std::isinf(sd[i]))
      throw base::InputError(fmt::format("sd of row {}: expected a finite number > 0, found {}", i + 1, sd[i]));
  double total = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (!(weights[i] >= 0) || std::isinf(weights[i]))
      throw base::InputError(
          fmt::format("weight of row {}: expected a finite number >= 0, found {}", i + 1, weights[i]));
    total += weights[i];
  }
  if (!weights.empty() && !(total > 0 && std::isfinite(total)))
    throw base::InputError("weights: expected a positive finite sum");
}

IntervalMethod FitOptions::resolved_interval() const {
  if (interval != IntervalMethod::automatic) return interval;
  const bool squares = objective == Objective::l2 || objective == Objective::l2_raw;
  const bool resampled = resamples != FitOptions{}.resamples;  // a number of resamples asks for the bootstrap
  return (squares || follows_residuals()) && !resampled ? IntervalMethod::profile : IntervalMethod::bootstrap;
}

namespace {

void require(bool used, const char* flag, const std::string& why) {
  if (!used) throw base::InputError({flag}, why + "; omit it");
}

}  // namespace

void FitOptions::require_objective_uses() const {
  const FitOptions plain;
  const bool bends = objective == Objective::huber || objective == Objective::asymmetric;
  require(bends || !delta, "--delta",
          fmt::format("is used only with the objectives huber and asymmetric; the objective is {}",
                      base::enum_name(objective)));
  require(objective == Objective::asymmetric || asymmetry == plain.asymmetry, "--asymmetry",
          fmt::format("is used only with the objective asymmetric; the objective is {}", base::enum_name(objective)));
}

void FitOptions::require_used() const {
  require_objective_uses();
  const FitOptions plain;
  const IntervalMethod method = resolved_interval();
  require(method == IntervalMethod::bootstrap || method == IntervalMethod::bca || resamples == plain.resamples,
          "--resamples", fmt::format("intervals by {} use no resamples", base::enum_name(method)));
  require(method != IntervalMethod::none || level == plain.level, "--level", "no intervals are computed");
}

double FitOptions::room_above(std::span<const double> output) const {
  // The noise of the output itself does not shrink with the output, so it hides how far the smallest is below a floor.
  if (is_raw(objective)) {
    const auto [low, high] = std::minmax_element(output.begin(), output.end());
    return output.empty() || !(*low > 0) ? floor_room : std::max(floor_room, std::log(*high / *low));
  }
  return std::max(floor_room, fitting::floor_room(output, sd));
}

FitOptions FitOptions::rows(std::span<const std::size_t> chosen) const {
  FitOptions out = *this;
  out.weights = tables::picked(weights, chosen);
  out.sd = tables::picked(sd, chosen);
  out.cluster = tables::picked(cluster, chosen);
  out.row_factors = tables::picked(row_factors, chosen);
  return out;
}

}  // namespace phaselaw::fitting
