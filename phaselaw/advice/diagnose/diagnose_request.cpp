// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/diagnose/diagnose_request.h"

#include "phaselaw/base/log.h"

namespace phaselaw::advice {

DiagnoseAnswer diagnose(const DiagnoseRequest& request, std::vector<tables::Table> tables) {
  request.options.validate();
  tables::ReadOptions read = request.read;
  read.every_stream = true;
  std::vector<tables::Curve> curves;
  for (tables::Table& table : tables) {
    const tables::Rows rows = tables::rows_from(std::move(table), read);
    for (const auto& warning : rows.warnings) base::log_warning(warning);
    for (auto& curve : tables::curves_from(rows)) curves.push_back(std::move(curve));
  }
  tables::keep_runs(curves, request.run);
  DiagnoseAnswer answer;
  answer.diagnoses = diagnose(curves, request.options);
  answer.json = to_value(answer.diagnoses);
  return answer;
}

}  // namespace phaselaw::advice
