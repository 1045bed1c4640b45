// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/law_form.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <Eigen/Core>

#include "phaselaw/base/errors.h"
#include "phaselaw/laws/law_roles.h"

namespace phaselaw::laws {

namespace {

// Outside these, a parameter has no influence that data could show: natural logarithms.
constexpr double kAmplitudeBound = 230;                             // 1e-100 .. 1e100
constexpr double kLeastLogExponent = -9.2, kMostLogExponent = 3.9;  // 1e-4 .. 50
constexpr double kLogScaleMargin = 13.8;                            // a factor 1e6 beyond where starts look

std::vector<std::optional<double>> fixed_values(const Law& law, const std::map<std::string, double>& fixed) {
  std::vector<std::optional<double>> values(law.parameters.size());
  for (const auto& [name, value] : fixed) {
    const std::size_t p = law.find(name);
    const ParameterDomain domain = law.parameters[p].domain;
    if (!std::isfinite(value) || (domain == ParameterDomain::positive && !(value > 0)) ||
        (domain == ParameterDomain::non_negative && !(value >= 0)))
      throw base::InputError(fmt::format("fixed {}: expected a finite {} number, found {}", name,
                                         domain == ParameterDomain::real ? "real" : to_string(domain), value));
    values[p] = value;
  }
  return values;
}

}  // namespace

LawForm::LawForm(const Law& law, const Columns& columns, const LogData& data,
                 const std::map<std::string, double>& fixed, std::vector<std::map<std::string, double>> starts)
    : law_(law),
      columns_(columns),
      data_(data),
      fixed_(fixed_values(law, fixed)),
      evaluator_(law.expression, columns, fixed_),
      own_starts_(std::move(starts)) {
  if (evaluator_.n_free() == 0)
    throw base::InputError(fmt::format("the law {}: every parameter is fixed; leave one free", law.name));
  const auto [low, high] = std::minmax_element(data.log_loss.begin(), data.log_loss.end());
  std::vector<bool> held(fixed_.size());
  for (std::size_t p = 0; p < held.size(); ++p) held[p] = fixed_[p].has_value();
  const std::vector<Role> roles = roles_of(law, columns, held);
  for (const std::size_t p : evaluator_.free()) {
    const Parameter& parameter = law.parameters[p];
    Coordinate coordinate{parameter.name, parameter.domain == ParameterDomain::positive, 0, 0, 0};
    if (parameter.domain == ParameterDomain::non_negative) {
      coordinate.log_unit = *low;
      coordinate.upper = std::exp(*high - *low);
    } else if (parameter.domain == ParameterDomain::real) {
      coordinate.log_unit = 0;
      coordinate.lower = -1e12;
      coordinate.upper = 1e12;
    } else if (roles[p].kind == RoleKind::amplitude) {
      coordinate.lower = -kAmplitudeBound;
      coordinate.upper = kAmplitudeBound;
    } else if (roles[p].kind == RoleKind::exponent) {
      coordinate.lower = kLeastLogExponent;
      coordinate.upper = kMostLogExponent;
    } else {
      coordinate.lower = std::log(roles[p].low) - kLogScaleMargin;
      coordinate.upper = std::log(roles[p].high) + kLogScaleMargin;
    }
    coordinates_.push_back(std::move(coordinate));
  }
}

bool LawForm::log_values(const LogData&, std::span<const std::size_t> rows, std::span<const double> theta,
                         std::span<double> value, std::span<double> jacobian, EvaluatorWorkspace& workspace) const {
  const std::size_t k = theta.size();
  std::array<double, kMaxExpressionParameters> parameter{}, slope{};
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

}  // namespace phaselaw::laws
