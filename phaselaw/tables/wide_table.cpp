// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/table_formats.h"

#include <algorithm>

#include "phaselaw/base/number.h"

namespace phaselaw::tables {

namespace {

struct WideColumn {
  std::size_t at = 0;
  std::string run, metric;
};

std::size_t position_of(std::vector<std::string>& names, const std::string& name) {
  const auto at = std::find(names.begin(), names.end(), name);
  if (at != names.end()) return static_cast<std::size_t>(at - names.begin());
  names.push_back(name);
  return names.size() - 1;
}

}  // namespace

Table long_table(Table table) {
  std::vector<WideColumn> wide;
  std::vector<std::size_t> plain;
  std::size_t seen = 0;
  for (std::size_t c = 0; c < table.header.size(); ++c) {
    const std::string& name = table.header[c];
    const std::size_t dash = name.rfind(" - ");
    if (dash == std::string::npos || dash == 0 || dash + 3 == name.size()) {
      plain.push_back(c);
      continue;
    }
    ++seen;
    const std::string metric = name.substr(dash + 3);
    if (!metric.ends_with("__MIN") && !metric.ends_with("__MAX") && !metric.starts_with("_"))
      wide.push_back({c, name.substr(0, dash), metric});
  }
  if (seen == 0 || wide.empty() || plain.size() > 2) return table;

  std::vector<std::string> runs, metrics;
  for (const WideColumn& column : wide) {
    position_of(runs, column.run);
    position_of(metrics, column.metric);
  }
  Table out;
  out.source = table.source;
  for (const std::size_t c : plain) out.header.push_back(table.header[c]);
  out.header.emplace_back("run");
  out.header.insert(out.header.end(), metrics.begin(), metrics.end());
  for (const auto& row : table.rows)
    for (const std::string& run : runs) {
      std::vector<Table::Field> fields;
      for (const std::size_t c : plain) fields.push_back(row[c]);
      fields.push_back({run, row.front().line, 0});
      const std::size_t first = fields.size();
      fields.resize(first + metrics.size(), {"", row.front().line, 0});
      bool any = false;
      for (const WideColumn& column : wide)
        if (column.run == run) {
          any = any || base::parse_number(row[column.at].text).kind != base::NumberKind::missing;
          fields[first + position_of(metrics, column.metric)] = row[column.at];
        }
      if (any) out.rows.push_back(std::move(fields));
    }
  return out;
}

}  // namespace phaselaw::tables
