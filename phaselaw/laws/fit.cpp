// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/fit.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "phaselaw/base/clock.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/laws/interval.h"
#include "phaselaw/laws/multi_start.h"
#include "phaselaw/laws/refit.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::laws {

namespace {

// Widest interval, as a factor between its ends, of a positive parameter that still counts as identified.
constexpr double kWidestFactor = 100;

void check_rows(const Form& form, const LogData& data, const FitOptions& options) {
  const std::size_t n = data.n_rows(), k = form.coordinates().size();
  const auto same_length = [n](std::size_t length, const char* name) {
    if (length != 0 && length != n)
      throw base::InputError(fmt::format("{}: expected one for each of the {} rows, found {}", name, n, length));
  };
  same_length(options.weights.size(), "weights");
  same_length(options.cluster.size(), "cluster");
  same_length(options.sd.size(), "sd");
  std::size_t used = n;
  if (!options.weights.empty())
    used = static_cast<std::size_t>(
        std::count_if(options.weights.begin(), options.weights.end(), [](double w) { return w > 0; }));
  if (used < k + 1)
    throw base::InputError(
        fmt::format("the {} law has {} free parameters and needs at least {} rows, found {}; add rows, or fix the "
                    "exponent or the floor",
                    form.name(), k, k + 1, used));
}

// Selection criteria of the Gaussian likelihood of the log residuals, with the variance as one more parameter.
void add_selection(const Refitter& refitter, Fit& fit) {
  const std::size_t n_rows = refitter.data().n_rows();
  std::vector<double> residual = refitter.log_residuals(fit.theta);
  for (std::size_t i = 0; i < n_rows; ++i) residual[i] *= residual[i] * refitter.weights()[i];
  const double n = static_cast<double>(n_rows), k = static_cast<double>(fit.theta.size()) + 1;
  const double variance = std::max(numerics::sum(residual) / n, 1e-30);  // rounding of an exact fit
  const double minus_two_log_likelihood = n * std::log(variance);
  fit.residual_scale = std::sqrt(variance * n / std::max(1.0, n - k + 1));
  fit.aicc = n - k - 1 > 0 ? minus_two_log_likelihood + 2 * k + 2 * k * (k + 1) / (n - k - 1)
                           : std::numeric_limits<double>::quiet_NaN();
  fit.bic = minus_two_log_likelihood + k * std::log(n);
}

void add_parameters(const Form& form, const IntervalSet* set, bool asked, Fit& fit) {
  for (std::size_t j = 0; j < form.coordinates().size(); ++j) {
    const Coordinate& coordinate = form.coordinates()[j];
    Estimate estimate;
    estimate.name = coordinate.name;
    estimate.value = coordinate.parameter(fit.theta[j]);
    const double room = 1e-6 * std::max(1.0, coordinate.upper - coordinate.lower);
    const bool at_bound = fit.theta[j] <= coordinate.lower + (coordinate.logarithmic ? room : 1e-9) ||
                          fit.theta[j] >= coordinate.upper - (coordinate.logarithmic ? room : 1e-9);
    if (set != nullptr) {
      const Interval& interval = set->coordinates[j];
      if (interval.lo) estimate.lo = coordinate.parameter(*interval.lo);
      if (interval.hi) estimate.hi = coordinate.parameter(*interval.hi);
      if (!interval.lo && !coordinate.logarithmic)
        estimate.lo = coordinate.parameter(coordinate.lower);  // E >= 0 by definition
    }
    estimate.identified = !at_bound && std::isfinite(estimate.value) && (!asked || within_widest_factor(estimate));
    if (at_bound)
      fit.warnings.push_back(
          coordinate.logarithmic
              ? fmt::format("{} ends at its bound: the data do not determine it; fix it or measure a wider range",
                            coordinate.name)
              : fmt::format("{} ends at its bound: the data show no floor; fit again with the floor fixed at 0",
                            coordinate.name));
    else if (asked && !estimate.identified)
      fit.warnings.push_back(
          fmt::format("{} is not identified: its interval is unbounded or spans more than a factor {}; "
                      "fix it or measure a wider range",
                      coordinate.name, kWidestFactor));
    fit.parameters.push_back(std::move(estimate));
  }
}

void add_derived(const std::vector<Derived>& derived, const IntervalSet* set, bool asked, Fit& fit) {
  for (std::size_t d = 0; d < derived.size(); ++d) {
    Estimate estimate;
    estimate.name = derived[d].name;
    estimate.value = derived[d].value(fit.theta);
    if (set != nullptr) {
      estimate.lo = set->derived[d].lo;
      estimate.hi = set->derived[d].hi;
    }
    estimate.identified =
        std::isfinite(estimate.value) &&
        (!asked || (derived[d].logarithmic ? within_widest_factor(estimate) : estimate.lo && estimate.hi));
    fit.derived.push_back(std::move(estimate));
  }
}

IntervalMethod resolve(const FitOptions& options) {
  if (options.interval == IntervalMethod::profile && !options.cluster.empty())
    throw base::InputError("interval profile: expected independent rows, found clusters; use bootstrap or sandwich");
  const bool profile_applies = options.objective == Objective::l2 && options.cluster.empty();
  if (options.interval != IntervalMethod::automatic) return options.interval;
  return profile_applies ? IntervalMethod::profile : IntervalMethod::bootstrap;
}

}  // namespace

std::string_view to_string(Objective objective) {
  switch (objective) {
    case Objective::huber:
      return "huber";
    case Objective::l1:
      return "l1";
    case Objective::l2:
      return "l2";
    case Objective::l2_raw:
      return "l2-raw";
    case Objective::l1_raw:
      return "l1-raw";
    case Objective::asymmetric:
      return "asymmetric";
  }
  return "l2";
}

std::string_view to_string(IntervalMethod method) {
  switch (method) {
    case IntervalMethod::none:
      return "none";
    case IntervalMethod::automatic:
      return "automatic";
    case IntervalMethod::bootstrap:
      return "bootstrap";
    case IntervalMethod::bca:
      return "bca";
    case IntervalMethod::profile:
      return "profile";
    case IntervalMethod::sandwich:
      return "sandwich";
  }
  return "none";
}

void FitOptions::validate() const {
  if (!(delta > 0) || std::isinf(delta))
    throw base::InputError(fmt::format("delta: expected a finite number > 0, found {}", delta));
  if (!(level > 0 && level < 1))
    throw base::InputError(fmt::format("level: expected a number in (0, 1), found {}", level));
  const bool resamples_used =
      interval == IntervalMethod::automatic || interval == IntervalMethod::bootstrap || interval == IntervalMethod::bca;
  if (resamples_used && resamples < 2)
    throw base::InputError(fmt::format("resamples: expected at least 2, found {}", resamples));
  if (!(asymmetry > 0) || std::isinf(asymmetry))
    throw base::InputError(fmt::format("asymmetry: expected a finite number > 0, found {}", asymmetry));
  if (!(variance_inflation >= 1) || std::isinf(variance_inflation))
    throw base::InputError(
        fmt::format("variance_inflation: expected a finite number >= 1, found {}", variance_inflation));
  if (threads < 1) throw base::InputError(fmt::format("threads: expected at least 1, found {}", threads));
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

const Estimate* Fit::find(std::string_view name) const {
  for (const auto* list : {&parameters, &derived})
    for (const Estimate& estimate : *list)
      if (estimate.name == name) return &estimate;
  return nullptr;
}

bool within_widest_factor(const Estimate& estimate) {
  return estimate.lo && estimate.hi && *estimate.lo > 0 && *estimate.hi <= kWidestFactor * *estimate.lo;
}

LogData log_data(std::span<const double> compute, std::span<const double> loss) {
  if (compute.size() != loss.size())
    throw base::InputError(
        fmt::format("expected as many losses as computes, found {} and {}", loss.size(), compute.size()));
  if (compute.empty()) throw base::InputError("expected rows of compute and loss, found none");
  LogData data;
  const auto checked_log = [](double x, const char* name, std::size_t row) {
    if (!(x > 0) || std::isinf(x))
      throw base::InputError(fmt::format("row {}: expected a positive finite {}, found {}", row + 1, name, x));
    return std::log(x);
  };
  for (std::size_t i = 0; i < compute.size(); ++i) {
    data.log_inputs.push_back(checked_log(compute[i], "compute", i));
    data.log_loss.push_back(checked_log(loss[i], "loss", i));
  }
  return data;
}

Fit fit_form(const Form& form, const LogData& data, const FitOptions& options, const std::vector<Derived>& derived) {
  const auto begin = base::Clock::now();
  options.validate();
  check_rows(form, data, options);
  Fit fit;
  fit.law = form.name();
  fit.formula = form.formula();
  fit.objective = options.objective;
  fit.delta = options.delta;
  fit.n_points = data.n_rows();
  fit.method = resolve(options);
  fit.clustered = !options.cluster.empty();
  fit.level = options.level;

  Refitter refitter(form, data, options);
  const MultiStart search = multi_start(refitter);
  fit.convergence = search.convergence;
  fit.theta = search.best.parameters;
  fit.coordinates = form.coordinates();
  fit.objective_value = search.best.cost;
  if (fit.theta.empty()) {
    fit.method = IntervalMethod::none;
    return fit;
  }
  add_selection(refitter, fit);

  const bool asked = fit.method != IntervalMethod::none;
  std::optional<IntervalSet> set;
  if (asked && fit.convergence.certified) {
    const std::size_t n_other = std::min<std::size_t>(1, search.starts.size());
    set = intervals(refitter, search.best, fit.method, options, derived, std::span(search.starts).first(n_other));
    fit.resamples = set->resamples;
    fit.replicates = std::move(set->replicates);
    if (form.grid_points() > 0 && 20 * set->improved > set->checked)
      fit.warnings.push_back(fmt::format(
          "{} of {} checked resamples have a lower optimum elsewhere; the intervals are doubtful, fix a parameter",
          set->improved, set->checked));
    if (set->attempted > 0 && 10 * set->resamples < 9 * set->attempted)
      fit.warnings.push_back(fmt::format(
          "only {} of {} resamples could be fitted; the intervals are doubtful, add rows or fix a parameter",
          set->resamples, set->attempted));
  }
  if (!fit.convergence.certified)
    fit.warnings.push_back(fmt::format("not a certified fit ({}); fix a parameter or measure a wider range of compute",
                                       fit.convergence.status));
  add_parameters(form, set ? &*set : nullptr, asked, fit);
  add_derived(derived, set ? &*set : nullptr, asked, fit);
  fit.seconds = base::seconds_since(begin);
  return fit;
}

}  // namespace phaselaw::laws
