// SPDX-License-Identifier: Apache-2.0
#include <iterator>

#include <fmt/format.h>

#include "phaselaw/analysis/flow_views.h"
#include "phaselaw/base/constants.h"
#include "phaselaw/base/csv.h"

// The files of flow_views.h. Numbers read back to the same bits; NaN is empty in CSV and null in JSON.
namespace phaselaw::analysis {

namespace {

using base::Value;

Value departure_value(const dynamics::Departure& d) {
  return Value::table({{"time", d.time ? Value(*d.time) : Value()},
                       {"largest", Value(d.largest)},
                       {"largest_time", Value(d.largest_time)},
                       {"reason", d.reason}});
}

Value signature_value(const dynamics::SignatureEvent& event) {
  const bool none = event.signature == dynamics::Signature::none;
  return Value::table({{"signature", base::enum_name(event.signature)},
                       {"cause", base::enum_name(event.cause)},
                       {"onset", none ? Value() : Value(event.onset)},
                       {"reason", event.reason}});
}

Value laziness_value(const std::vector<dynamics::LazyRecord>& records) {
  if (records.empty()) return {};
  const auto& last = records.back();
  Value parts;
  for (const auto& part : last.parts)
    parts.push_back(Value::table({{"name", part.name}, {"drift", part.drift}, {"radius", part.radius}}));
  return Value::table({{"time", last.time},
                       {"drift", last.total.drift},
                       {"drift_error", last.total.drift_error},
                       {"drift_norm", last.total.drift_norm},
                       {"radius", last.total.radius},
                       {"alignment", last.total.alignment},
                       {"linearisation", last.linearisation},
                       {"test_linearisation", last.test_linearisation},
                       {"layers", parts}});
}

}  // namespace

base::Value to_value(const PreparedExperiment& s, const FlowViews& v) {
  Value curves = Value::table();
  for (const auto& curve : v.curves) {
    const bool any = !curve.time.empty();
    curves[curve.view] = Value::table({{"what", curve.what},
                                       {"status", curve.status},
                                       {"reason", curve.reason},
                                       {"points", curve.time.size()},
                                       {"time", any ? Value(curve.time.back()) : Value()},
                                       {"train_loss", any ? Value(curve.train_loss.back()) : Value()},
                                       {"test_loss", any ? Value(curve.test_loss.back()) : Value()},
                                       {"excess_risk", any ? Value(curve.excess_risk.back()) : Value()}});
    if (!curve.train_loss_error.empty()) {
      curves[curve.view]["train_loss_error"] = curve.train_loss_error.back();
      curves[curve.view]["test_loss_error"] = curve.test_loss_error.back();
    }
  }
  Value json = Value::table({{"n_rows", v.n_rows},
                             {"n_params", v.n_params},
                             {"n_data", s.split.train.n},
                             {"time", v.time},
                             {"learning_rate", v.learning_rate},
                             {"curves", curves}});
  if (v.dense) {
    json["lambda_max"] = v.spectrum.lambda_max;
    json["lambda_min"] = v.spectrum.lambda_min;
    json["step_limit"] = v.step_limit;
    json["null_loss"] = v.null_loss;
    json["train_loss_at_infinity"] = v.train_loss_at_infinity;
    json["test_loss_at_infinity"] = v.test_loss_at_infinity;
    json["gd_rate"] = v.rates.gradient_descent;
    json["accelerated_rate"] = v.rates.accelerated;
  }
  json["kernel_leaves_flow"] = departure_value(v.kernel_leaves_flow);
  json["kernel_leaves_trained"] = departure_value(v.kernel_leaves_trained);
  json["sgd_leaves_trained"] = departure_value(v.sgd_leaves_trained);
  json["flow_laziness"] = laziness_value(v.flow_laziness);
  json["trained_laziness"] = laziness_value(v.trained_laziness);
  json["flow_signature"] = signature_value(v.flow_signature);
  json["trained_signature"] = signature_value(v.trained_signature);
  json["stability_condition"] = Value::table(
      {{"fails_at", v.condition_fails_at ? Value(*v.condition_fails_at) : Value()}, {"reason", v.condition}});
  json["warnings"] = Value(v.warnings);
  json["configuration"] = s.configuration;
  json["flow"] = base::write_fields(s.experiment.flow);
  return json;
}

std::string trajectories_csv(const FlowViews& v) {
  std::string csv = "view,time,train_loss,test_loss,excess_risk,train_loss_error,test_loss_error\n";
  for (const auto& c : v.curves)
    for (std::size_t i = 0; i < c.time.size(); ++i) {
      const bool simulated = !c.train_loss_error.empty();
      fmt::format_to(std::back_inserter(csv), "{},{},{},{},{},{},{}\n", c.view, base::csv_number(c.time[i]),
                     base::csv_number(c.train_loss[i]), base::csv_number(c.test_loss[i]),
                     base::csv_number(c.excess_risk[i]),
                     base::csv_number(simulated ? c.train_loss_error[i] : base::kNaN),
                     base::csv_number(simulated ? c.test_loss_error[i] : base::kNaN));
    }
  return csv;
}

std::string drift_csv(const FlowViews& v) {
  std::string csv = "along,time,part,drift,drift_error,drift_norm,radius,alignment,linearisation\n";
  const auto add = [&](const char* along, const std::vector<dynamics::LazyRecord>& records) {
    for (const auto& record : records) {
      const auto row = [&](const dynamics::Laziness& part, double linearisation) {
        fmt::format_to(std::back_inserter(csv), "{},{},{},{},{},{},{},{},{}\n", along, base::csv_number(record.time),
                       part.name, base::csv_number(part.drift), base::csv_number(part.drift_error),
                       base::csv_number(part.drift_norm), base::csv_number(part.radius),
                       base::csv_number(part.alignment), base::csv_number(linearisation));
      };
      row(record.total, record.linearisation);
      for (const auto& part : record.parts) row(part, base::kNaN);
    }
  };
  add("flow", v.flow_laziness);
  add("trained", v.trained_laziness);
  return csv;
}

std::string methods_csv(const FlowViews& v) {
  std::string csv = "method,iteration,train_loss\n";
  for (const auto& m : v.methods)
    for (std::size_t i = 0; i < m.counts.size(); ++i)
      fmt::format_to(std::back_inserter(csv), "{},{},{}\n", m.method, m.counts[i], base::csv_number(m.train_loss[i]));
  return csv;
}

}  // namespace phaselaw::analysis
