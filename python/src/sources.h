// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <nanobind/nanobind.h>

#include "phaselaw/documents/reading.h"
#include "phaselaw/tables/rows.h"

// Tables as Python hands them over (python/phaselaw/_tables.py).
namespace phaselaw::python {

namespace nb = nanobind;

// `source`: a list of paths; or (name, frame) with a frame that has __arrow_c_stream__; or (name, dict of columns), each
// a float64 array, or a list of texts, numbers and None. `whole_runs`: see verbs/inputs.h.
[[nodiscard]] std::vector<documents::Reading> readings_of(nb::handle source, tables::ReadOptions& read,
                                                          bool whole_runs = false);
// All as one table.
[[nodiscard]] documents::Reading reading_of(nb::handle source, tables::ReadOptions& read, bool whole_runs = false);

}  // namespace phaselaw::python
