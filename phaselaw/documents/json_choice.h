// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "phaselaw/documents/json_lists.h"
#include "phaselaw/documents/json_values.h"
#include "phaselaw/documents/reading.h"

// Whether records are the rows of the table, or a list inside them is, and which.
namespace phaselaw::documents {

// The list that holds the rows; nothing if the records are the rows. The list that --table names comes first, then the
// only list that has a counter and a loss, then the only list. A list inside records that are rows themselves, with a
// counter and a loss, stays text. Lists that were not chosen are named in a note.
// InputError that names the lists if several would do.
[[nodiscard]] std::optional<JsonList> chosen_json_list(const JsonSurvey& survey, const JsonLevel& level,
                                                       const Document& document, const DocumentOptions& options,
                                                       JsonLines& lines, const JsonTree& tree, Reading& reading);

}  // namespace phaselaw::documents
