// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/fit_file.h"

#include <cmath>

namespace phaselaw::fitting {

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

Value form_of(const laws::Law& law) {
  Value::List parameters, derived;
  for (const laws::DerivedQuantity& q : law.derived)
    derived.push_back(Value::table({{"name", q.name},
                                    {"unit", q.unit},
                                    {"meaning", q.meaning},
                                    {"positive", q.positive},
                                    {"expression", q.expression.text()}}));
  for (const laws::Parameter& p : law.parameters)
    parameters.push_back(Value::table({{"name", p.name},
                                       {"domain", base::enum_name(p.domain)},
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
                       {"parameters", Value(std::move(parameters))},
                       {"derived", Value(std::move(derived))}});
}

Value optimum_of(const Fit& fit) {
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

namespace {

// What the fit estimated of the errors of the rows, or null.
Value errors_of(const Fit& fit) {
  if (!fit.errors) return {};
  Value value = Value::table(
      {{"cut", std::isfinite(fit.errors->cut) ? Value(fit.errors->cut) : Value()}, {"exponent", fit.errors->exponent}});
  value["row_factors"] = base::detail::write(fit.errors->row_factors);
  value["groups"] = base::detail::write(fit.errors->groups);
  return value;
}

}  // namespace

base::Value to_value(const Fit& fit) {
  const bool resampled = fit.method == IntervalMethod::bootstrap || fit.method == IntervalMethod::bca;
  const std::string method = (fit.clustered && resampled ? "cluster " : "") + std::string(base::enum_name(fit.method));
  Value value = Value::table({
      {"law", fit.name()},
      {"formula", fit.formula()},
      {"objective", base::enum_name(fit.objective)},
      {"delta", fit.delta ? Value(*fit.delta) : Value()},
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

base::Value to_value(const Holdout& holdout) {
  return Value::table({{"fraction", holdout.fraction},
                       {"n_fitted", holdout.n_fitted},
                       {"n_predicted", holdout.n_predicted},
                       {"compute_factor", holdout.compute_factor},
                       {"mean_abs_rel_error", holdout.mean_abs_rel_error},
                       {"bias", holdout.bias}});
}

base::Value fit_value(const RankedLaw& ranked, const tables::Measurements& data, const FitOptions& options) {
  const Fit& fit = ranked.fit;
  Value value = to_value(fit);
  value["format"] = "phaselaw-fit-3";
  value["errors"] = errors_of(fit);
  value["form"] = form_of(fit.law);
  value["fixed"] = base::detail::write(fit.fixed);
  value["optimum"] = optimum_of(fit);
  Value columns = Value::table();
  for (std::size_t c = 0; c < data.columns.names.size(); ++c)
    columns[data.columns.names[c]] = Value(data.columns.values[c]);
  value["data"] = Value::table({{"output", Value(data.output)}, {"columns", columns}});
  // The number of threads is not stored, because a fit does not depend on it.
  FitOptions kept = options;
  kept.threads = 1;
  kept.fix = fit.fixed;
  Value written = base::write_fields(kept);
  written["weights"] = base::detail::write(options.weights);
  written["sd"] = base::detail::write(options.sd);
  written["cluster"] = base::detail::write(options.cluster);
  value["options"] = written;
  value["holdout"] = ranked.holdout ? to_value(*ranked.holdout) : Value();
  Value::List slices;
  for (const Holdout& slice : ranked.backtest) slices.push_back(to_value(slice));
  value["backtest"] = Value(std::move(slices));
  return value;
}

base::Value to_value(const SavedFit& saved) {
  return fit_value({saved.fit, saved.holdout, saved.backtest, 0, 0, 0}, saved.data, saved.options);
}

}  // namespace phaselaw::fitting
