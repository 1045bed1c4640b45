// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/isoflop/isoflop_request.h"

#include "phaselaw/base/log.h"

// The request, and the three methods as a JSON value; unknown numbers are null.
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

}  // namespace

base::Value to_value(const IsoflopResult& result) {
  Value methods = Value::table();
  for (const IsoflopMethod& method : result.methods) {
    Value::List vertices;
    for (const Vertex& vertex : method.vertices) vertices.push_back(of(vertex));
    Value entry = Value::table();
    entry["a"] = method.power ? to_value(method.power->a) : Value();
    entry["b"] = method.power ? to_value(method.power->b) : Value();
    entry["k_n_params"] = method.power ? Value(method.power->k_n_params) : Value();
    entry["k_tokens"] = method.power ? Value(method.power->k_tokens) : Value();
    entry["r2"] = method.power ? Value(method.power->r2) : Value();
    entry["n_budgets"] = method.power ? Value(method.power->budgets) : Value(0);
    entry["bias_a"] = method.bias_a;
    entry["vertices"] = Value(std::move(vertices));
    methods[method.name] = std::move(entry);
  }
  return Value::table({{"methods", methods},
                       {"n_points", result.data.output.size()},
                       {"n_budgets", result.budgets.size()},
                       {"flop_per_param_and_token", result.flop_per_param},
                       {"flop_spread", result.flop_spread},
                       {"notes", Value(result.notes)},
                       {"fit", to_value(result.fit)}});
}

IsoflopAnswer isoflop(const IsoflopRequest& request, tables::Table table) {
  request.options.validate();
  request.options.fit.require_objective_uses();
  const tables::Rows rows = tables::rows_from(std::move(table), request.read);
  for (const auto& note : rows.notes) base::log_info(note);
  for (const auto& warning : rows.warnings) base::log_warning(warning);
  IsoflopAnswer answer;
  answer.result = isoflop(rows.data, rows.n_runs() > 1 ? rows.run : std::vector<std::string>{}, request.options);
  for (const auto& note : answer.result.notes) base::log_warning(note);
  answer.json = to_value(answer.result);
  return answer;
}

}  // namespace phaselaw::advice
