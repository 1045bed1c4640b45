// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "phaselaw/documents/reading.h"

// Events of several series, in a row each, as rows with one column for each series.
namespace phaselaw::documents {

struct JsonEventColumns {
  std::string series, value, step, time;  // headings; time may be empty
};

// Events with the same step, and the same cells in all other columns, become one row. Rows are in the order of their
// steps; if the steps of a series fall, as after a restart, in the order of time, or of the document if no time is
// known. False, and nothing changes, if a step is no number. Cost: sorts the events.
[[nodiscard]] bool join_json_events(Reading& reading, const Document& document, const JsonEventColumns& columns);

}  // namespace phaselaw::documents
