// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/row_groups.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_map>

#include <fmt/ranges.h>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/number.h"
#include "phaselaw/fitting/bootstrap.h"

namespace phaselaw::fitting {

namespace {

constexpr double kSameValue = 1e-6;  // relative difference within which two inputs are the same

std::vector<double> column_or_none(const tables::Columns& columns, std::string_view name) {
  try {
    return columns.get(name);
  } catch (const base::InputError&) {
    return {};
  }
}

bool are_runs_known(std::span<const std::string> run) {
  return !run.empty() && std::none_of(run.begin(), run.end(), [](const std::string& name) { return name.empty(); });
}

// Whether at least two groups have several rows with different progress.
void add_shares(const std::vector<double>& progress, RunShares& out) {
  std::vector<double> share(progress.size(), 1.0);
  for (const std::vector<std::size_t>& group : out.groups) {
    double lowest = base::kInfinity, highest = 0;
    for (const std::size_t row : group) {
      lowest = std::min(lowest, progress[row]);
      highest = std::max(highest, progress[row]);
    }
    if (!(lowest >= 0) || !(highest > lowest * (1 + kSameValue))) continue;
    ++out.n_several;
    out.rows += group.size();
    for (const std::size_t row : group) share[row] = progress[row] / highest;
  }
  if (out.n_several >= 2) out.share = std::move(share);
}

// Numbers that are the same up to kSameValue get the same integer.
std::vector<std::size_t> ranks_of(const std::vector<double>& column) {
  std::vector<std::size_t> order(column.size()), rank(column.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return column[a] < column[b]; });
  std::size_t current = 0;
  double first = 0;
  for (std::size_t k = 0; k < order.size(); ++k) {
    const double value = column[order[k]];
    if (k == 0) first = value;
    if (std::abs(value - first) > kSameValue * std::abs(first)) {
      ++current;
      first = value;
    }
    rank[order[k]] = current;
  }
  return rank;
}

bool is_text_column(const tables::Table& table, std::size_t column) {
  bool any = false;
  for (std::size_t row = 0; row < table.n_rows(); ++row) {
    const base::NumberKind kind = base::parse_count(table.text(row, column)).kind;
    if (kind != base::NumberKind::missing && kind != base::NumberKind::not_a_number) return false;
    any = any || kind == base::NumberKind::not_a_number;
  }
  return any;
}

// Inputs (groups of rows) that occur with several texts of a column.
std::size_t repeated_inputs(const tables::Table& table, std::size_t column, const RowGroups& inputs) {
  return static_cast<std::size_t>(std::count_if(inputs.begin(), inputs.end(), [&](const auto& group) {
    return std::any_of(group.begin(), group.end(),
                       [&](std::size_t row) { return !table.same(row, group.front(), column); });
  }));
}

std::vector<std::vector<double>> law_columns(const laws::Law& law, const tables::Columns& columns) {
  std::vector<std::vector<double>> out;
  for (const std::string& name : law.columns()) out.push_back(columns.get(name));
  return out;
}

}  // namespace

RowGroups groups_by_value(const std::vector<std::vector<double>>& columns) {
  if (columns.empty()) return {};
  const std::size_t n = columns.front().size();
  std::vector<std::size_t> key(n, 0);  // below n, in the order of first rows
  for (const std::vector<double>& column : columns) {
    const std::vector<std::size_t> rank = ranks_of(column);
    std::unordered_map<std::size_t, std::size_t> seen;
    seen.reserve(n);
    for (std::size_t i = 0; i < n; ++i) key[i] = seen.try_emplace(key[i] * n + rank[i], seen.size()).first->second;
  }
  RowGroups groups;
  for (std::size_t i = 0; i < n; ++i) {
    if (key[i] == groups.size()) groups.emplace_back();
    groups[key[i]].push_back(i);
  }
  return groups;
}

RunShares run_shares(const tables::Measurements& data, std::span<const std::string> run) {
  RunShares out;
  out.by_run = are_runs_known(run);
  if (out.by_run) {
    out.groups = groups_of(run.size(), {run.begin(), run.end()});
  } else if (const std::vector<double> size = column_or_none(data.columns, "n_params"); !size.empty()) {
    out.groups = groups_by_value({size});
  }
  if (out.groups.size() == data.output.size()) return out;
  for (const char* name : {"tokens", "step", "compute"}) {
    const std::vector<double> progress = column_or_none(data.columns, name);
    if (progress.empty()) continue;
    out.n_several = out.rows = 0;
    add_shares(progress, out);
    if (out.share.empty()) continue;
    out.progress = name;
    break;
  }
  return out;
}

Replicates replicates(const laws::Law& law, const tables::Measurements& data, std::span<const std::string> label) {
  Replicates out;
  const RowGroups groups = groups_by_value(law_columns(law, data.columns));
  double squares = 0;
  for (const std::vector<std::size_t>& group : groups) {
    if (group.size() < 2) continue;
    std::vector<std::string> labels;
    for (const std::size_t row : group) labels.push_back(label.empty() ? std::string() : label[row]);
    for (const std::vector<std::size_t>& equal : groups_of(labels.size(), labels)) {
      if (equal.size() < 2) continue;
      const auto count = static_cast<double>(equal.size());
      double mean = 0;
      for (const std::size_t i : equal) mean += std::log(data.output[group[i]]) / count;
      for (const std::size_t i : equal) squares += std::pow(std::log(data.output[group[i]]) - mean, 2);
      ++out.configurations;
      out.rows += equal.size();
      out.dof += count - 1;
    }
  }
  out.seed_sd = out.dof > 0 ? std::sqrt(squares / out.dof) : base::kNaN;
  return out;
}

std::string PooledGroups::sentence() const {
  return fmt::format(
      "{} has {} values ({}), and {} inputs of the law occur with several of them, so one law is fitted to different "
      "things; fit each alone with --by {}, or one with --where {}={}",
      column, values.size(), fmt::join(values, ", "), repeated, column, column, values.front());
}

std::vector<PooledGroups> pooled_groups(const laws::Law& law, const tables::Rows& rows) {
  std::vector<PooledGroups> out;
  const RowGroups inputs = groups_by_value(law_columns(law, rows.data.columns));
  if (inputs.size() < 2) return out;
  for (std::size_t column = 0; column < rows.table.header.size(); ++column) {
    const std::string& name = rows.table.header[column];
    const std::string plain = tables::plain_name(name);
    if (name == rows.run_column || name == rows.output_column || plain.find("seed") != std::string::npos ||
        plain.find("replica") != std::string::npos || plain.find("date") != std::string::npos)
      continue;
    if (!is_text_column(rows.table, column)) continue;
    PooledGroups pooled{name, {}, 0};
    std::set<std::string> seen;
    for (std::size_t row = 0; row < rows.table.n_rows(); ++row)
      if (seen.insert(rows.table.text(row, column)).second) {
        pooled.values.push_back(rows.table.text(row, column));
        if (pooled.values.size() > kMostPooledValues) break;
      }
    if (pooled.values.size() < 2 || pooled.values.size() > kMostPooledValues) continue;
    pooled.repeated = repeated_inputs(rows.table, column, inputs);
    // A few repeated inputs may be chance; methods that were compared share most of them.
    if (pooled.repeated >= 2 && 2 * pooled.repeated >= inputs.size()) out.push_back(std::move(pooled));
  }
  return out;
}

std::vector<std::string> pooled_labels(const tables::Rows& rows, const std::vector<PooledGroups>& pooled) {
  std::vector<std::string> label;
  if (pooled.empty()) return label;
  label.resize(rows.n_rows());
  for (const PooledGroups& groups : pooled) {
    const std::size_t column = rows.table.column(groups.column);
    for (std::size_t i = 0; i < label.size(); ++i) label[i] += rows.table.text(i, column) + '\n';
  }
  return label;
}

}  // namespace phaselaw::fitting
