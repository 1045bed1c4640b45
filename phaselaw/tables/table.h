// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "phaselaw/documents/table.h"

// The tables of this layer are those of the documents.
namespace phaselaw::tables {

using documents::Table;

[[nodiscard]] Table parse_table(std::string_view text, const std::string& source);
[[nodiscard]] Table read_table(const std::string& path);

}  // namespace phaselaw::tables
