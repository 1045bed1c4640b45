// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/compare.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "phaselaw/base/errors.h"
#include "phaselaw/laws/two_stage_fit.h"

namespace phaselaw::laws {

namespace {

constexpr double kDecisive = 6;  // difference of AICc: odds of exp(3) = 20 to 1

bool starts_exponentially(const std::string& law) { return law == "two-stage" || law == "exponential"; }

}  // namespace

Comparison compare_forms(std::span<const double> compute, std::span<const double> loss, const Known& known,
                         const FitOptions& options) {
  const LogData data = log_data(compute, loss);
  options.validate();
  Comparison comparison;
  const auto attempt = [&](std::string_view name, const auto& fit_it) {
    try {
      Fit fit = fit_it();
      if (std::isnan(fit.aicc) || fit.theta.empty())
        comparison.notes.push_back(fmt::format("{}: left out, too few rows for AICc", name));
      else
        comparison.fits.push_back(std::move(fit));
    } catch (const base::InputError& error) {
      comparison.notes.push_back(fmt::format("{}: left out, {}", name, error.what()));
    }
  };
  attempt("two-stage", [&] { return fit_two_stage(compute, loss, {known, options, {}}); });
  attempt("shifted-power", [&] { return fit_form(*shifted_power_form(data, known), data, options); });
  attempt("exponential", [&] { return fit_form(*exponential_form(data, known), data, options); });
  attempt("power", [&] { return fit_form(*power_form(data, known), data, options); });
  if (comparison.fits.empty()) throw base::InputError(comparison.notes.front());

  std::stable_sort(comparison.fits.begin(), comparison.fits.end(),
                   [](const Fit& a, const Fit& b) { return a.aicc < b.aicc; });
  double best_bic = std::numeric_limits<double>::infinity();
  for (const Fit& fit : comparison.fits) best_bic = std::min(best_bic, fit.bic);
  double exponential = std::numeric_limits<double>::infinity(), power = exponential;
  for (const Fit& fit : comparison.fits) {
    comparison.delta_aicc.push_back(fit.aicc - comparison.fits.front().aicc);
    comparison.delta_bic.push_back(fit.bic - best_bic);
    double& group = starts_exponentially(fit.law) ? exponential : power;
    group = std::min(group, fit.aicc);
  }
  comparison.early_form = "inconclusive";
  if (std::isfinite(exponential) && std::isfinite(power)) {
    if (exponential < power - kDecisive) comparison.early_form = "exponential";
    if (power < exponential - kDecisive) comparison.early_form = "power";
  }
  return comparison;
}

}  // namespace phaselaw::laws
