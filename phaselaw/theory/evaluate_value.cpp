// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "phaselaw/theory/evaluate.h"

// The report as the JSON table that scripts read.
namespace phaselaw::theory {

namespace {

base::Value value_of(const std::optional<double>& x) {
  return x && std::isfinite(*x) ? base::Value(*x) : base::Value();
}

void put(base::Value& table, const std::string& name, const std::optional<Quantity>& quantity) {
  table[name] = quantity ? value_of(quantity->value) : base::Value();
  table["log10_" + name] = quantity ? value_of(quantity->log10) : base::Value();
}

base::Value value_of(const std::optional<ThreeTermReport>& three) {
  if (!three) return {};
  const auto number = [](double x) { return value_of(std::optional(x)); };
  return base::Value::table({{"optimisation", number(three->terms.optimisation)},
                             {"approximation", number(three->terms.approximation)},
                             {"estimation", number(three->terms.estimation)},
                             {"total", number(three->terms.total())},
                             {"rate", number(three->rate)},
                             {"time", number(three->time)},
                             {"regime", base::Value(base::enum_name(three->regime))},
                             {"bottleneck", base::Value(base::enum_name(three->bottleneck))},
                             {"elasticity", base::Value::table({{"time", number(three->elasticities.time)},
                                                                {"n_params", number(three->elasticities.n_params)},
                                                                {"n_data", number(three->elasticities.n_data)},
                                                                {"noise", number(three->elasticities.noise)}})},
                             {"saturating_n_params", number(three->saturating_n_params)},
                             {"saturating_time", number(three->saturating_time)}});
}

base::Value value_of(const std::optional<BoundMinimumReport>& minimum) {
  if (!minimum) return {};
  base::Value table = base::Value::table();
  put(table, "n_data", minimum->n_data);
  put(table, "excess_risk", minimum->excess_risk);
  table["slope"] = value_of(std::optional(minimum->slope));
  put(table, "balanced_n_data", minimum->balanced_n_data);
  put(table, "balanced_excess_risk", minimum->balanced_excess_risk);
  table["balanced_slope"] = value_of(std::optional(minimum->balanced_slope));
  return table;
}

base::Value value_of(const AllocationReport& allocation) {
  base::Value table = base::Value::table({{"source", allocation.source},
                                          {"p_model", allocation.accounting.p_model},
                                          {"p_data", allocation.accounting.p_data},
                                          {"p_time", allocation.accounting.p_time}});
  put(table, "n_params", allocation.n_params);
  put(table, "n_data", allocation.n_data);
  put(table, "n_steps", allocation.n_steps);
  const ImpliedExponents& exponents = allocation.exponents;
  table["exponents"] = base::Value::table({{"excess_risk", exponents.excess_risk},
                                           {"n_params", exponents.n_params},
                                           {"n_data", exponents.n_data},
                                           {"n_steps", exponents.n_steps}});
  table["implied"] = base::Value::table({{"fixed_model", value_of(allocation.fixed_model)},
                                         {"fixed_model_and_batch", value_of(allocation.fixed_model_and_batch)}});
  return table;
}

base::Value value_of(const TheoryReport& report, const ResourceLawTable& law) {
  const std::string resource(resource_name(law.law));
  base::Value table = base::Value::table({{"law", base::Value(base::enum_name(law.law))},
                                          {"resource", resource},
                                          {"n_data", value_of(report.n_data->value)},
                                          {"noise", value_of(report.noise)},
                                          {"rate", value_of(report.isolated_law_rate)},
                                          {"form", law.law == ResourceLaw::time ? "exponential" : "power law"},
                                          {"exponent", value_of(std::optional(law.exponent))},
                                          {"floor", law.floor},
                                          {"saturation", value_of(std::optional(law.saturation))}});
  base::Value::List points;
  for (const ResourceLawPoint& point : law.points)
    points.push_back(base::Value::table({{resource, point.resource},
                                         {"excess_risk", point.excess_risk},
                                         {"reducible", point.reducible},
                                         {"elasticity", point.elasticity}}));
  table["points"] = base::Value(std::move(points));
  return table;
}

}  // namespace

base::Value to_value(const TheoryReport& report) {
  base::Value table = base::Value::table({{"edition", base::Value(report.edition.name)},
                                          {"p", report.edition.p},
                                          {"risk_exponent", report.edition.risk_exponent}});
  put(table, "compute", report.compute);
  put(table, "n_data", report.n_data);
  table["noise"] = value_of(report.noise);
  put(table, "branch_scale", report.branch_scale);
  put(table, "d_hidden_min", report.d_hidden_min);
  put(table, "rate", report.rate);
  put(table, "radius_max", report.radius_max);
  put(table, "trajectory_radius", report.trajectory_radius);
  table["stable"] = report.stable ? base::Value(*report.stable) : base::Value();
  put(table, "threshold_compute", report.threshold_compute);
  table["stage"] = report.stage ? base::Value(base::enum_name(*report.stage)) : base::Value();
  put(table, "n_data_optimal", report.n_data_optimal);
  put(table, "excess_risk_upper", report.excess_risk_upper);
  put(table, "excess_risk_lower", report.excess_risk_lower);
  table["slope"] = value_of(report.slope);
  table["compute_exponent"] = report.compute_exponent;
  table["data_exponent"] = report.data_exponent;
  table["effect_of_data"] = base::Value(base::enum_name(report.effect_of_data));
  put(table, "condition_number", report.condition_number);
  table["condition_number_source"] =
      report.condition_number_source.empty() ? base::Value() : base::Value(report.condition_number_source);
  table["gd_rate"] = value_of(report.gd_rate);
  table["accelerated_rate"] = value_of(report.accelerated_rate);
  table["condition_number_gap"] = value_of(report.condition_number_gap);
  table["n_steps"] = value_of(report.n_steps);
  put(table, "oracle_loss_factor", report.oracle_loss_factor);
  put(table, "gd_loss_factor", report.gd_loss_factor);
  put(table, "chebyshev_loss_factor", report.chebyshev_loss_factor);
  table["bound_minimum"] = value_of(report.bound_minimum);
  base::Value::List allocations;
  for (const AllocationReport& allocation : report.allocations) allocations.push_back(value_of(allocation));
  table["allocations"] = base::Value(std::move(allocations));
  table["three_terms"] = value_of(report.three_terms);
  if (report.isolated_law) table["isolated_law"] = value_of(report, *report.isolated_law);
  return table;
}

}  // namespace phaselaw::theory
