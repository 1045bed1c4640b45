// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/fit.h"
#include "phaselaw/base/constants.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/clock.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/fitting/free_sign.h"
#include "phaselaw/fitting/identify.h"
#include "phaselaw/fitting/interval.h"
#include "phaselaw/fitting/multi_start.h"
#include "phaselaw/fitting/refit.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {

namespace {

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

// Selection criteria of the Gaussian likelihood of the residuals, on the objective's scale; the variance counts as one more parameter.
void add_selection(const Refitter& refitter, Fit& fit) {
  const std::size_t n_rows = refitter.form().n_rows();
  std::vector<double> residual = refitter.own_residuals(fit.theta);
  for (std::size_t i = 0; i < n_rows; ++i) residual[i] *= residual[i] * refitter.weights()[i];
  const double n = static_cast<double>(n_rows), k = static_cast<double>(fit.theta.size()) + 1;
  const double variance = std::max(numerics::sum(residual) / n, 1e-30);  // rounding of an exact fit
  const double minus_two_log_likelihood = n * std::log(variance);
  fit.residual_scale = std::sqrt(variance * n / std::max(1.0, n - k + 1));
  fit.aicc = n - k - 1 > 0 ? minus_two_log_likelihood + 2 * k + 2 * k * (k + 1) / (n - k - 1) : base::kNaN;
  fit.bic = minus_two_log_likelihood + k * std::log(n);
}

void add_parameters(const LawForm& form, const IntervalSet* set, Fit& fit) {
  for (std::size_t j = 0; j < form.coordinates().size(); ++j) {
    const Coordinate& coordinate = form.coordinates()[j];
    Estimate estimate;
    estimate.name = coordinate.name;
    estimate.value = coordinate.parameter(fit.theta[j]);
    if (set != nullptr) {
      const Interval& interval = set->coordinates[j];
      if (interval.lo) estimate.lo = coordinate.parameter(*interval.lo);
      if (interval.hi) estimate.hi = coordinate.parameter(*interval.hi);
    }
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
  starts.push_back(named_values(fit));
}

}  // namespace

const Estimate* Fit::find(std::string_view quantity) const {
  for (const auto* list : {&parameters, &derived})
    for (const Estimate& estimate : *list)
      if (estimate.name == quantity) return &estimate;
  return nullptr;
}

std::map<std::string, double> named_values(const Fit& fit) {
  std::map<std::string, double> values;
  for (std::size_t p = 0; p < fit.value.size(); ++p) values[fit.law.parameters[p].name] = fit.value[p];
  return values;
}

bool within_widest_factor(const Estimate& estimate) {
  return estimate.lo && estimate.hi && *estimate.lo > 0 && *estimate.hi <= kWidestFactor * *estimate.lo;
}

FitOptions applied_options(const Fit& fit, const FitOptions& options) {
  return fit.errors ? fit.errors->applied_to(options) : options;
}

void add_estimates(const LawForm& form, const IntervalSet* set, bool asked, Fit& fit) {
  add_parameters(form, set, fit);
  add_derived(form.derived(), set, asked, fit);
}

namespace {

void check_lengths(const tables::Measurements& data, const FitOptions& options) {
  if (!options.sd.empty() && options.sd.size() != data.output.size())
    throw base::InputError(
        fmt::format("sd: expected one value for each of the {} rows, found {}", data.output.size(), options.sd.size()));
}

void warn_of_resamples(const IntervalSet& set, Fit& fit) {
  if (20 * set.improved > set.checked)
    fit.warnings.push_back(fmt::format(
        "{} of {} checked resamples have a lower optimum elsewhere, so the intervals are unreliable; fix a parameter",
        set.improved, set.checked));
  if (set.attempted > 0 && 10 * set.resamples < 9 * set.attempted)
    fit.warnings.push_back(fmt::format(
        "only {} of {} resamples could be fitted, so the intervals are unreliable; add rows or fix a parameter",
        set.resamples, set.attempted));
}

// Refits with the errors that the residuals show; the optimum is then that of the refitter.
void follow_residuals(Refitter& refitter, const FitOptions& options, numerics::LeastSquaresResult& best, Fit& fit) {
  fit.errors = estimate_errors(refitter, options, best);
  fit.delta.reset();
  if (std::isfinite(fit.errors->cut)) fit.delta = fit.errors->cut;
  fit.clustered = fit.clustered || !fit.errors->groups.empty();
  if (numerics::LeastSquaresResult polished = refitter.polish(best.parameters);
      polished.status == numerics::LeastSquaresStatus::converged && polished.cost <= best.cost * (1 + 1e-12))
    best = std::move(polished);
}

// Intervals; searched again from a lower optimum, if the search for their ends met one.
IntervalSet intervals_of(const FitOptions& options, const MultiStart& search, const std::vector<Derived>& derived,
                         Refitter& refitter, numerics::LeastSquaresResult& best) {
  const std::size_t n_other = std::min<std::size_t>(1, search.starts.size());
  for (int attempt = 0;; ++attempt) {
    IntervalSet set = intervals(refitter, best, options.resolved_interval(), options, derived,
                                std::span(search.starts).first(n_other));
    if (set.better.empty() || attempt == 2) return set;
    best = refitter.polish(refitter.solve(set.better).parameters);
  }
}

// A fit without an optimum: what is known before the search.
Fit empty_fit(const LawForm& form, const FitOptions& options) {
  Fit fit;
  fit.law = form.law();
  fit.fixed = options.fix;
  fit.objective = options.objective;
  fit.n_points = form.n_rows();
  fit.method = options.resolved_interval();
  fit.clustered = !options.cluster.empty();
  fit.level = options.level;
  fit.coordinates = form.coordinates();
  return fit;
}

Fit fit_once(const laws::Law& law, const tables::Measurements& data, const FitOptions& options) {
  const auto begin = base::Clock::now();
  options.validate();
  std::vector<std::map<std::string, double>> starts = options.starts;
  if (!options.brief) add_nested_start(law, data, options, starts);
  check_lengths(data, options);
  const LawForm form(law, data, options.fix, std::move(starts), options.room_above(data.output), options.brief);
  check_rows(form, options);
  Fit fit = empty_fit(form, options);
  FitOptions first = options;  // an objective that follows the residuals begins with least squares
  if (options.follows_residuals()) first.objective = Objective::l2;
  Refitter refitter(form, first);
  if (refitter.solver_options().loss == numerics::RobustLoss::huber) fit.delta = refitter.solver_options().delta;
  MultiStart search = multi_start(refitter);
  fit.convergence = search.convergence;
  if (search.best.parameters.empty()) {
    fit.method = IntervalMethod::none;
    fit.objective_value = search.best.cost;
    fit.seconds = base::seconds_since(begin);
    return fit;
  }
  if (options.follows_residuals()) {
    follow_residuals(refitter, options, search.best, fit);
    judge_gradient(search.best, fit.convergence);
  }
  const FitOptions applied = applied_options(fit, options);
  const bool asked = fit.method != IntervalMethod::none;
  std::vector<Derived> quantities = form.derived();
  const std::size_t own = quantities.size();
  for (Derived& term : terms_at_centre(form)) quantities.push_back(std::move(term));
  std::optional<IntervalSet> set;
  // Where the starts end at different parameters, the profiles show what is open.
  if (asked && (fit.convergence.certified || fit.convergence.flat)) {
    FitOptions with_method = applied;
    with_method.interval = fit.method;
    set = intervals_of(with_method, search, quantities, refitter, search.best);
    fit.resamples = set->resamples;
    fit.replicates = std::move(set->replicates);
    warn_of_resamples(*set, fit);
  }
  fit.theta = search.best.parameters;
  fit.objective_value = search.best.cost;
  fit.value = form.parameters(fit.theta);
  add_selection(refitter, fit);
  if (!fit.convergence.certified)
    fit.warnings.push_back(fmt::format(
        "the fit is not certified ({}), so its parameters are unreliable; fix a parameter or measure a wider range",
        fit.convergence.status));
  add_estimates(form, set ? &*set : nullptr, asked, fit);
  if (set) set->derived.erase(set->derived.begin(), set->derived.begin() + static_cast<std::ptrdiff_t>(own));
  if (!options.brief) judge_identifiability(form, applied, set ? &*set : nullptr, fit);
  fit.seconds = base::seconds_since(begin);
  return fit;
}

}  // namespace

Fit fit_law(const laws::Law& law, const tables::Measurements& data, const FitOptions& options) {
  Fit fit = fit_once(law, data, options);
  if (options.brief || fit.value.empty()) return fit;
  const std::optional<FreedLaw> free = freed(fit, data, options);
  if (!free) return fit;
  fit = fit_once(free->law, data, options);
  fit.warnings.insert(fit.warnings.begin(), free->sentence);
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
