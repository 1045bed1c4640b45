// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/store/flatten.h"

#include <fmt/format.h>

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

std::string first_difference(const base::Value& stored, const base::Value& asked) {
  const Leaves there = flatten(stored), here = flatten(asked);
  const auto shown = [](const base::Value* value) { return value ? base::to_json(*value, -1) : "not given"; };
  for (const auto* side : {&there, &here})
    for (const auto& [name, unused] : *side) {
      const auto a = shown(find_leaf(there, name)), b = shown(find_leaf(here, name));
      if (a != b) return fmt::format("{} is {} in the file and {} here", name, a, b);
    }
  return "";
}

}  // namespace phaselaw::store
