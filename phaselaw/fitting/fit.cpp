// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/fit.h"
#include "phaselaw/base/constants.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/clock.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/fitting/identify.h"
#include "phaselaw/fitting/interval.h"
#include "phaselaw/fitting/multi_start.h"
#include "phaselaw/fitting/refit.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {

namespace {

// Largest ratio of the ends of the interval of a positive parameter that still counts as identified.
constexpr double kWidestFactor = 100;

void check_rows(const LawForm& form, const FitOptions& options) {
  const std::size_t n = form.n_rows(), k = form.coordinates().size();
  const auto same_length = [n](std::size_t length, const char* name) {
    if (length != 0 && length != n)
      throw base::InputError(fmt::format("{}: expected one value for each of the {} rows, found {}", name, n, length));
  };
  same_length(options.weights.size(), "weights");
  same_length(options.cluster.size(), "cluster");
  std::size_t used = n;
  if (!options.weights.empty())
    used = static_cast<std::size_t>(
        std::count_if(options.weights.begin(), options.weights.end(), [](double w) { return w > 0; }));
  if (used < k + 1)
    throw base::InputError(fmt::format(
        "the {} law has {} free parameters and needs at least {} rows, found {}; add rows, or fix a parameter with --fix",
        form.law().name, k, k + 1, used));
}

// Selection criteria of the Gaussian likelihood of the log residuals; the variance counts as one more parameter.
void add_selection(const Refitter& refitter, Fit& fit) {
  const std::size_t n_rows = refitter.form().n_rows();
  std::vector<double> residual = refitter.log_residuals(fit.theta);
  for (std::size_t i = 0; i < n_rows; ++i) residual[i] *= residual[i] * refitter.weights()[i];
  const double n = static_cast<double>(n_rows), k = static_cast<double>(fit.theta.size()) + 1;
  const double variance = std::max(numerics::sum(residual) / n, 1e-30);  // rounding of an exact fit
  const double minus_two_log_likelihood = n * std::log(variance);
  fit.residual_scale = std::sqrt(variance * n / std::max(1.0, n - k + 1));
  fit.aicc = n - k - 1 > 0 ? minus_two_log_likelihood + 2 * k + 2 * k * (k + 1) / (n - k - 1) : base::kNaN;
  fit.bic = minus_two_log_likelihood + k * std::log(n);
}

void add_parameters(const LawForm& form, const IntervalSet* set, bool asked, Fit& fit) {
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
              ? fmt::format("{} ends at its bound, so the data do not constrain it; fix it, or measure a wider range",
                            coordinate.name)
          : estimate.value > 0
              ? fmt::format(
                    "{} ends at the smallest measured {}, which no floor exceeds, so the law does not describe these rows or the "
                    "noise hides the floor; fit rows of one kind, or fix {}",
                    coordinate.name, form.law().output, coordinate.name)
              : fmt::format("{} ends at its bound, so the data show no floor; fit again with --fix {}=0",
                            coordinate.name, coordinate.name));
    else if (asked && !estimate.identified)
      fit.warnings.push_back(fmt::format(
          "{} is poorly constrained: its interval is unbounded or spans more than a factor {}; fix it, or measure a wider range",
          coordinate.name, kWidestFactor));
    fit.parameters.push_back(std::move(estimate));
  }
  for (const auto& [name, value] : fit.fixed) fit.parameters.push_back({name, value, value, value, true, true});
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
    throw base::InputError(
        {"--interval"},
        "profile intervals need independent rows, but the rows have clusters; use bootstrap or sandwich");
  return options.resolved_interval();
}

// The optimum of the simpler law that this law contains, as a start.
void add_nested_start(const laws::Law& law, const tables::Measurements& data, const FitOptions& options,
                      std::vector<std::map<std::string, double>>& starts) {
  if (law.nested.empty()) return;
  const laws::Law simpler = laws::law_from(law.nested, data.columns.names);
  FitOptions quick = options;
  quick.interval = IntervalMethod::none;
  quick.starts.clear();
  quick.fix.clear();
  for (const laws::Parameter& parameter : simpler.parameters)
    if (const auto at = options.fix.find(parameter.name); at != options.fix.end()) quick.fix.insert(*at);
  if (quick.fix.size() == simpler.parameters.size()) return;
  const Fit fit = fit_law(simpler, data, quick);
  if (fit.value.empty()) return;
  std::map<std::string, double>& start = starts.emplace_back();
  for (std::size_t p = 0; p < fit.value.size(); ++p) start[simpler.parameters[p].name] = fit.value[p];
}

}  // namespace

const Estimate* Fit::find(std::string_view quantity) const {
  for (const auto* list : {&parameters, &derived})
    for (const Estimate& estimate : *list)
      if (estimate.name == quantity) return &estimate;
  return nullptr;
}

bool within_widest_factor(const Estimate& estimate) {
  return estimate.lo && estimate.hi && *estimate.lo > 0 && *estimate.hi <= kWidestFactor * *estimate.lo;
}

void add_estimates(const LawForm& form, const IntervalSet* set, bool asked, Fit& fit) {
  add_parameters(form, set, asked, fit);
  add_derived(form.derived(), set, asked, fit);
}

Fit fit_law(const laws::Law& law, const tables::Measurements& data, const FitOptions& options) {
  const auto begin = base::Clock::now();
  options.validate();
  std::vector<std::map<std::string, double>> starts = options.starts;
  if (!options.brief) add_nested_start(law, data, options, starts);
  if (!options.sd.empty() && options.sd.size() != data.output.size())
    throw base::InputError(
        fmt::format("sd: expected one value for each of the {} rows, found {}", data.output.size(), options.sd.size()));
  const LawForm form(law, data, options.fix, std::move(starts), options.room_above(data.output), options.brief);
  check_rows(form, options);
  Fit fit;
  fit.law = law;
  fit.fixed = options.fix;
  fit.objective = options.objective;
  fit.delta = options.delta;
  fit.n_points = form.n_rows();
  fit.method = resolve(options);
  fit.clustered = !options.cluster.empty();
  fit.level = options.level;

  Refitter refitter(form, options);
  const MultiStart search = multi_start(refitter);
  fit.convergence = search.convergence;
  fit.theta = search.best.parameters;
  fit.coordinates = form.coordinates();
  fit.objective_value = search.best.cost;
  if (fit.theta.empty()) {
    fit.method = IntervalMethod::none;
    fit.seconds = base::seconds_since(begin);
    return fit;
  }
  fit.value = form.parameters(fit.theta);
  add_selection(refitter, fit);

  const bool asked = fit.method != IntervalMethod::none;
  std::optional<IntervalSet> set;
  if (asked && fit.convergence.certified) {
    const std::size_t n_other = std::min<std::size_t>(1, search.starts.size());
    set =
        intervals(refitter, search.best, fit.method, options, form.derived(), std::span(search.starts).first(n_other));
    fit.resamples = set->resamples;
    fit.replicates = std::move(set->replicates);
    if (20 * set->improved > set->checked)
      fit.warnings.push_back(fmt::format(
          "{} of {} checked resamples have a lower optimum elsewhere, so the intervals are unreliable; fix a parameter",
          set->improved, set->checked));
    if (set->attempted > 0 && 10 * set->resamples < 9 * set->attempted)
      fit.warnings.push_back(fmt::format(
          "only {} of {} resamples could be fitted, so the intervals are unreliable; add rows or fix a parameter",
          set->resamples, set->attempted));
  }
  if (!fit.convergence.certified)
    fit.warnings.push_back(fmt::format(
        "the fit is not certified ({}), so its parameters are unreliable; fix a parameter or measure a wider range",
        fit.convergence.status));
  add_estimates(form, set ? &*set : nullptr, asked, fit);
  if (!options.brief) judge_identifiability(form, options, fit);
  fit.seconds = base::seconds_since(begin);
  return fit;
}

std::vector<double> parameters_at(const Fit& fit, std::span<const double> theta) {
  std::vector<double> all;
  std::size_t j = 0;
  for (const laws::Parameter& parameter : fit.law.parameters) {
    const auto fixed = fit.fixed.find(parameter.name);
    all.push_back(fixed != fit.fixed.end() ? fixed->second : fit.coordinates[j].parameter(theta[j]));
    if (fixed == fit.fixed.end()) ++j;
  }
  return all;
}

}  // namespace phaselaw::fitting
