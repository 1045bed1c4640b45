// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/predict.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/fitting/interval.h"
#include "phaselaw/fitting/law_form.h"
#include "phaselaw/fitting/refit.h"
#include "phaselaw/laws/evaluator.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {

namespace {

constexpr std::size_t kNormalDraws = 1000;  // number of quantiles if the fit has no resamples
using base::kNaN;

// ln L at new rows, by row, for the plausible parameters of the resamples.
std::vector<std::vector<double>> resampled_logs(const Fit& fit, const tables::Columns& at, std::size_t rows) {
  std::vector<std::vector<double>> logs(rows);
  const std::size_t k = fit.theta.size();
  for (std::size_t begin = 0; begin + k <= fit.replicates.size(); begin += k) {
    const std::vector<double> value =
        evaluate(fit.law, at, parameters_at(fit, std::span(fit.replicates).subspan(begin, k)));
    for (std::size_t i = 0; i < rows; ++i)
      if (value[i] > 0 && std::isfinite(value[i])) logs[i].push_back(std::log(value[i]));
  }
  return logs;
}

// The same without resamples: quantiles of the normal distribution of the delta method.
std::vector<std::vector<double>> linear_logs(const Fit& fit, const Refitter& refitter, const FitOptions& options,
                                             const tables::Columns& at, std::size_t rows) {
  const std::size_t k = fit.theta.size();
  std::vector<std::optional<double>> fixed(fit.law.parameters.size());
  for (const auto& [name, value] : fit.fixed) fixed[fit.law.find(name)] = value;
  const laws::Evaluator evaluator(fit.law.expression, at, fixed);
  std::vector<double> parameter(k), chain(k), log(rows), gradient(rows * k);
  for (std::size_t j = 0; j < k; ++j) {
    parameter[j] = fit.coordinates[j].parameter(fit.theta[j]);
    chain[j] = fit.coordinates[j].logarithmic ? parameter[j] : std::exp(fit.coordinates[j].log_unit);
  }
  laws::EvaluatorWorkspace workspace;
  evaluator.evaluate_log({}, parameter, chain, log, gradient, workspace);
  std::vector<std::vector<double>> logs(rows);
  const std::vector<double> root = sandwich_root(refitter, fit.theta, options);
  if (root.empty()) return logs;
  for (std::size_t i = 0; i < rows; ++i) {
    double variance = 0;
    for (std::size_t b = 0; b < k; ++b) {
      double along = 0;
      for (std::size_t a = b; a < k; ++a) along += gradient[i * k + a] * root[a * k + b];
      variance += along * along;
    }
    for (std::size_t d = 0; d < kNormalDraws; ++d)
      logs[i].push_back(log[i] + std::sqrt(variance) * numerics::normal_quantile((static_cast<double>(d) + 0.5) /
                                                                                 static_cast<double>(kNormalDraws)));
  }
  return logs;
}

void warn_of_range(const Fit& fit, const tables::Columns& data, const tables::Columns& at, Prediction& prediction) {
  for (const std::string& name : fit.law.columns()) {
    const std::vector<double> old_values = data.get(name), new_values = at.get(name);
    const auto [low, high] = std::minmax_element(old_values.begin(), old_values.end());
    const auto [least, most] = std::minmax_element(new_values.begin(), new_values.end());
    const base::Notation notation = base::notation_of(tables::unit_of(name));
    if (*most > *high)
      prediction.warnings.push_back(fmt::format("{} goes up to {}, {} times beyond the largest fitted value", name,
                                                base::format_number(*most, 3, notation),
                                                base::format_number(*most / *high)));
    if (*least < *low)
      prediction.warnings.push_back(fmt::format("{} goes down to {}, {} times below the smallest fitted value", name,
                                                base::format_number(*least, 3, notation),
                                                base::format_number(*low / *least)));
  }
}

}  // namespace

Prediction predict(const Fit& fit, const tables::Measurements& data, const FitOptions& options,
                   const tables::Columns& at) {
  PHASELAW_CHECK(!fit.value.empty());
  Prediction prediction;
  prediction.value = evaluate(fit.law, at, fit.value);
  const std::size_t rows = prediction.value.size(), k = fit.theta.size();
  for (auto* end : {&prediction.lo, &prediction.hi, &prediction.run_lo, &prediction.run_hi}) end->assign(rows, kNaN);
  if (rows == 0) return prediction;
  warn_of_range(fit, data.columns, at, prediction);

  if (fit.method == IntervalMethod::none) return prediction;
  const LawForm form(fit.law, data, fit.fixed);
  const Refitter refitter(form, options);
  const auto logs =
      fit.replicates.empty() ? linear_logs(fit, refitter, options, at, rows) : resampled_logs(fit, at, rows);
  const Interval residual = residual_interval(refitter, fit.theta, fit.level);
  const std::size_t n = form.n_rows();
  const double groups = static_cast<double>(fit.replicates.empty() ? n : n_groups(n, options.cluster));
  const double dof = std::max(1.0, groups - (options.cluster.empty() ? static_cast<double>(k) : 1.0));
  const double tail = expanded_tail(fit.level, groups, dof);
  for (std::size_t i = 0; i < rows; ++i) {
    if (logs[i].size() < 2) continue;
    prediction.lo[i] = std::exp(numerics::quantile(logs[i], tail));
    prediction.hi[i] = std::exp(numerics::quantile(logs[i], 1 - tail));
    const Interval run = new_run_interval(prediction.value[i], {prediction.lo[i], prediction.hi[i]}, residual);
    prediction.run_lo[i] = *run.lo;
    prediction.run_hi[i] = *run.hi;
  }
  return prediction;
}

}  // namespace phaselaw::fitting
