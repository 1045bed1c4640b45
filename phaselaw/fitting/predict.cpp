// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/predict.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/fitting/uncertainty.h"

namespace phaselaw::fitting {

namespace {

constexpr std::size_t kMostProfiled = 256;  // rows beyond the range that are profiled; the others are approximated
using base::kNaN;

// Whether the row lies within the range of the fitted rows in every column of the law, where the linear approximation
// of the intervals is enough.
std::vector<bool> inside(const Fit& fit, const tables::Columns& data, const tables::Columns& at) {
  std::vector<bool> result(at.n_rows(), true);
  for (const std::string& name : fit.law.columns()) {
    const std::vector<double> old_values = data.get(name), new_values = at.get(name);
    const auto [low, high] = std::minmax_element(old_values.begin(), old_values.end());
    for (std::size_t i = 0; i < new_values.size(); ++i)
      result[i] = result[i] && new_values[i] >= *low && new_values[i] <= *high;
  }
  return result;
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

void set_ends(Prediction& prediction, std::size_t i, const Estimate& value, const Estimate& run) {
  prediction.lo[i] = value.lo.value_or(kNaN);
  prediction.hi[i] = value.hi.value_or(kNaN);
  prediction.run_lo[i] = run.lo.value_or(kNaN);
  prediction.run_hi[i] = run.hi.value_or(kNaN);
}

}  // namespace

Prediction predict(const Fit& fit, const tables::Measurements& data, const FitOptions& options,
                   const tables::Columns& at) {
  PHASELAW_CHECK(!fit.value.empty());
  Prediction prediction;
  prediction.value = evaluate(fit.law, at, fit.value);
  const std::size_t rows = prediction.value.size();
  for (auto* end : {&prediction.lo, &prediction.hi, &prediction.run_lo, &prediction.run_hi}) end->assign(rows, kNaN);
  if (rows == 0) return prediction;
  warn_of_range(fit, data.columns, at, prediction);

  if (fit.method == IntervalMethod::none) return prediction;
  const Uncertainty uncertainty(fit, data, options);
  if (!uncertainty.known()) return prediction;
  const std::vector<bool> within = inside(fit, data.columns, at);
  std::vector<Uncertainty::Linear> linear;
  if (fit.method == IntervalMethod::profile) linear = uncertainty.linear(at);
  std::size_t profiled = 0;
  for (std::size_t i = 0; i < rows; ++i) {
    const std::size_t only[] = {i};
    const tables::Columns row = at.rows(only);
    Estimate value{"value", prediction.value[i], {}, {}, true, false};
    if (!linear.empty() && (within[i] || profiled >= kMostProfiled)) {
      const double half = linear[i].error * linear[i].quantile;
      if (!std::isfinite(half)) continue;
      value.lo = std::exp(linear[i].log_value - half);
      value.hi = std::exp(linear[i].log_value + half);
      const Estimate run = uncertainty.new_run("run", row, linear[i]);
      set_ends(prediction, i, value, run);
      continue;
    }
    ++profiled;
    value = uncertainty.value("value", row);
    set_ends(prediction, i, value, uncertainty.new_run("run", row, value));
  }
  return prediction;
}

}  // namespace phaselaw::fitting
