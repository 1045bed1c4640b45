// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/fit_file_check.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/fitting/law_form.h"
#include "phaselaw/fitting/refit.h"

namespace phaselaw::fitting {

namespace {

using base::FieldReader;

bool close(double a, double b, double least = 0) {
  if (!std::isfinite(a) || !std::isfinite(b)) return std::isfinite(a) == std::isfinite(b);
  return std::abs(a - b) <= kRoundedTo * std::max(std::abs(a), std::abs(b)) + least;
}

void require_close(const FieldReader& field, double stated, double follows, const std::string& from, double least = 0) {
  if (!close(stated, follows, least)) field.wrong(fmt::format("{} from {}; found {}", follows, from, stated));
}

void require_names(const FieldReader& table, const std::vector<std::string>& expected) {
  for (const std::string& name : expected) (void)table.at(name);
  for (const auto& [name, entry] : table.entries())
    if (std::find(expected.begin(), expected.end(), name) == expected.end())
      entry.wrong(fmt::format("one of {}", fmt::join(expected, ", ")));
}

// The ends of an interval beside the estimate, or beside the refits that a bootstrap interval is read from. `refits`: of
// this quantity, sorted; empty if they are unknown.
void require_interval(const FieldReader& field, const Estimate& estimate, const std::vector<double>& refits) {
  const double slack = kRoundedTo * std::abs(estimate.value);
  const double least = refits.empty() ? estimate.value : refits.front();
  const double most = refits.empty() ? estimate.value : refits.back();
  const double lo = estimate.lo.value_or(estimate.value), hi = estimate.hi.value_or(estimate.value);
  if (estimate.lo && estimate.hi && *estimate.lo > *estimate.hi + slack)
    field.at("lo").wrong(fmt::format("at most hi = {}; found {}", *estimate.hi, *estimate.lo));
  if (refits.empty()) {
    if (lo > least + slack) field.at("lo").wrong(fmt::format("at most the estimate {}; found {}", least, lo));
    if (hi < most - slack) field.at("hi").wrong(fmt::format("at least the estimate {}; found {}", most, hi));
    return;
  }
  const auto inside = [&](double x) {
    return x >= least - kRoundedTo * std::abs(least) && x <= most + kRoundedTo * std::abs(most);
  };
  if (estimate.lo && !inside(lo))
    field.at("lo").wrong(
        fmt::format("a number between the refits of the bootstrap, {} and {}; found {}", least, most, lo));
  if (estimate.hi && !inside(hi))
    field.at("hi").wrong(
        fmt::format("a number between the refits of the bootstrap, {} and {}; found {}", least, most, hi));
}

std::vector<double> refits_of(const Fit& fit, std::size_t parameter) {
  if (fit.method != IntervalMethod::bootstrap && fit.method != IntervalMethod::bca) return {};
  std::vector<double> values;
  const std::size_t k = fit.theta.size();
  for (std::size_t begin = 0; begin + k <= fit.replicates.size(); begin += k)
    values.push_back(parameters_at(fit, std::span(fit.replicates).subspan(begin, k))[parameter]);
  std::sort(values.begin(), values.end());
  return values;
}

void check_parameter(const FieldReader& field, const Fit& fit, std::size_t p) {
  const laws::Parameter& parameter = fit.law.parameters[p];
  const Estimate* estimate = fit.find(parameter.name);
  const double value = estimate->value;
  const bool positive = parameter.domain == laws::ParameterDomain::positive;
  if (!std::isfinite(value)) field.at("value").wrong("a finite number");
  const bool held = fit.fixed.contains(parameter.name);
  if (!held && (positive ? value <= 0 : parameter.domain == laws::ParameterDomain::non_negative && value < 0))
    field.at("value").wrong(fmt::format("a number {} 0; found {}", positive ? ">" : ">=", value));
  require_close(field.at("value"), value, fit.value[p], held ? "the field 'fixed'" : "the field 'optimum.theta'");
  if (estimate->fixed != held)
    field.wrong(held ? "\"fixed\": true, as in the field 'fixed'" : "no \"fixed\": true, because 'fixed' lacks it");
  if (!held) require_interval(field, *estimate, refits_of(fit, p));
}

// Bounds are those of the search today, with the slack of a rounded file.
void check_coordinates(const FieldReader& optimum, const Fit& fit, const LawForm& form) {
  for (std::size_t j = 0; j < fit.theta.size(); ++j) {
    const Coordinate &stated = fit.coordinates[j], &today = form.coordinates()[j];
    if (stated.logarithmic != today.logarithmic)
      optimum.at("coordinates").items()[j].at("logarithmic").wrong(today.logarithmic ? "true" : "false");
    const double slack = kRoundedTo * std::max(1.0, std::abs(fit.theta[j]));
    if (!(fit.theta[j] >= today.lower - slack && fit.theta[j] <= today.upper + slack))
      optimum.at("theta").items()[j].wrong(
          fmt::format("a number between {} and {}, the range in which the program searches for {}; found {}",
                      today.lower, today.upper, today.name, fit.theta[j]));
  }
}

void check_derived(const FieldReader& root, const Fit& fit, const LawForm& form) {
  const std::vector<Derived> quantities = form.derived();
  std::vector<std::string> names;
  for (const Derived& quantity : quantities) names.push_back(quantity.name);
  require_names(root.at("derived"), names);
  for (const Derived& quantity : quantities) {
    const FieldReader field = root.at("derived").at(quantity.name);
    const auto* stated = fit.find(quantity.name);
    require_close(field.at("value"), stated->value, quantity.value(fit.theta), "the parameters");
    if (fit.method == IntervalMethod::profile || fit.method == IntervalMethod::sandwich)
      require_interval(field, *stated, {});
  }
}

// The objective at the optimum; absolute values are solved exactly, while the refitter smooths them.
double objective_at(const Refitter& refitter, const Fit& fit) {
  if (fit.objective != Objective::l1 && fit.objective != Objective::l1_raw) return refitter.measure(fit.theta).cost;
  std::vector<double> residual(refitter.form().n_rows());
  refitter.residuals(fit.theta, residual, {});
  double sum = 0;
  for (std::size_t i = 0; i < residual.size(); ++i) sum += refitter.weights()[i] * std::abs(residual[i]);
  return sum;
}

// What the rows give at the stated parameters.
void require_rows(const FieldReader& root, const SavedFit& saved, const LawForm& form, const FitOptions& applied) {
  const Fit& fit = saved.fit;
  if (fit.n_points != form.n_rows())
    root.at("n_points")
        .wrong(fmt::format("{}, the number of rows in 'data.output'; found {}", form.n_rows(), fit.n_points));
  const Refitter refitter(form, applied);
  constexpr double kRounding = 1e-9;  // residuals of an exact fit are rounding errors
  const double n = static_cast<double>(form.n_rows()), k = static_cast<double>(fit.theta.size());
  double squares = 0;
  const std::vector<double> residual = refitter.own_residuals(fit.theta);
  for (std::size_t i = 0; i < residual.size(); ++i) squares += residual[i] * residual[i] * refitter.weights()[i];
  require_close(root.at("residual_scale"), fit.residual_scale, std::sqrt(squares / std::max(1.0, n - k)),
                "the rows at the parameters", kRounding);
  require_close(root.at("objective_value"), fit.objective_value, objective_at(refitter, fit),
                "the rows at the parameters", kRounding);
}

}  // namespace

void require_agreement(const FieldReader& root, const SavedFit& saved) {
  const Fit& fit = saved.fit;
  std::vector<std::string> names;
  for (const laws::Parameter& parameter : fit.law.parameters) names.push_back(parameter.name);
  if (fit.theta.empty()) return;  // a fit without an optimum states no parameters
  const FieldReader parameters = root.at("parameters");
  require_names(parameters, names);
  for (std::size_t p = 0; p < names.size(); ++p) check_parameter(parameters.at(names[p]), fit, p);
  const FitOptions applied = applied_options(fit, saved.options);
  const LawForm form(fit.law, saved.data, fit.fixed, {}, applied.room_above(saved.data.output));
  check_coordinates(root.at("optimum"), fit, form);
  require_rows(root, saved, form, applied);
  if (!fit.law.derived.empty() || !fit.derived.empty()) check_derived(root, fit, form);
}

}  // namespace phaselaw::fitting
