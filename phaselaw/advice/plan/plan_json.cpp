// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "phaselaw/advice/plan/plan.h"
#include "phaselaw/fitting/fit_file.h"

// The plan as a JSON value; unknown and infinite numbers are null.
namespace phaselaw::advice {

namespace {

using base::Value;

Value of(const Elasticities& e) {
  return Value::table(
      {{"n_params", to_value(e.n_params)}, {"tokens", to_value(e.tokens)}, {"compute", to_value(e.compute)}});
}

// These fields are plain numbers; the intervals are in elasticity_intervals.
Value plain(const Elasticities& e) {
  const auto number = [](const fitting::Estimate& x) { return x.name.empty() ? Value() : Value(x.value); };
  return Value::table({{"n_params", number(e.n_params)}, {"tokens", number(e.tokens)}, {"compute", number(e.compute)}});
}

const char* status_of(const PlanPoint& p) {
  if (p.edge != 0) return p.edge > 0 ? "ever larger models" : "ever smaller models";
  return p.measured ? "sizes not determined" : "optimum";
}

Value of(const PlanPoint& p) {
  Value::List isoflop, extrapolation;
  for (const IsoflopPoint& at : p.isoflop)
    isoflop.push_back(Value::table(
        {{"n_params", at.n_params}, {"tokens", at.tokens}, {"loss", at.loss}, {"lo", at.lo}, {"hi", at.hi}}));
  for (const Extrapolation& e : p.extrapolation)
    extrapolation.push_back(
        Value::table({{"column", e.column}, {"value", e.value}, {"factor", e.factor}, {"above", e.above}}));
  Value value = Value::table({{"compute", to_value(p.compute)},
                              {"n_params", to_value(p.n_params)},
                              {"tokens", to_value(p.tokens)},
                              {"loss", to_value(p.loss)},
                              {"run", to_value(p.run)},
                              {"tokens_per_param", to_value(p.tokens_per_param)},
                              {"floor", to_value(p.floor)}});
  if (std::isfinite(p.n_data.value)) value["n_data"] = to_value(p.n_data);
  value["exponent"] =
      Value::table({{"n_params", to_value(p.exponent_n_params)}, {"tokens", to_value(p.exponent_tokens)}});
  value["elasticity"] = plain(p.elasticity);
  value["elasticity_of"] = "loss above the floor";
  value["elasticity_intervals"] = of(p.elasticity);
  value["elasticity_of_loss"] = plain(p.elasticity_of_loss);
  value["bottleneck"] = p.bottleneck.empty() ? Value() : Value(p.bottleneck);
  value["bottleneck_certain"] = p.bottleneck.empty() ? Value() : Value(p.bottleneck_certain());
  value["bottleneck_reason"] = p.reason;
  value["balance"] = p.balance ? to_value(*p.balance) : Value();
  value["status"] = status_of(p);
  value["measured"] = p.measured ? Value::table({{"tokens_per_param", p.measured->tokens_per_param},
                                                 {"n_params", p.measured->n_params},
                                                 {"tokens", p.measured->tokens},
                                                 {"one_ratio", p.measured->one_ratio}})
                                 : Value();
  value["flop_over_6nd"] = p.flop_multiple;
  value["optimal_share"] = p.optimal_share ? to_value(*p.optimal_share) : Value();
  value["extrapolation"] = Value(std::move(extrapolation));
  value["isoflop"] = Value(std::move(isoflop));
  value["warnings"] = Value(limit_sentences(p.limits));
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
  value["fit_warnings"] = Value(limit_sentences(plan.limits));
  value["limits"] = Value(limit_sentences(limits_of(plan)));
  return value;
}

}  // namespace phaselaw::advice
