// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/law_form.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>

#include <Eigen/Core>

#include "phaselaw/base/errors.h"
#include "phaselaw/laws/law_roles.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {

namespace {

// Outside these limits a parameter has no influence that data could show. Natural logarithms.
constexpr double kLargestLog = 690;                                 // range of numbers in double precision
constexpr double kLeastLogExponent = -9.2, kMostLogExponent = 2.3;  // 1e-4 .. 10
constexpr double kLogScaleMargin = 13.8;                            // a factor 1e6 beyond the range of the starts

std::vector<std::optional<double>> fixed_values(const laws::Law& law, const std::map<std::string, double>& fixed) {
  std::vector<std::optional<double>> values(law.parameters.size());
  for (const auto& [name, value] : fixed) {
    const std::size_t p = law.find(name);
    const laws::ParameterDomain domain = law.parameters[p].domain;
    if (!std::isfinite(value) || (domain == laws::ParameterDomain::positive && !(value > 0)) ||
        (domain == laws::ParameterDomain::non_negative && !(value >= 0)))
      throw base::InputError(
          fmt::format("fixed {}: expected a finite {} number, found {}", name, base::enum_name(domain), value));
    values[p] = value;
  }
  return values;
}

std::vector<double> checked_log_output(const laws::Law& law, const tables::Measurements& data) {
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
    if (!(data.output[i] > 0) || std::isinf(data.output[i]))
      throw base::InputError(
          fmt::format("row {}: expected a positive finite {}, found {}", i + 1, law.output, data.output[i]));
    logs.push_back(std::log(data.output[i]));
  }
  return logs;
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
                 std::vector<std::map<std::string, double>> starts, double floor_room)
    : law_(law),
      data_(data),
      log_output_(checked_log_output(law, data)),
      fixed_(fixed_values(law, fixed)),
      evaluator_(law.expression, data.columns, fixed_),
      own_starts_(std::move(starts)) {
  if (evaluator_.n_free() == 0)
    throw base::InputError(fmt::format("all parameters of the law {} are fixed; leave one of them free", law.name));
  const auto [low, high] = std::minmax_element(log_output_.begin(), log_output_.end());
  std::vector<bool> held(fixed_.size());
  for (std::size_t p = 0; p < held.size(); ++p) held[p] = fixed_[p].has_value();
  const std::vector<laws::Role> roles = laws::roles_of(law, data.columns, held);
  for (const std::size_t p : evaluator_.free()) {
    const laws::Parameter& parameter = law.parameters[p];
    Coordinate coordinate{parameter.name, parameter.domain == laws::ParameterDomain::positive, 0, 0, 0};
    if (parameter.domain == laws::ParameterDomain::non_negative) {
      coordinate.log_unit = *low;
      coordinate.upper = laws::is_floor(law, p) ? std::exp(floor_room) : std::exp(*high - *low);
    } else if (parameter.domain == laws::ParameterDomain::real) {
      coordinate.log_unit = 0;
      coordinate.lower = -1e12;
      coordinate.upper = 1e12;
    } else if (roles[p].kind == laws::RoleKind::amplitude) {
      coordinate.lower = -kLargestLog;
      coordinate.upper = laws::is_floor(law, p) ? *low + floor_room : kLargestLog;
    } else if (roles[p].kind == laws::RoleKind::exponent) {
      coordinate.lower = kLeastLogExponent;
      coordinate.upper = kMostLogExponent;
    } else {
      coordinate.lower = std::log(roles[p].low) - kLogScaleMargin;
      coordinate.upper = std::log(roles[p].high) + kLogScaleMargin;
    }
    amplitude_.push_back(coordinate.logarithmic && roles[p].kind == laws::RoleKind::amplitude &&
                         !laws::is_floor(law, p));
    coordinates_.push_back(std::move(coordinate));
  }
}

bool LawForm::log_values(std::span<const std::size_t> rows, std::span<const double> theta, std::span<double> value,
                         std::span<double> jacobian, laws::EvaluatorWorkspace& workspace) const {
  const std::size_t k = theta.size();
  std::array<double, laws::kMaxExpressionParameters> parameter{}, slope{};
  for (std::size_t j = 0; j < k; ++j) {
    parameter[j] = coordinates_[j].parameter(theta[j]);
    slope[j] = coordinates_[j].logarithmic ? parameter[j] : std::exp(coordinates_[j].log_unit);
  }
  evaluator_.evaluate_log(rows, {parameter.data(), k}, {slope.data(), k}, value, jacobian, workspace);
  const auto finite = [](std::span<const double> x) {
    return std::isfinite(Eigen::Map<const Eigen::ArrayXd>(x.data(), static_cast<Eigen::Index>(x.size())).sum());
  };
  return finite(value) && finite(jacobian);
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
