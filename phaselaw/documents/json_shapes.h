// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "phaselaw/documents/json_lists.h"
#include "phaselaw/documents/json_values.h"
#include "phaselaw/documents/reading.h"

// Documents that are one object of a known form: the orients of pandas, the scalars of TensorBoard by their tags, and
// objects in which the keys name the records.
namespace phaselaw::documents {

// {"columns": [...], "index": [...], "data": [[...], ...]}, {"loss": {"0": 3, "1": 2}, ...} and
// {"train/loss": [[wall_time, step, value], ...], ...}. False if the object has none of these forms.
[[nodiscard]] bool read_known_json_object(const JsonTree& tree, JsonTree::Node object, const Document& document,
                                          JsonLines& lines, Reading& reading);

// {"run-a": {"n_params": 1e6, "loss": 3}, "run-b": ...} and {"run-a": [{"step": 1, "loss": 3}, ...], "run-b": ...}:
// records with mostly the same keys and a measured value, and nothing beside them.
[[nodiscard]] std::optional<JsonLevel> json_records_by_key(const JsonTree& tree, JsonTree::Node object);

}  // namespace phaselaw::documents
