// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/reading.h"

#include <algorithm>

#include "phaselaw/base/errors.h"

namespace phaselaw::documents {

void Skipped::add(long line, std::string_view text) {
  constexpr std::size_t kExample = 60;
  if (count++ == 0) example = std::string(text.substr(0, kExample)) + (text.size() > kExample ? "..." : "");
  if (lines.size() < kShown) lines.push_back(line);
}

std::size_t chosen_table(const std::vector<FoundTable>& found, const Document& document,
                         const DocumentOptions& options) {
  PHASELAW_CHECK(!found.empty());
  constexpr std::size_t kListed = 8, kHeadings = 5;
  std::vector<std::string> names, listed;
  for (const FoundTable& table : found) {
    names.push_back(table.name);
    if (listed.size() == kListed) continue;
    const std::size_t shown = std::min(kHeadings, table.header.size());
    listed.push_back(fmt::format("{} (line {}, {} row{}: {}{})", table.name, table.line, table.rows,
                                 table.rows == 1 ? "" : "s",
                                 fmt::join(table.header.begin(), table.header.begin() + static_cast<long>(shown), ", "),
                                 shown < table.header.size() ? ", ..." : ""));
  }
  if (!options.table.empty()) {
    const auto at = std::find(names.begin(), names.end(), options.table);
    if (at == names.end()) throw base::InputError({"--table"}, base::unknown_name("table", options.table, names));
    return static_cast<std::size_t>(at - names.begin());
  }
  if (found.size() == 1) return 0;
  throw base::InputError({document.source},
                         fmt::format("the document holds {} tables: {}{}; choose one with --table {}", found.size(),
                                     fmt::join(listed, "; "), found.size() > kListed ? "; ..." : "", names.front()));
}

}  // namespace phaselaw::documents
