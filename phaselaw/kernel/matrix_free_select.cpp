// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "phaselaw/base/errors.h"
#include "phaselaw/kernel/matrix_free.h"

namespace phaselaw::kernel {

std::vector<bool> select_all(const model::ParameterTable& table) {
  return std::vector<bool>(table.blocks().size(), true);
}

std::vector<bool> select_layer(const model::ParameterTable& table, std::int64_t layer) {
  std::vector<bool> blocks;
  for (const auto& block : table.blocks()) blocks.push_back(block.layer == layer);
  PHASELAW_CHECK(std::find(blocks.begin(), blocks.end(), true) != blocks.end());
  return blocks;
}

std::vector<bool> select_block(const model::ParameterTable& table, std::string_view name, std::int64_t layer) {
  std::vector<bool> blocks;
  std::vector<std::string> known;
  for (const auto& block : table.blocks()) {
    std::string short_name = block.name;
    if (block.layer >= 0) short_name.erase(0, fmt::format("layers.{}.", block.layer).size());
    if (block.kind == model::BlockKind::position) short_name = "embed";
    if (std::find(known.begin(), known.end(), short_name) == known.end()) known.push_back(short_name);
    blocks.push_back(short_name == name && (layer < 0 || block.layer == layer));
  }
  if (std::find(blocks.begin(), blocks.end(), true) == blocks.end())
    throw base::InputError(base::unknown_name("parameter block", name, known));
  return blocks;
}

}  // namespace phaselaw::kernel
