// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/audit.h"
#include "phaselaw/base/constants.h"
#include "phaselaw/base/format.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "phaselaw/base/errors.h"
#include "phaselaw/fitting/law_form.h"
#include "phaselaw/fitting/refit.h"

namespace phaselaw::fitting {

namespace {

constexpr double kSameObjective = 1e-6;

// The objective, and the largest cosine between a column of the Jacobian and the influence psi of the residuals.
void measure(const Refitter& refitter, std::span<const double> theta, Audit& audit) {
  const std::size_t n = refitter.form().n_rows(), k = theta.size();
  std::vector<double> residual(n), jacobian(n * k), column(k), gradient(k);
  refitter.residuals(theta, residual, jacobian);
  const numerics::LeastSquaresOptions& options = refitter.solver_options();
  double length = 0;
  audit.objective = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double r = residual[i], weight = refitter.weights()[i];
    const numerics::RobustValue rho = numerics::robust_value(r * r, options.loss, options.delta);
    audit.objective += 0.5 * weight * rho.value;
    length += weight * rho.derivative * r * r;
    for (std::size_t j = 0; j < k; ++j) {
      const double slope = jacobian[i * k + j];
      gradient[j] += weight * rho.derivative * r * slope;
      column[j] += weight * rho.derivative * slope * slope;
    }
  }
  for (std::size_t j = 0; j < k; ++j)
    if (column[j] > 0 && length > 0)
      audit.gradient_norm = std::max(audit.gradient_norm, std::abs(gradient[j]) / std::sqrt(column[j] * length));
  if (!std::isfinite(audit.objective)) audit.objective = std::numeric_limits<double>::infinity();
}

}  // namespace

Audit audit(const Fit& fit, const tables::Measurements& data, const std::map<std::string, double>& published,
            const FitOptions& options) {
  std::vector<double> value(fit.law.parameters.size(), base::kNaN);
  for (const auto& [name, number] : fit.fixed) value[fit.law.find(name)] = number;
  for (const auto& [name, number] : published) {
    std::vector<std::string> known;
    for (const auto& parameter : fit.law.parameters) known.push_back(parameter.name);
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw base::InputError({"--audit"}, base::unknown_name("parameter", name, known));
    value[fit.law.find(name)] = number;
  }
  for (std::size_t p = 0; p < value.size(); ++p)
    if (std::isnan(value[p]))
      throw base::InputError({"--audit"},
                             fmt::format("the audit needs a value for {}; found none", fit.law.parameters[p].name));
  const LawForm form(fit.law, data, fit.fixed);
  Audit result;
  measure(Refitter(form, options), form.theta(value), result);
  result.optimum = fit.objective_value;
  result.is_optimum = result.objective <= result.optimum * (1 + kSameObjective);
  result.verdict =
      result.is_optimum
          ? "an optimum"
          : fmt::format(
                "not an optimum: the objective is {} there and {} at the optimum; the scaled gradient is {}; fit the rows again",
                base::format_number(result.objective, 4), base::format_number(result.optimum, 4),
                base::format_number(result.gradient_norm, 2, base::Notation::power));
  return result;
}

base::Value to_value(const Audit& audit) {
  return base::Value::table({{"objective", audit.objective},
                             {"optimum", audit.optimum},
                             {"gradient_norm", audit.gradient_norm},
                             {"is_optimum", audit.is_optimum},
                             {"verdict", audit.verdict}});
}

}  // namespace phaselaw::fitting
