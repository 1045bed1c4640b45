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
  Table out(table.source());
  for (const std::size_t c : plain) out.add_column(table.header[c]);
  out.add_column("run");
  for (const std::string& metric : metrics) out.add_column(metric);
  for (std::size_t row = 0; row < table.n_rows(); ++row)
    for (const std::string& run : runs) {
      const bool any = std::any_of(wide.begin(), wide.end(), [&](const WideColumn& column) {
        return column.run == run && table.number(row, column.at).kind != base::NumberKind::missing;
      });
      if (!any) continue;
      const std::size_t at = out.add_row(table.line(row));
      for (std::size_t i = 0; i < plain.size(); ++i) out.set(at, i, table.text(row, plain[i]));
      out.set(at, plain.size(), run);
      for (const WideColumn& column : wide)
        if (column.run == run)
          out.set(at, plain.size() + 1 + position_of(metrics, column.metric), table.text(row, column.at));
    }
  return out;
}

}  // namespace phaselaw::tables
