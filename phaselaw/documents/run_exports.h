// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/documents/reading.h"

// Exports with columns side by side for each run, as charts of W&B and Neptune are saved:
//   Step, big - loss, big - loss__MIN, big - loss__MAX, small - loss, ...
//   step, ABC-12/train/loss, ABC-13/train/loss
// The long form has the axis, the column run, and one column for each metric. A run without a value at a step has no
// row there; such rows are counted.
//
// MIN and MAX are kept as the columns loss__MIN and loss__MAX where they differ from the value, as for groups of runs.
// A column _step of a run is its axis, where the axis of the export differs from it.
//
// The headings alone do not decide: the axis must be numbers, and all runs must have the same metrics unless the
// export has columns MIN, MAX or _step. "loss - train" beside "loss - val" is one metric each, and left as it is.
namespace phaselaw::documents {

bool melt_run_exports(Reading& reading);

}  // namespace phaselaw::documents
