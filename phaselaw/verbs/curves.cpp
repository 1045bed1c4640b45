// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/verbs/curves.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "phaselaw/base/value.h"
#include "phaselaw/store/store.h"

namespace phaselaw::verbs {

namespace {

void require_meanings(const std::map<std::string, std::string>& columns) {
  const auto& known = laws::curve_meanings();
  for (const auto& [name, column] : columns)
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw base::InputError({"--col"}, base::unknown_name("name", name, known));
}

// The runs of a study, diverged ones too. Excess risk where the whole study knows it.
std::vector<laws::CurveData> curves_of_study(const std::string& path) {
  const auto records = store::Store::open_read(path).runs();
  const bool excess = std::all_of(records.begin(), records.end(), [](const store::RunRecord& record) {
    return std::all_of(record.measurements.begin(), record.measurements.end(),
                       [](const store::Measurement& m) { return !std::isnan(m.excess_risk); });
  });
  std::vector<laws::CurveData> curves;
  for (const auto& record : records) {
    if (record.status == store::Status::kFailed) continue;
    const base::Value configuration = base::parse_json(record.configuration, path);
    laws::CurveData curve;
    curve.n_data = static_cast<double>(configuration.at("data").at("n_data").integer());
    curve.name = fmt::format("run {}: n_data {}, d_hidden {}, seed {}", record.index, curve.n_data,
                             configuration.at("model").at("d_hidden").integer(), configuration.at("seed").integer());
    if (const base::Value* n_params = base::parse_json(record.summary, path).find("n_params"); n_params != nullptr)
      curve.n_params = n_params->number();
    curve.quantity = excess ? "excess_risk" : "test_loss";
    curve.ended_diverged = record.status == store::Status::kDiverged;
    double time = 0, step = 0;
    for (const auto& m : record.measurements) {
      curve.step.push_back(static_cast<double>(m.step));
      curve.tokens.push_back(m.tokens);
      curve.compute.push_back(m.compute_flop);
      curve.loss.push_back(excess ? m.excess_risk : m.test_loss);
      // The stored time is the sum of learning rates: its increments are the schedule.
      if (curve.step.back() > step && m.time >= time) {
        curve.rates.step.push_back(step);
        curve.rates.lr.push_back((m.time - time) / (curve.step.back() - step));
        time = m.time;
        step = curve.step.back();
      }
    }
    curves.push_back(std::move(curve));
  }
  return curves;
}

}  // namespace

std::vector<laws::CurveData> read_curves(const std::string& path, const std::map<std::string, std::string>& columns) {
  require_meanings(columns);
  if (std::filesystem::path(path).extension() == ".db") return curves_of_study(path);
  return laws::read_curve_data(path, columns);
}

std::vector<laws::CurveData> curves_of(const laws::Table& table, const std::map<std::string, std::string>& columns) {
  require_meanings(columns);
  return laws::curve_data_from(table, columns);
}

void keep_runs(std::vector<laws::CurveData>& curves, const std::vector<std::string>& names) {
  if (names.empty()) return;
  std::vector<std::string> known;
  for (const auto& curve : curves) known.push_back(curve.name);
  for (const std::string& wanted : names)
    if (std::find(known.begin(), known.end(), wanted) == known.end())
      throw base::InputError({"--run"}, base::unknown_name("run", wanted, known));
  std::erase_if(curves,
                [&](const auto& curve) { return std::find(names.begin(), names.end(), curve.name) == names.end(); });
}

}  // namespace phaselaw::verbs
