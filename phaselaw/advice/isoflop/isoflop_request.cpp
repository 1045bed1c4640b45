// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/isoflop/isoflop_request.h"

#include "phaselaw/base/log.h"

namespace phaselaw::advice {

IsoflopAnswer isoflop(const IsoflopRequest& request, tables::Table table) {
  request.options.validate();
  const tables::Rows rows = tables::rows_from(std::move(table), request.read);
  for (const auto& note : rows.notes) base::log_info(note);
  for (const auto& warning : rows.warnings) base::log_warning(warning);
  IsoflopAnswer answer;
  answer.result =
      isoflop(rows.data, rows.n_runs() > 1 ? rows.run : std::vector<std::string>{}, request.options);
  for (const auto& note : answer.result.notes) base::log_warning(note);
  answer.json = to_value(answer.result);
  return answer;
}

}  // namespace phaselaw::advice
