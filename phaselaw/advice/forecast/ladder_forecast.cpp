// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/forecast/ladder_forecast.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/advice/fit/fit_request.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/fitting/predict.h"
#include "phaselaw/laws/law.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {

namespace {

constexpr const char* kLadderLaw = "chinchilla";

double planned_column(const std::string& name, const laws::Law& law, const PlannedRun& run) {
  const auto missing = [&](const char* flag, const std::string& what) -> base::InputError {
    return {{flag}, fmt::format("the law {} depends on {}; {}", law.name, name, what)};
  };
  const ForecastOptions& o = run.options;
  const auto n_params = [&] {
    if (!o.n_params) throw missing("--n-params", "give the parameters of the planned run, such as --n-params 1.5B");
    return *o.n_params;
  };
  const auto tokens = [&] {
    if (!o.tokens) throw missing("--tokens", "give the training tokens of the planned run, such as --tokens 300B");
    return *o.tokens;
  };
  if (name == "n_params") return n_params();
  if (name == "tokens") return tokens();
  if (name == "compute") return 6 * n_params() * tokens();
  if (name == "tokens_per_param") return tokens() / n_params();
  if (name == "step") {
    if (!std::isfinite(run.to)) throw missing("--to", "give the last planned step with --to");
    return run.to;
  }
  if (name == "lr_sum" || name == "lr_drop") {
    if (!run.plan.known || !run.plan.in_recorded_units || !std::isfinite(run.to))
      throw missing("--ladder",
                    "which needs a curve with an lr column that shows the schedule up to the last step; use a "
                    "law of n_params and tokens otherwise");
    tables::LearningRates rates{run.plan.step, run.plan.rate};
    for (double& rate : rates.lr) rate *= run.plan.peak;
    const tables::ScheduleSums sums = tables::schedule_sums(rates, std::vector<double>{run.to});
    return name == "lr_sum" ? sums.lr_sum.front() : sums.lr_drop.front();
  }
  throw missing("--ladder",
                "which a forecast cannot derive from the plan; choose a law of n_params and tokens with --law");
}

}  // namespace

ForecastPart ladder_part(const fitting::SavedFit& saved, const PlannedRun& run, std::vector<std::string>& notes) {
  fitting::Fit fit = saved.fit;
  fitting::FitOptions options = saved.options;
  if (fit.theta.empty())
    throw base::InputError({"--ladder"},
                           fmt::format("the fit of {} has no optimum, so it predicts nothing", fit.name()));
  fit.level = options.level = run.options.level;
  tables::Columns at;
  for (const std::string& name : fit.law.columns()) at.add(name, {planned_column(name, fit.law, run)});
  const fitting::Prediction found = fitting::predict(fit, saved.data, options, at);
  ForecastPart part;
  part.source = "ladder";
  part.loss = {found.value.front(), found.run_lo.front(), found.run_hi.front()};
  if (!(part.loss.lo > 0) || !std::isfinite(part.loss.hi))
    throw base::InputError({"--ladder"},
                           fmt::format("the fit of {} gives no interval of a new run; write it with intervals, "
                                       "for example phaselaw fit --interval profile",
                                       fit.name()));
  part.error = 0.5 * std::log(part.loss.hi / part.loss.lo) / numerics::normal_quantile(0.5 + 0.5 * run.options.level);
  part.dof = std::max(1.0, static_cast<double>(fit.n_points) - static_cast<double>(fit.theta.size()));
  part.how = fmt::format("the law {} of {} smaller runs, with the interval of a new run", fit.name(), fit.n_points);
  notes.insert(notes.end(), found.warnings.begin(), found.warnings.end());
  if (!fit.convergence.certified)
    notes.push_back(fmt::format("the fit of {} is not certified ({})", fit.name(), fit.convergence.status));
  return part;
}

fitting::SavedFit fit_ladder(documents::Reading reading, const tables::ReadOptions& read, const std::string& law,
                             double level) {
  FitRequest request;
  request.law = law.empty() ? kLadderLaw : law;
  request.read = read;
  request.read.every_stream = false;
  request.fit.level = level;
  request.holdout = 0;
  const std::vector<std::string> columns = laws::law_from(request.law).columns();
  const bool of_curves = std::any_of(columns.begin(), columns.end(), [](const std::string& name) {
    return name == "step" || name == "lr_sum" || name == "lr_drop";
  });
  FitRows rows = read_fit_rows(request, reading);
  if (!of_curves && rows.rows.has_several_rows_a_run()) {
    request.read.last = true;
    rows = read_fit_rows(request, std::move(reading));
  }
  FitAnswer answer = fit(request, std::move(rows));
  return {answer.best().fit, std::move(answer.rows.data), std::move(answer.options), std::nullopt, {}};
}

}  // namespace phaselaw::advice
