// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/documents/reading.h"

#include <algorithm>

#include "phaselaw/base/errors.h"

namespace phaselaw::documents {

void Skipped::add(long line, std::string_view text) {
  constexpr std::size_t kExample = 100;
  if (count++ == 0) example = std::string(text.substr(0, kExample)) + (text.size() > kExample ? "..." : "");
  if (line > 0 && lines.size() < kShown) lines.push_back(line);
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

void add_once(std::vector<std::string>& all, const std::vector<std::string>& more) {
  for (const std::string& text : more)
    if (std::find(all.begin(), all.end(), text) == all.end()) all.push_back(text);
}

Reading joined(std::vector<Reading> each) {
  for (std::size_t i = 1; i < each.size(); ++i) append(each.front(), std::move(each[i]));
  return std::move(each.front());
}

void append(Reading& all, Reading more) {
  all.table.append(more.table);
  if (all.shape != more.shape) all.shape = fmt::format("{} and {}", all.shape, more.shape);
  add_once(all.notes, more.notes);
  for (Skipped& skipped : more.skipped) {
    const auto same = std::find_if(all.skipped.begin(), all.skipped.end(),
                                   [&](const Skipped& other) { return other.reason == skipped.reason; });
    if (same == all.skipped.end())
      all.skipped.push_back(std::move(skipped));
    else
      same->count += skipped.count;
  }
}

std::string sentence(const Skipped& skipped) {
  std::string where;
  if (!skipped.lines.empty())
    where = fmt::format(
        " (line{} {}{})", skipped.lines.size() == 1 ? "" : "s", fmt::join(skipped.lines, ", "),
        skipped.count > skipped.lines.size() ? fmt::format(" and {} more", skipped.count - skipped.lines.size()) : "");
  return fmt::format("{}: {}{}{}", skipped.reason, skipped.count, where,
                     skipped.example.empty() ? "" : fmt::format(", such as '{}'", skipped.example));
}

}  // namespace phaselaw::documents
