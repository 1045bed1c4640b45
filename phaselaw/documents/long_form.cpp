// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/long_form.h"

#include "phaselaw/documents/run_exports.h"
#include "phaselaw/documents/runs_table.h"
#include "phaselaw/documents/wide_matrix.h"

namespace phaselaw::documents {

bool to_long_form(Reading& reading) {
  expand_object_cells(reading);
  const bool changed = melt_run_exports(reading) || melt_wide_matrix(reading);
  if (!changed) note_unfinished_runs(reading);
  return changed;
}

}  // namespace phaselaw::documents
