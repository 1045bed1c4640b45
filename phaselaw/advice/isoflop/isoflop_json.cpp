// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/isoflop/isoflop.h"

// The methods as a JSON value; unknown numbers are null.
namespace phaselaw::advice {

namespace {

using base::Value;

Value of(const Vertex& v) {
  return Value::table({{"compute", v.compute},
                       {"n_points", v.n_points},
                       {"n_params", to_value(v.n_params)},
                       {"tokens", to_value(v.tokens)},
                       {"loss", v.loss},
                       {"inside", v.inside},
                       {"why", v.why},
                       {"bias_ln_n_params", v.bias}});
}

Value of(const IsoflopMethod& method) {
  Value::List vertices;
  for (const Vertex& vertex : method.vertices) vertices.push_back(of(vertex));
  Value entry = Value::table();
  entry["a"] = method.power ? to_value(method.power->a) : Value();
  entry["b"] = method.power ? to_value(method.power->b) : Value();
  entry["k_n_params"] = method.power ? Value(method.power->k_n_params) : Value();
  entry["k_tokens"] = method.power ? Value(method.power->k_tokens) : Value();
  entry["r2"] = method.power ? Value(method.power->r2) : Value();
  entry["n_budgets"] = method.power ? Value(method.power->budgets) : Value(0);
  entry["interval"] = method.power ? Value(method.power->interval) : Value();
  entry["why"] = method.power ? method.power->why : method.why;
  entry["bias_a"] = method.bias_a;
  entry["vertices"] = Value(std::move(vertices));
  return entry;
}

Value of(const ConventionRow& row) {
  return Value::table({{"convention", row.convention},
                       {"parabola", row.parabola ? to_value(row.parabola->a) : Value()},
                       {"parametric", row.parametric ? to_value(row.parametric->a) : Value()},
                       {"missing", row.missing.empty() ? Value() : Value(row.missing)}});
}

}  // namespace

base::Value to_value(const IsoflopResult& result) {
  Value methods = Value::table();
  for (const IsoflopMethod& method : result.methods) methods[method.name] = of(method);
  Value::List conventions;
  for (const ConventionRow& row : result.conventions) conventions.push_back(of(row));
  return Value::table({{"methods", methods},
                       {"conventions", Value(std::move(conventions))},
                       {"n_points", result.data.output.size()},
                       {"n_budgets", result.budgets.size()},
                       {"flop_per_param_and_token", result.flop.per_param},
                       {"flop_spread", result.flop.spread},
                       {"noise", result.noise_dof > 0 ? Value(result.noise) : Value()},
                       {"notes", Value(result.notes)},
                       {"fit", result.fit.fit.value.empty() ? Value() : to_value(result.fit)}});
}

}  // namespace phaselaw::advice
