// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/fit_json.h"

namespace phaselaw::laws {

namespace {

using base::Value;

Value number_or_null(const std::optional<double>& x) { return x ? Value(*x) : Value(); }

Value estimates(const std::vector<Estimate>& list) {
  Value table = Value::table();
  for (const Estimate& estimate : list) {
    Value& entry = table[estimate.name];
    entry = Value::table({{"value", estimate.value},
                          {"lo", number_or_null(estimate.lo)},
                          {"hi", number_or_null(estimate.hi)},
                          {"identified", estimate.identified}});
    if (estimate.fixed) entry["fixed"] = true;
  }
  return table;
}

}  // namespace

base::Value to_value(const Fit& fit) {
  const bool resampled = fit.method == IntervalMethod::bootstrap || fit.method == IntervalMethod::bca;
  const std::string method = (fit.clustered && resampled ? "cluster " : "") + std::string(to_string(fit.method));
  Value value = Value::table({
      {"law", fit.law},
      {"formula", fit.formula},
      {"objective", to_string(fit.objective)},
      {"delta", fit.objective == Objective::huber ? Value(fit.delta) : Value()},
      {"n_points", fit.n_points},
      {"objective_value", fit.theta.empty() ? Value() : Value(fit.objective_value)},
      {"parameters", estimates(fit.parameters)},
      {"derived", estimates(fit.derived)},
  });
  value["interval"] = Value::table(
      {{"method", method}, {"level", fit.level}, {"resamples", resampled ? Value(fit.resamples) : Value()}});
  value["convergence"] = Value::table({{"grid_points", fit.convergence.grid_points},
                                       {"starts", fit.convergence.starts},
                                       {"agreed", fit.convergence.agreed},
                                       {"gradient_norm", fit.convergence.gradient_norm},
                                       {"status", fit.convergence.status},
                                       {"certified", fit.convergence.certified},
                                       {"condition", fit.convergence.condition},
                                       {"iterations", fit.convergence.iterations}});
  value["selection"] = Value::table({{"aicc", fit.aicc}, {"bic", fit.bic}});
  value["residual_scale"] = fit.residual_scale;
  value["warnings"] = Value(fit.warnings);
  if (fit.warnings.empty()) value["warnings"] = Value(Value::List{});
  value["seconds"] = fit.seconds;
  return value;
}

base::Value to_value(const Comparison& comparison) {
  Value::List fits, ranking;
  for (std::size_t i = 0; i < comparison.fits.size(); ++i) {
    fits.push_back(to_value(comparison.fits[i]));
    ranking.push_back(Value::table({{"law", comparison.fits[i].law},
                                    {"delta_aicc", comparison.delta_aicc[i]},
                                    {"delta_bic", comparison.delta_bic[i]}}));
  }
  return Value::table({{"fits", Value(std::move(fits))},
                       {"ranking", Value(std::move(ranking))},
                       {"early_form", comparison.early_form},
                       {"notes", Value(Value::List(comparison.notes.begin(), comparison.notes.end()))}});
}

}  // namespace phaselaw::laws
