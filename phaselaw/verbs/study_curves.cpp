// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/verbs/study_curves.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/value.h"

namespace phaselaw::verbs {

std::string StudyCurves::label() const { return quantity == Quantity::excess_risk ? "excess risk" : "test loss"; }

std::string StudyCurves::unit() const { return nats ? "nats per token" : "squared, per output coordinate"; }

laws::Curves StudyCurves::flat() const {
  laws::Curves curves;
  for (const auto& run : runs) {
    curves.run.insert(curves.run.end(), run.compute.size(), run.run);
    curves.compute.insert(curves.compute.end(), run.compute.begin(), run.compute.end());
    curves.loss.insert(curves.loss.end(), run.value.begin(), run.value.end());
  }
  return curves;
}

StudyCurves study_curves(const std::vector<store::RunRecord>& records, const std::string& source) {
  StudyCurves study;
  const bool known = std::all_of(records.begin(), records.end(), [](const store::RunRecord& record) {
    return std::all_of(record.measurements.begin(), record.measurements.end(),
                       [](const store::Measurement& m) { return !std::isnan(m.excess_risk); });
  });
  study.quantity = known ? Quantity::excess_risk : Quantity::test_loss;
  for (const auto& record : records) {
    if (record.status != store::Status::kFinished) {
      ++study.diverged;
      continue;
    }
    const base::Value configuration = base::parse_json(record.configuration, source);
    RunCurve curve;
    curve.run = fmt::to_string(record.index);
    curve.seed = configuration.at("seed").integer();
    curve.n_data = configuration.at("data").at("n_data").integer();
    study.nats = study.nats || configuration.at("model").at("readout").text() == "tokens";
    for (const auto& m : record.measurements) {
      if (m.compute_flop == 0) continue;  // before the first step: no compute to put it at
      const double value = known ? m.excess_risk : m.test_loss;
      if (!(m.compute_flop > 0) || !(value > 0) || !std::isfinite(value)) {
        ++study.unusable;
        continue;
      }
      curve.compute.push_back(m.compute_flop);
      curve.value.push_back(value);
    }
    if (!curve.compute.empty()) study.runs.push_back(std::move(curve));
  }
  if (study.runs.empty())
    throw base::InputError({source},
                           fmt::format("expected at least one finished run with a positive loss; found {} runs, "
                                       "{} of them not finished",
                                       records.size(), study.diverged));
  return study;
}

}  // namespace phaselaw::verbs
