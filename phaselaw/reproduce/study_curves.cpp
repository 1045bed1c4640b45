// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/study_curves.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/value.h"
#include "phaselaw/tables/runs.h"
#include "phaselaw/verbs/inputs.h"

namespace phaselaw::reproduce {

std::string StudyCurves::label() const { return quantity == Quantity::excess_risk ? "excess risk" : "test loss"; }

std::string StudyCurves::unit() const { return nats ? "nats per token" : "squared, per output coordinate"; }

tables::Measurements StudyCurves::flat(std::vector<std::string>& run) const {
  tables::Measurements data;
  std::vector<double> compute;
  for (const auto& curve : runs) {
    run.insert(run.end(), curve.compute.size(), curve.run);
    compute.insert(compute.end(), curve.compute.begin(), curve.compute.end());
    data.output.insert(data.output.end(), curve.value.begin(), curve.value.end());
  }
  data.columns.add("compute", std::move(compute));
  return data;
}

std::vector<EnvelopePoint> StudyCurves::envelope() const {
  std::vector<std::string> run;
  const tables::Measurements data = flat(run);
  const std::vector<double> compute = data.columns.get("compute");
  std::vector<EnvelopePoint> points;
  for (const std::size_t row : fitting::envelope_rows(compute, data.output))
    points.push_back({compute[row], data.output[row], run[row]});
  return points;
}

StudyCurves study_curves(const std::vector<store::RunRecord>& records, const std::string& source,
                         const sweep::Accounting& accounting) {
  StudyCurves study;
  study.accounting = accounting;
  const bool known = verbs::knows_excess_risk(records);
  study.quantity = known ? Quantity::excess_risk : Quantity::test_loss;
  tables::ReadOptions read;
  read.loss = known ? "excess_risk" : "test_loss";
  read.every_stream = true;
  if (!accounting.is_flop()) read.col["compute"] = "charged_compute";
  std::map<std::string, const store::RunRecord*> by_name;
  const tables::Rows rows = tables::rows_from(verbs::table_of(records, source, false, accounting), read);
  for (const auto& record : records) by_name[fmt::to_string(record.index)] = &record;
  for (const tables::Curve& curve : tables::curves_from(rows)) {
    const store::RunRecord& record = *by_name.at(curve.name);
    if (record.status != store::Status::kFinished) continue;
    const base::Value configuration = base::parse_json(record.configuration, source);
    RunCurve run;
    run.run = curve.name;
    run.seed = configuration.at("seed").integer();
    run.n_data = configuration.at("data").at("n_data").integer();
    study.nats = study.nats || configuration.at("model").at("readout").text() == "tokens";
    for (std::size_t i = 0; i < curve.loss.size(); ++i) {
      if (curve.compute[i] == 0) continue;  // before the first step there is no compute
      if (!(curve.compute[i] > 0) || !(curve.loss[i] > 0) || !std::isfinite(curve.loss[i])) {
        ++study.unusable;
        continue;
      }
      run.compute.push_back(curve.compute[i]);
      run.value.push_back(curve.loss[i]);
    }
    if (!run.compute.empty()) study.runs.push_back(std::move(run));
  }
  study.diverged = std::count_if(records.begin(), records.end(), [](const store::RunRecord& record) {
    return record.status != store::Status::kFinished;
  });
  if (study.runs.empty())
    throw base::InputError(
        {source},
        fmt::format("expected at least one finished run with a positive loss; found {} runs, {} of them not finished",
                    records.size(), study.diverged));
  return study;
}

}  // namespace phaselaw::reproduce
