// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/plausible.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/fitting/bootstrap.h"
#include "phaselaw/fitting/delta_method.h"
#include "phaselaw/fitting/interval.h"
#include "phaselaw/fitting/law_form.h"
#include "phaselaw/fitting/refit.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {

namespace {

constexpr std::size_t kPlausibleDraws = 400;
using base::kInfinity;

// The lower Cholesky factor (row-major) of the sandwich covariance by the options' clusters; empty when singular.
std::vector<double> sandwich_root(const Refitter& refitter, std::span<const double> theta, const FitOptions& options) {
  const std::size_t k = theta.size();
  const Covariance covariance =
      sandwich_covariance(refitter, theta, groups_of(refitter.form().n_rows(), options.cluster));
  std::vector<double> root(covariance.entries.size());
  for (std::size_t i = 0; i < k && !root.empty(); ++i)
    for (std::size_t j = 0; j <= i; ++j) {
      double rest = covariance.entries[i * k + j];
      for (std::size_t l = 0; l < j; ++l) rest -= root[i * k + l] * root[j * k + l];
      if (i == j && !(rest >= 0)) return {};
      root[i * k + j] = i == j ? std::sqrt(rest) : root[j * k + j] > 0 ? rest / root[j * k + j] : 0;
    }
  return root;
}

std::vector<std::vector<double>> normal_draws(const SavedFit& saved, const Refitter& refitter) {
  const Fit& fit = saved.fit;
  const std::size_t k = fit.theta.size();
  std::vector<std::vector<double>> draws;
  const std::vector<double> root = sandwich_root(refitter, fit.theta, saved.options);
  if (root.empty()) return draws;
  for (std::size_t d = 0; d < kPlausibleDraws; ++d) {
    numerics::RandomStream stream(saved.options.seed, "plausible", d);
    std::vector<double> z(k), theta = fit.theta;
    for (double& x : z) x = stream.normal();
    for (std::size_t i = 0; i < k; ++i) {
      for (std::size_t j = 0; j <= i; ++j) theta[i] += root[i * k + j] * z[j];
      theta[i] = std::clamp(theta[i], fit.coordinates[i].lower, fit.coordinates[i].upper);
    }
    draws.push_back(parameters_at(fit, theta));
  }
  return draws;
}

std::optional<double> finite(double x) { return std::isfinite(x) ? std::optional<double>(x) : std::nullopt; }

}  // namespace

Plausible plausible_parameters(const SavedFit& saved) {
  const Fit& fit = saved.fit;
  if (fit.value.empty())
    throw base::InputError(fmt::format("the fit of {} has no optimum ({}); fit again, or choose another law",
                                       fit.name(), fit.convergence.status));
  const LawForm form(fit.law, saved.data, fit.fixed);
  const Refitter refitter(form, applied_options(fit, saved.options));
  const std::size_t k = fit.theta.size();
  Plausible plausible;
  plausible.level = saved.options.level;
  if (!fit.replicates.empty()) {
    for (std::size_t begin = 0; begin + k <= fit.replicates.size(); begin += k)
      plausible.parameters.push_back(parameters_at(fit, std::span(fit.replicates).subspan(begin, k)));
    plausible.method = fmt::format("{}bootstrap of {}", fit.clustered ? "cluster " : "", plausible.parameters.size());
  } else {
    plausible.parameters = normal_draws(saved, refitter);
    plausible.method = plausible.parameters.empty() ? "none" : "normal draws, sandwich covariance";
  }
  plausible.residual = residual_interval(refitter, fit.theta, plausible.level);
  const auto& cluster = saved.options.cluster;
  const double groups = static_cast<double>(n_groups(form.n_rows(), cluster));
  plausible.tail =
      expanded_tail(plausible.level, groups, std::max(1.0, groups - (cluster.empty() ? static_cast<double>(k) : 1.0)));
  return plausible;
}

Estimate Plausible::estimate(std::string name, double value, std::vector<double> draws) const {
  Estimate out{std::move(name), value, {}, {}, false, false};
  if (draws.size() < 2 || std::isnan(value)) return out;
  std::vector<double> low = draws, high = std::move(draws);
  for (double& x : low)
    if (std::isnan(x)) x = -kInfinity;
  for (double& x : high)
    if (std::isnan(x)) x = kInfinity;
  std::sort(low.begin(), low.end());
  std::sort(high.begin(), high.end());
  out.lo = finite(numerics::quantile_of_sorted(low, tail));
  out.hi = finite(numerics::quantile_of_sorted(high, 1 - tail));
  out.identified = out.lo && out.hi && (!(value > 0) || !(*out.lo > 0) || within_widest_factor(out));
  return out;
}

Estimate Plausible::new_run(std::string name, const Estimate& mean) const {
  const Interval run = new_run_interval(mean.value, {mean.lo, mean.hi}, residual);
  return {std::move(name), mean.value, run.lo, run.hi, mean.identified, false};
}

}  // namespace phaselaw::fitting
