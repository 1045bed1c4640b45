// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/fit_json.h"

namespace phaselaw::laws {

namespace {

using base::Value;

Value estimates(const std::vector<Estimate>& list) {
  Value table = Value::table();
  for (const Estimate& estimate : list) {
    Value& entry = table[estimate.name];
    entry = to_value(estimate);
    entry["identified"] = estimate.identified;
  }
  return table;
}

Value form_of(const Law& law) {
  Value::List parameters;
  for (const Parameter& p : law.parameters)
    parameters.push_back(Value::table({{"name", p.name},
                                       {"domain", to_string(p.domain)},
                                       {"unit", p.unit},
                                       {"meaning", p.meaning},
                                       {"low", p.low},
                                       {"high", p.high}}));
  return Value::table({{"name", law.name},
                       {"expression", law.expression.text()},
                       {"output", law.output},
                       {"source", law.source},
                       {"help", law.help},
                       {"nested", law.nested},
                       {"parameters", Value(std::move(parameters))}});
}

Value optimum_of(const LawFit& fit) {
  Value::List coordinates, replicates;
  for (const Coordinate& c : fit.coordinates)
    coordinates.push_back(Value::table({{"name", c.name},
                                        {"logarithmic", c.logarithmic},
                                        {"log_unit", c.log_unit},
                                        {"lower", c.lower},
                                        {"upper", c.upper}}));
  const std::size_t k = fit.theta.size();
  for (std::size_t begin = 0; k > 0 && begin + k <= fit.replicates.size(); begin += k) {
    const auto row = std::span(fit.replicates).subspan(begin, k);
    replicates.emplace_back(Value::List(row.begin(), row.end()));
  }
  return Value::table({{"theta", Value(fit.theta)},
                       {"coordinates", Value(std::move(coordinates))},
                       {"replicates", Value(std::move(replicates))}});
}

}  // namespace

base::Value to_value(const Estimate& estimate) {
  Value value = Value::table({{"value", estimate.value}, {"lo", estimate.lo}, {"hi", estimate.hi}});
  if (estimate.fixed) value["fixed"] = true;
  return value;
}

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
                       {"notes", Value(comparison.notes)}});
}

base::Value to_value(const SavedFit& saved) {
  const LawFit& fit = saved.fit;
  Value value = to_value(static_cast<const Fit&>(fit));
  value["format"] = "phaselaw-fit-1";
  value["form"] = form_of(fit.form);
  value["fixed"] = Value::table();
  for (const auto& [name, held] : fit.fixed) value["fixed"][name] = held;
  value["optimum"] = optimum_of(fit);
  Value columns = Value::table();
  for (std::size_t c = 0; c < saved.data.columns.names.size(); ++c)
    columns[saved.data.columns.names[c]] = Value(saved.data.columns.values[c]);
  value["data"] = Value::table({{"output", Value(saved.data.output)}, {"columns", columns}});
  const FitOptions& options = saved.options.fit;
  value["options"] = Value::table({{"objective", to_string(options.objective)},
                                   {"delta", options.delta},
                                   {"interval", to_string(options.interval)},
                                   {"level", options.level},
                                   {"resamples", options.resamples},
                                   {"seed", options.seed},
                                   {"asymmetry", options.asymmetry},
                                   {"weights", Value(options.weights)},
                                   {"sd", Value(options.sd)},
                                   {"cluster", Value(options.cluster)}});
  return value;
}

}  // namespace phaselaw::laws
