// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "phaselaw/base/value.h"

// A tree of tables as a list of its leaves with dotted names: {"data": {"n_data": 64}} -> {"data.n_data", 64}.
// A list is a leaf. In the order of the document; cost linear in its size.
namespace phaselaw::store {

using Leaves = std::vector<std::pair<std::string, base::Value>>;

[[nodiscard]] Leaves flatten(const base::Value& value, const std::string& prefix = "");
[[nodiscard]] const base::Value* find_leaf(const Leaves& leaves, const std::string& name);  // null if absent

// "data.n_data is [32,64] in the file and [32,128] here", or empty if both documents have the same settings.
[[nodiscard]] std::string first_difference(const base::Value& stored, const base::Value& asked);

}  // namespace phaselaw::store
