// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/forecast/history_forecast.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {

namespace {

constexpr double kPriorDof = 2;       // of the spread between runs
constexpr double kPriorShare = 0.25;  // of the fall
constexpr double kPriorLeast = 0.001;

LossInterval log_t_interval(double center, double error, double dof, double level) {
  const double half = numerics::student_t_quantile(0.5 + 0.5 * level, dof) * error;
  return {std::exp(center), std::exp(center - half), std::exp(center + half)};
}

}  // namespace

RunRows run_rows(const tables::Curve& curve, const tables::StatedSchedule& stated, double to) {
  RunRows out;
  out.name = curve.name;
  out.quantity = curve.quantity;
  out.axis = !curve.step.empty() ? "step" : !curve.tokens.empty() ? "tokens" : "compute";
  out.recorded = curve.loss.size();
  const std::vector<double>& axis = curve.progress();
  for (std::size_t i = 0; i < curve.loss.size(); ++i) {
    if (!std::isfinite(curve.loss[i])) ++out.not_finite;
    if (!std::isfinite(curve.loss[i]) || !(curve.loss[i] > 0) || !(axis[i] > 0)) continue;
    if (!out.step.empty() && axis[i] < out.step.back()) continue;
    if (!out.step.empty() && axis[i] == out.step.back()) {
      out.loss.back() = curve.loss[i];  // the row is recorded again
      continue;
    }
    out.step.push_back(axis[i]);
    out.loss.push_back(curve.loss[i]);
  }
  out.ends_not_finite = curve.ended_diverged || (!curve.loss.empty() && !std::isfinite(curve.loss.back()));
  const double end = std::isfinite(to) ? to : out.step.empty() ? 0 : out.step.back();
  out.warmup_end = stated.warmup < 1 ? stated.warmup * end : stated.warmup;
  if (!stated.given() && curve.rates.known() && !curve.step.empty() && !out.step.empty())
    out.warmup_end = tables::schedule_sums(curve.rates, out.step).warmup_end;
  return out;
}

std::optional<ForecastPart> history_part(const EarlierRuns::Prepared& history, std::size_t skip, double now_level,
                                         double now_error, double now, double target, double to, double level) {
  std::vector<double> falls;
  for (std::size_t j = 0; j < history.runs.size(); ++j) {
    if (j == skip) continue;
    const auto& run = history.runs[j];
    const double from = now / to * run.end, until = target / to * run.end;
    if (from < run.rows.step.front()) continue;
    falls.push_back(
        std::log(level_at(run.rows.step, run.rows.loss, until) / level_at(run.rows.step, run.rows.loss, from)));
  }
  if (falls.empty()) return std::nullopt;
  const auto m = static_cast<double>(falls.size());
  const double mean = numerics::mean(falls), prior = kPriorShare * std::abs(mean) + kPriorLeast;
  double squares = kPriorDof * prior * prior;
  for (const double f : falls) squares += (f - mean) * (f - mean);
  const double dof = kPriorDof + m - 1;
  ForecastPart part;
  part.source = "history";
  part.dof = dof;
  part.error = std::sqrt(squares / dof * (1 + 1 / m) + 2 * now_error * now_error);
  part.loss = log_t_interval(std::log(now_level) + mean, part.error, dof, level);
  part.how = fmt::format("{} earlier run{} fell by {} from the same share of their steps to the end", falls.size(),
                         falls.size() == 1 ? "" : "s", base::format_percent(-std::expm1(mean), 3));
  return part;
}

std::optional<ForecastPart> history_of_plan(const EarlierRuns::Prepared& history, double level) {
  const std::size_t n = history.runs.size();
  if (n < 2) return std::nullopt;
  std::vector<double> ends;
  for (const auto& run : history.runs) ends.push_back(std::log(run.level));
  ForecastPart part;
  part.source = "history";
  part.dof = static_cast<double>(n) - 1;
  part.error = numerics::standard_deviation(ends) * std::sqrt(1 + 1 / static_cast<double>(n));
  part.loss = log_t_interval(numerics::mean(ends), part.error, part.dof, level);
  part.how = fmt::format("the final losses of {} earlier runs, as if this run had the same recipe", n);
  return part;
}

}  // namespace phaselaw::advice
