// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/profile.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/errors.h"
#include "phaselaw/fitting/calibration.h"
#include "phaselaw/fitting/interval.h"
#include "phaselaw/fitting/law_form.h"
#include "phaselaw/fitting/profiler.h"
#include "phaselaw/fitting/refit.h"

namespace phaselaw::fitting {

namespace {

constexpr double kFarthest = 5;  // range in the logarithm if an interval does not end

// Refits on the way from the optimum to `end`, each started at the last.
void walk(Refitter& refitter, const Fit& fit, std::size_t j, double end, int points, const Coordinate& coordinate,
          ProfileCurve& curve) {
  if (end == fit.theta[j]) return;
  std::vector<double> at = fit.theta;
  for (int i = 1; i <= points; ++i) {
    at[j] = fit.theta[j] + (end - fit.theta[j]) * i / points;
    refitter.hold(j, at[j]);
    const numerics::LeastSquaresResult warm = refitter.solve(at, 1e-7, true);
    const numerics::LeastSquaresResult again = refitter.solve(at, 1e-7);
    refitter.release();
    const numerics::LeastSquaresResult& best = again.cost < warm.cost ? again : warm;
    if (best.status == numerics::LeastSquaresStatus::failed) return;
    curve.value.push_back(coordinate.parameter(at[j]));
    curve.objective.push_back(best.cost);
    const double held = at[j];
    at = best.parameters;
    at[j] = held;
  }
}

}  // namespace

ProfileCurve profile(const Fit& fit, const tables::Measurements& data, const FitOptions& options,
                     const std::string& parameter, int n_points) {
  if (n_points < 5) throw base::InputError(fmt::format("profile: expected at least 5 points, found {}", n_points));
  std::vector<std::string> names;
  for (const Coordinate& coordinate : fit.coordinates) names.push_back(coordinate.name);
  const auto found = std::find(names.begin(), names.end(), parameter);
  if (found == names.end()) throw base::InputError(base::unknown_name("free parameter", parameter, names));
  const auto j = static_cast<std::size_t>(found - names.begin());

  const LawForm form(fit.law, data, fit.fixed, {}, options.room_above(data.output));
  const FitOptions applied = applied_options(fit, options);
  Refitter refitter(form, applied);
  numerics::LeastSquaresResult optimum;
  optimum.parameters = fit.theta;
  optimum.cost = fit.objective_value;
  const double level = fit.level > 0 ? fit.level : options.level;
  const Calibration calibration(refitter, fit.theta, applied);
  const Interval interval = Profiler(refitter, optimum, calibration, level).coordinate(j);
  const Coordinate& coordinate = fit.coordinates[j];
  std::vector<double> unit(fit.theta.size());
  unit[j] = 1;

  ProfileCurve curve;
  curve.parameter = parameter;
  curve.optimum = coordinate.parameter(fit.theta[j]);
  curve.threshold = fit.objective_value + calibration.rise(calibration.spread(unit), level);
  if (interval.lo) curve.lo = coordinate.parameter(*interval.lo);
  if (interval.hi) curve.hi = coordinate.parameter(*interval.hi);
  const auto far = [&](const std::optional<double>& end, double bound) {
    if (bound == fit.theta[j]) return bound;  // the optimum is at the bound
    const double reach = end ? fit.theta[j] + 1.5 * (*end - fit.theta[j])
                             : fit.theta[j] + std::copysign(kFarthest, bound - fit.theta[j]);
    return bound > fit.theta[j] ? std::min(reach, bound) : std::max(reach, bound);
  };
  walk(refitter, fit, j, far(interval.lo, coordinate.lower), n_points / 2, coordinate, curve);
  std::reverse(curve.value.begin(), curve.value.end());
  std::reverse(curve.objective.begin(), curve.objective.end());
  curve.value.push_back(curve.optimum);
  curve.objective.push_back(fit.objective_value);
  walk(refitter, fit, j, far(interval.hi, coordinate.upper), n_points / 2, coordinate, curve);
  return curve;
}

}  // namespace phaselaw::fitting
