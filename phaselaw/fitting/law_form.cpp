// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/law_form.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/instruction_set.h"
#include "phaselaw/laws/law_roles.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {

namespace {

// Outside these limits a parameter has no influence that data could show. Natural logarithms.
constexpr double kLargestLog = 690;                                 // range of numbers in double precision
constexpr double kLeastLogExponent = -9.2, kMostLogExponent = 2.3;  // 1e-4 .. 10
// How far scales may lie from the range of the starts: a factor 1e6 below and 1e12 above, because a power without a
// floor, (C_c/C)^alpha, has its scale 1e9 above small runs.
constexpr double kLogScaleBelow = 13.8, kLogScaleAbove = 27.6;

std::vector<std::optional<double>> fixed_values(const laws::Law& law, const std::map<std::string, double>& fixed) {
  std::vector<std::optional<double>> values(law.parameters.size());
  for (const auto& [name, value] : fixed) {
    const auto known = std::find_if(law.parameters.begin(), law.parameters.end(),
                                    [&, wanted = name](const laws::Parameter& p) { return p.name == wanted; });
    if (known == law.parameters.end()) {
      std::vector<std::string> names;
      for (const laws::Parameter& p : law.parameters) names.push_back(p.name);
      throw base::InputError({"--fix"}, base::unknown_name("parameter", name, names));
    }
    const auto p = static_cast<std::size_t>(known - law.parameters.begin());
    const laws::ParameterDomain domain = law.parameters[p].domain;
    if (!std::isfinite(value) || (domain == laws::ParameterDomain::positive && !(value > 0)) ||
        (domain == laws::ParameterDomain::non_negative && !(value >= 0)))
      throw base::InputError(
          {"--fix"}, fmt::format("expected a finite {} number for {}, found {}", base::enum_name(domain), name, value));
    values[p] = value;
  }
  return values;
}

std::vector<double> checked_logs(const laws::Law& law, const tables::Measurements& data) {
  const std::size_t n = data.columns.n_rows();
  if (data.output.size() != n)
    throw base::InputError(
        fmt::format("expected a {} for each of the {} rows, found {}", law.output, n, data.output.size()));
  if (n == 0) throw base::InputError("expected rows of measurements, found none");
  for (const std::string& name : law.columns()) {
    const std::vector<double> column = data.columns.get(name);
    for (std::size_t i = 0; i < n; ++i)
      if (!(column[i] >= 0) || std::isinf(column[i]))
        throw base::InputError(
            fmt::format("row {}: expected {} to be a finite number >= 0, found {}", i + 1, name, column[i]));
  }
  std::vector<double> logs;
  logs.reserve(n);
  for (std::size_t i = 0; i < n; ++i) {
    if (!std::isfinite(data.output[i]))
      throw base::InputError(fmt::format("row {}: expected a finite {}, found {}", i + 1, law.output, data.output[i]));
    logs.push_back(data.output[i] > 0 ? std::log(data.output[i]) : base::kNaN);
  }
  return logs;
}

// Logarithms of the smallest and largest output; of the largest magnitude, twice, if an output has no logarithm.
std::pair<double, double> log_range(const std::vector<double>& logs, const std::vector<double>& output) {
  if (std::none_of(logs.begin(), logs.end(), [](double x) { return std::isnan(x); })) {
    const auto [low, high] = std::minmax_element(logs.begin(), logs.end());
    return {*low, *high};
  }
  double largest = 0;
  for (const double y : output) largest = std::max(largest, std::abs(y));
  const double log = largest > 0 ? std::log(largest) : 0;
  return {log, log};
}

double plain_sum(std::int64_t n, const double* x) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t i = 0; i < n; ++i) sum += x[i];
  return sum;
}

bool sum_is_finite(std::span<const double> x) {
  return std::isfinite(base::Versions<plain_sum>::call(static_cast<std::int64_t>(x.size()), x.data()));
}

}  // namespace

double Coordinate::parameter(double theta) const {
  return logarithmic ? std::exp(theta) : theta == 0 ? 0 : theta * std::exp(log_unit);
}

double floor_room(std::span<const double> output, std::span<const double> sd) {
  if (sd.empty()) return 0;
  PHASELAW_CHECK_EQ(output.size(), sd.size());
  const double z = numerics::normal_quantile(1 - 0.025 / static_cast<double>(output.size()));
  double smallest = std::numeric_limits<double>::infinity(), bound = smallest;
  for (std::size_t i = 0; i < output.size(); ++i) {
    smallest = std::min(smallest, std::log(output[i]));
    bound = std::min(bound, std::log(output[i]) + z * sd[i]);
  }
  return bound - smallest;
}

LawForm::LawForm(const laws::Law& law, const tables::Measurements& data, const std::map<std::string, double>& fixed,
                 std::vector<std::map<std::string, double>> starts, double floor_room, bool coarse_grid)
    : law_(law),
      data_(data),
      log_output_(checked_logs(law, data)),
      fixed_(fixed_values(law, fixed)),
      evaluator_(law.expression, data.columns, fixed_),
      own_starts_(std::move(starts)),
      coarse_grid_(coarse_grid) {
  if (evaluator_.n_free() == 0)
    throw base::InputError({"--fix"},
                           fmt::format("all parameters of the law {} are held; leave one of them free", law.name));
  const auto [low, high] = log_range(log_output_, data.output);
  std::vector<bool> held(fixed_.size());
  for (std::size_t p = 0; p < held.size(); ++p) held[p] = fixed_[p].has_value();
  const std::vector<laws::Role> roles = laws::roles_of(law, data.columns, held);
  for (const std::size_t p : evaluator_.free()) {
    const laws::Parameter& parameter = law.parameters[p];
    Coordinate coordinate{parameter.name, parameter.domain == laws::ParameterDomain::positive, 0, 0, 0};
    if (parameter.domain == laws::ParameterDomain::non_negative) {
      coordinate.log_unit = low;
      coordinate.upper = laws::is_floor(law, p) ? std::exp(floor_room) : std::exp(high - low);
    } else if (parameter.domain == laws::ParameterDomain::real) {
      coordinate.log_unit = 0;
      coordinate.lower = -1e12;
      coordinate.upper = 1e12;
    } else if (roles[p].kind == laws::RoleKind::amplitude) {
      coordinate.lower = -kLargestLog;
      coordinate.upper = laws::is_floor(law, p) ? low + floor_room : kLargestLog;
    } else if (roles[p].kind == laws::RoleKind::exponent) {
      coordinate.lower = kLeastLogExponent;
      coordinate.upper = kMostLogExponent;
    } else {
      coordinate.lower = std::log(roles[p].low) - kLogScaleBelow;
      coordinate.upper = std::log(roles[p].high) + kLogScaleAbove;
    }
    amplitude_.push_back(coordinate.logarithmic && roles[p].kind == laws::RoleKind::amplitude &&
                         !laws::is_floor(law, p));
    coordinates_.push_back(std::move(coordinate));
  }
}

// The parameters at theta, and their derivatives with respect to theta.
LawForm::Slopes LawForm::slopes_at(std::span<const double> theta) const {
  Slopes at;
  for (std::size_t j = 0; j < theta.size(); ++j) {
    at.parameter[j] = coordinates_[j].parameter(theta[j]);
    at.slope[j] = coordinates_[j].logarithmic ? at.parameter[j] : std::exp(coordinates_[j].log_unit);
  }
  return at;
}

bool LawForm::log_values(std::span<const std::size_t> rows, std::span<const double> theta, std::span<double> value,
                         std::span<double> jacobian, laws::EvaluatorWorkspace& workspace) const {
  const Slopes at = slopes_at(theta);
  const std::size_t k = theta.size();
  evaluator_.evaluate_log(rows, {at.parameter.data(), k}, {at.slope.data(), k}, value, jacobian, workspace);
  return sum_is_finite(value) && sum_is_finite(jacobian);
}

bool LawForm::log_values_from(std::size_t first, std::span<const double> theta, std::span<double> value,
                              std::span<double> jacobian, laws::EvaluatorWorkspace& workspace) const {
  const Slopes at = slopes_at(theta);
  const std::size_t k = theta.size();
  evaluator_.evaluate_log_from(first, {at.parameter.data(), k}, {at.slope.data(), k}, value, jacobian, workspace);
  return sum_is_finite(value) && sum_is_finite(jacobian);
}

bool LawForm::values(std::span<const std::size_t> rows, std::span<const double> theta, std::span<double> value,
                     std::span<double> jacobian, laws::EvaluatorWorkspace& workspace) const {
  const std::size_t k = theta.size();
  const Slopes at = slopes_at(theta);
  evaluator_.evaluate(rows, {at.parameter.data(), k}, value, jacobian, workspace);
  for (std::size_t i = 0; i < jacobian.size(); ++i) jacobian[i] *= at.slope[i % k];
  return sum_is_finite(value) && sum_is_finite(jacobian);
}

void LawForm::require_logarithms() const {
  for (std::size_t i = 0; i < log_output_.size(); ++i)
    if (std::isnan(log_output_[i]))
      throw base::InputError(fmt::format(
          "row {}: expected a positive finite {}, found {}; leave out the row, or fit the values themselves with the "
          "objective l2-raw",
          i + 1, law_.output, data_.output[i]));
}

std::vector<double> LawForm::parameters(std::span<const double> theta) const {
  std::vector<double> all(fixed_.size());
  for (std::size_t p = 0; p < all.size(); ++p)
    if (fixed_[p]) all[p] = *fixed_[p];
  for (std::size_t j = 0; j < theta.size(); ++j) all[evaluator_.free()[j]] = coordinates_[j].parameter(theta[j]);
  return all;
}

std::vector<double> LawForm::theta(std::span<const double> parameters) const {
  std::vector<double> theta;
  for (std::size_t j = 0; j < coordinates_.size(); ++j) {
    const Coordinate& coordinate = coordinates_[j];
    const double value = parameters[evaluator_.free()[j]];
    const double raw = coordinate.logarithmic ? std::log(value) : value * std::exp(-coordinate.log_unit);
    theta.push_back(std::clamp(raw, coordinate.lower, coordinate.upper));
  }
  return theta;
}

std::vector<Derived> LawForm::derived() const {
  std::vector<Derived> list;
  if (law_.derived.empty()) return list;
  const std::vector<double> size = data_.columns.get(law_.columns().front());
  const auto largest = static_cast<std::size_t>(std::max_element(size.begin(), size.end()) - size.begin());
  const std::vector<std::size_t> one = {largest};
  const tables::Columns columns = data_.columns.rows(one);
  for (const laws::DerivedQuantity& quantity : law_.derived) {
    tables::Columns inputs;
    for (const std::string& name : quantity.expression.columns()) inputs.add(name, columns.get(name));
    if (inputs.names.empty()) inputs.add("row", {1.0});  // it depends on parameters alone
    std::vector<std::size_t> from;
    for (const std::string& name : quantity.expression.parameters()) from.push_back(law_.find(name));
    Derived& derived = list.emplace_back();
    derived.name = quantity.name;
    derived.logarithmic = quantity.positive;
    derived.value = [this, from, evaluator = std::make_shared<const laws::Evaluator>(quantity.expression, inputs)](
                        std::span<const double> theta) {
      const std::vector<double> all = parameters(theta);
      std::vector<double> own;
      for (const std::size_t p : from) own.push_back(all[p]);
      double value = 0;
      laws::EvaluatorWorkspace workspace;
      evaluator->evaluate({}, own, {&value, 1}, {}, workspace);
      return value;
    };
    // A monotonic function of a single coordinate: its interval is that coordinate's, transformed.
    int only = -1, count = 0;
    for (const std::size_t p : from)
      for (std::size_t j = 0; j < evaluator_.free().size(); ++j)
        if (evaluator_.free()[j] == p) {
          only = static_cast<int>(j);
          ++count;
        }
    if (count == 1 && quantity.expression.columns().empty()) {
      std::vector<double> low(coordinates_.size()), high(coordinates_.size());
      high[static_cast<std::size_t>(only)] = 1;
      if (derived.value(high) > derived.value(low)) derived.coordinate = only;
    }
  }
  return list;
}

}  // namespace phaselaw::fitting
