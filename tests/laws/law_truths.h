// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "phaselaw/laws/catalogue.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/tables/columns.h"

// A table with every column and, for every law, parameters that such a table determines.
namespace phaselaw::laws::testing {

// Every column drawn log-uniformly and independently from the range that runs have.
inline tables::Columns full_table(std::size_t n, std::uint64_t draw) {
  numerics::RandomStream stream(7, "full_table", draw);
  tables::Columns columns;
  const auto log_uniform = [&](const char* name, double lo, double hi) {
    std::vector<double> column;
    for (std::size_t i = 0; i < n; ++i) column.push_back(lo * std::pow(hi / lo, stream.uniform()));
    columns.add(name, column);
  };
  log_uniform("n_params", 1e7, 1e10);
  log_uniform("tokens", 1e9, 1e12);
  log_uniform("compute", 1e17, 1e23);
  log_uniform("unique_tokens", 1e8, 1e9);
  log_uniform("n_layers", 2, 64);
  log_uniform("d_model", 128, 8192);
  log_uniform("n_data", 30, 1e5);
  log_uniform("step", 10, 1e5);
  log_uniform("lr_sum", 0.1, 100);
  log_uniform("lr_drop", 0.01, 1);
  log_uniform("batch", 1e4, 1e7);
  log_uniform("loss", 1.2, 6);
  return columns;
}

inline const std::map<std::string, std::map<std::string, double>>& truths() {
  const std::map<std::string, double> overfitting = {{"E", 1.6},      {"A", 406},     {"B", 410},     {"F", 10},
                                                     {"alpha", 0.34}, {"beta", 0.28}, {"gamma", 0.3}, {"delta", 0.5}};
  std::map<std::string, double> saturated = overfitting;
  saturated["L0"] = 10;
  static const std::map<std::string, std::map<std::string, double>> all = {
      {"two-stage", {{"E", 1.5}, {"A", 3}, {"q", 1.0 / 6}, {"C0", 1e18}}},
      {"two-stage-joint", {{"E", 0.5}, {"R0", 2}, {"a", 1e15}, {"p", 1.3}, {"c", 20}}},
      {"model-size", {{"E", 1.5}, {"c_M", 3e7}}},
      {"training-time", {{"E", 1.5}, {"R0", 4}, {"rate", 2e-3}}},
      {"data-size", {{"E", 1.5}, {"c_xi", 80}}},
      {"three-term", {{"E", 0.5}, {"R0", 4}, {"rate", 2e-3}, {"c_M", 2e7}, {"c_xi", 60}}},
      {"power", {{"E", 1.7}, {"A", 900}, {"alpha", 0.15}}},
      {"kaplan-n", {{"N_c", 8.8e13}, {"alpha_N", 0.076}}},
      {"kaplan-d", {{"D_c", 5.4e13}, {"alpha_D", 0.095}}},
      {"kaplan-c", {{"C_c", 3.1e28}, {"alpha_C", 0.05}}},
      {"kaplan", {{"N_c", 6.4e13}, {"D_c", 1.8e13}, {"alpha_N", 0.076}, {"alpha_D", 0.103}}},
      {"chinchilla", {{"E", 1.69}, {"A", 406.4}, {"B", 410.7}, {"alpha", 0.34}, {"beta", 0.28}}},
      {"chinchilla-tied", {{"E", 1.87}, {"A", 521}, {"B", 1488}, {"alpha", 0.353}}},
      {"chinchilla-outer", {{"E", 1.2}, {"A", 3000}, {"B", 8e5}, {"alpha", 0.41}, {"beta", 0.62}, {"gamma", 0.6}}},
      {"chinchilla-interaction",
       {{"E", 1.69}, {"A", 406.4}, {"B", 15}, {"alpha", 0.34}, {"beta", 0.28}, {"gamma", 0.15}}},
      {"overfitting", overfitting},
      {"overfitting-saturated", saturated},
      {"width-depth-tokens",
       {{"E", 1}, {"A", 20}, {"B", 2}, {"F", 4e4}, {"alpha", 0.4}, {"beta", 0.5}, {"gamma", 0.5}}},
      {"width-depth-params-tokens",
       {{"E", 1},
        {"A", 20},
        {"B", 2},
        {"G", 500},
        {"F", 4e4},
        {"alpha", 0.4},
        {"beta", 0.5},
        {"delta", 0.37},
        {"gamma", 0.5}}},
      {"over-training", {{"E", 1.5}, {"a", 113}, {"b", 190}, {"eta", 0.121}}},
      {"repeated-data",
       {{"E", 1.87}, {"A", 521}, {"B", 1488}, {"alpha", 0.35}, {"beta", 0.37}, {"R_N", 5.3}, {"R_D", 15.4}}},
      {"shifted-power", {{"E", 2}, {"A", 8}, {"t0", 150}, {"q", 0.6}}},
      {"exponential", {{"E", 2}, {"A", 8}, {"t0", 1500}}},
      {"exponential-power", {{"E", 1.5}, {"A", 6}, {"t0", 150}, {"B", 9}, {"q", 0.4}}},
      {"lr-annealing", {{"E", 2.5}, {"A", 0.7}, {"alpha", 0.4}, {"K", 0.3}}},
      {"lr-annealing-params", {{"E", 2}, {"A", 0.7}, {"alpha", 0.4}, {"B", 100}, {"beta", 0.3}, {"K", 0.3}}},
      {"critical-batch-steps", {{"S_min", 3000}, {"B_crit", 4e5}}},
      {"critical-batch", {{"B_star", 2e8}, {"alpha_B", 0.21}}},
      {"lr-compute", {{"A", 0.3118}, {"a", 0.125}}},
      {"batch-compute", {{"A", 0.292}, {"a", 0.3271}}},
      {"lr-size", {{"A", 1.79}, {"a", 0.713}, {"b", 0.307}}},
      {"batch-tokens", {{"A", 0.58}, {"b", 0.571}}},
      {"error-exponential", {{"epsilon", 0.85}, {"k", 1.4}, {"gamma", 0.75}}},
      {"error-sigmoid", {{"E", 0.2}, {"K", 0.6}, {"loss_mid", 2.6}, {"width_mid", 0.4}}},
      {"broken-power-1", {{"E", 1}, {"A", 30}, {"q0", 0.05}, {"C1", 1e20}, {"q1", 0.2}, {"f1", 0.4}}},
      {"broken-power-2",
       {{"E", 0.8},
        {"A", 60},
        {"q0", 0.06},
        {"C1", 1e19},
        {"q1", 0.15},
        {"f1", 0.3},
        {"gap2", 99},
        {"q2", 0.3},
        {"f2", 0.3}}},
      {"broken-power-3",
       {{"E", 0.5},
        {"A", 60},
        {"q0", 0.05},
        {"C1", 1e18},
        {"q1", 0.15},
        {"f1", 0.2},
        {"gap2", 49},
        {"q2", 0.2},
        {"f2", 0.2},
        {"gap3", 59},
        {"q3", 0.3},
        {"f3", 0.2}}},
  };
  return all;
}

inline std::vector<double> true_parameters(const laws::Law& law) {
  std::vector<double> values;
  for (const laws::Parameter& parameter : law.parameters) values.push_back(truths().at(law.name).at(parameter.name));
  return values;
}

inline tables::Measurements exact_measurements(const laws::Law& law, std::size_t n, std::uint64_t draw = 0) {
  tables::Measurements data{full_table(n, draw), {}};
  data.output = evaluate(law, data.columns, true_parameters(law));
  return data;
}

}  // namespace phaselaw::laws::testing
