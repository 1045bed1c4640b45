// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/store/flatten.h"

namespace phaselaw::store {

Leaves flatten(const base::Value& value, const std::string& prefix) {
  if (!value.is_table()) return {{prefix, value}};
  Leaves leaves;
  for (const auto& [key, item] : value.entries())
    for (auto& leaf : flatten(item, prefix.empty() ? key : prefix + "." + key)) leaves.push_back(std::move(leaf));
  return leaves;
}

const base::Value* find_leaf(const Leaves& leaves, const std::string& name) {
  for (const auto& [key, value] : leaves)
    if (key == name) return &value;
  return nullptr;
}

}  // namespace phaselaw::store
