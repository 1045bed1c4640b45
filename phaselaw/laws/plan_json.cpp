// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "phaselaw/laws/plan.h"

// The plan as a document tree; unknown and infinite numbers are null.
namespace phaselaw::laws {

namespace {

using base::Value;

Value texts(const std::vector<std::string>& list) { return Value(Value::List(list.begin(), list.end())); }
Value maybe(const std::optional<double>& x) { return x ? Value(*x) : Value(); }

Value of(const Estimate& e) {
  Value value = Value::table({{"value", e.value}, {"lo", maybe(e.lo)}, {"hi", maybe(e.hi)}});
  if (e.fixed) value["fixed"] = true;
  return value;
}

Value of(const Elasticities& e) {
  return Value::table({{"n_params", of(e.n_params)}, {"tokens", of(e.tokens)}, {"compute", of(e.compute)}});
}

// The contract has plain numbers here; the intervals stand in elasticity_intervals.
Value plain(const Elasticities& e) {
  const auto number = [](const Estimate& x) { return x.name.empty() ? Value() : Value(x.value); };
  return Value::table({{"n_params", number(e.n_params)}, {"tokens", number(e.tokens)}, {"compute", number(e.compute)}});
}

Value of(const PlanPoint& p) {
  Value::List isoflop, extrapolation;
  for (const IsoflopPoint& at : p.isoflop)
    isoflop.push_back(Value::table({{"n_params", at.n_params},
                                    {"tokens", at.tokens},
                                    {"loss", at.loss},
                                    {"lo", maybe(at.lo)},
                                    {"hi", maybe(at.hi)}}));
  for (const Extrapolation& e : p.extrapolation)
    extrapolation.push_back(
        Value::table({{"column", e.column}, {"value", e.value}, {"factor", e.factor}, {"above", e.above}}));
  Value value = Value::table({{"compute", of(p.compute)},
                              {"n_params", of(p.n_params)},
                              {"tokens", of(p.tokens)},
                              {"loss", of(p.loss)},
                              {"run", of(p.run)},
                              {"tokens_per_param", of(p.tokens_per_param)},
                              {"floor", of(p.floor)}});
  if (std::isfinite(p.n_data.value)) value["n_data"] = of(p.n_data);
  value["exponent"] = Value::table({{"n_params", of(p.exponent_n_params)}, {"tokens", of(p.exponent_tokens)}});
  value["elasticity"] = plain(p.elasticity);
  value["elasticity_of"] = "loss above the floor";
  value["elasticity_intervals"] = of(p.elasticity);
  value["elasticity_of_loss"] = plain(p.elasticity_of_loss);
  value["bottleneck"] = p.bottleneck.empty() ? Value() : Value(p.bottleneck);
  value["bottleneck_share"] = p.bottleneck.empty() ? Value() : Value(p.bottleneck_share);
  value["bottleneck_reason"] = p.reason;
  value["status"] = p.edge == 0 ? "optimum" : p.edge > 0 ? "larger models without end" : "smaller models without end";
  value["flop_over_6nd"] = p.flop_multiple;
  value["reached"] = p.reached;
  value["optimal_share"] = p.optimal_share ? of(*p.optimal_share) : Value();
  value["extrapolation"] = Value(std::move(extrapolation));
  value["isoflop"] = Value(std::move(isoflop));
  value["warnings"] = texts(p.warnings);
  return value;
}

}  // namespace

base::Value to_value(const Plan& plan) {
  Value value = plan.points.empty() ? Value::table() : of(plan.points.front());
  Value::List points;
  for (const PlanPoint& point : plan.points) points.push_back(of(point));
  value["plans"] = Value(std::move(points));
  value["law"] = plan.law;
  value["formula"] = plan.formula;
  value["flop_convention"] = plan.convention;
  value["interval"] = Value::table({{"method", plan.method}, {"level", plan.level}});
  value["past_errors"] = plan.past ? Value::table({{"compute_factor", plan.past->compute_factor},
                                                   {"mean_abs_rel_error", plan.past->mean_abs_rel_error},
                                                   {"n_predicted", plan.past->n_predicted}})
                                   : Value();
  value["fit_warnings"] = texts(plan.warnings);
  return value;
}

}  // namespace phaselaw::laws
