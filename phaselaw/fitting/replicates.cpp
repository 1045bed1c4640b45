// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/fitting/replicates.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::fitting {

namespace {

constexpr std::size_t kGroupsForTrend = 5;

struct Group {
  std::vector<std::size_t> rows;
  std::vector<double> value;  // of each run: ln L or L, averaged over its rows
};

// Rows by equal inputs, in the order of their first row.
std::vector<std::vector<std::size_t>> equal_inputs(const tables::Columns& columns,
                                                   const std::vector<std::string>& names, std::size_t n) {
  std::vector<std::vector<double>> input;
  for (const std::string& name : names) input.push_back(columns.get(name));
  std::map<std::vector<double>, std::size_t> place;
  std::vector<std::vector<std::size_t>> groups;
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<double> key;
    for (const auto& column : input) key.push_back(column[i]);
    const auto [at, is_new] = place.emplace(std::move(key), groups.size());
    if (is_new) groups.emplace_back();
    groups[at->second].push_back(i);
  }
  return groups;
}

Group by_run(std::vector<std::size_t> rows, const std::vector<double>& output, std::span<const std::string> run,
             bool raw) {
  Group group{std::move(rows), {}};
  std::map<std::string, std::vector<double>> runs;
  std::size_t own = 0;
  for (const std::size_t row : group.rows)
    runs[run.empty() ? std::to_string(own++) : run[row]].push_back(raw ? output[row] : std::log(output[row]));
  for (const auto& [name, values] : runs) group.value.push_back(numerics::mean(values));
  return group;
}

double squares(const std::vector<double>& value) {
  const double middle = numerics::mean(value);
  double total = 0;
  for (const double x : value) total += (x - middle) * (x - middle);
  return total;
}

// Ranks from 1; equal values share their mean rank.
std::vector<double> ranks(const std::vector<double>& x) {
  std::vector<std::size_t> order(x.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return x[a] < x[b]; });
  std::vector<double> rank(x.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i;
    while (end < order.size() && x[order[end]] == x[order[i]]) ++end;
    for (std::size_t j = i; j < end; ++j) rank[order[j]] = 0.5 * static_cast<double>(i + end + 1);
    i = end;
  }
  return rank;
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const double mean_a = numerics::mean(a), mean_b = numerics::mean(b);
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean_a) * (b[i] - mean_b);
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

void add_trend(const std::vector<Group>& groups, Replicates& out) {
  if (groups.size() < kGroupsForTrend) return;
  std::vector<double> level, scatter;
  for (const Group& group : groups) {
    level.push_back(numerics::mean(group.value));
    scatter.push_back(squares(group.value) / static_cast<double>(group.value.size() - 1));
  }
  const double rho = correlation(ranks(level), ranks(scatter)), k = static_cast<double>(groups.size()) - 2;
  out.trend = rho;
  const double t = std::abs(rho) < 1 ? std::abs(rho) * std::sqrt(k / (1 - rho * rho)) : HUGE_VAL;
  out.trend_p = std::isinf(t) ? 0 : 2 * (1 - numerics::student_t_cdf(t, k));
}

}  // namespace

std::optional<Replicates> replicates(const tables::Measurements& data, const std::vector<std::string>& columns,
                                     std::span<const std::string> run, bool raw, double level) {
  const std::size_t n = data.output.size();
  PHASELAW_CHECK(run.empty() || run.size() == n);
  PHASELAW_CHECK(level > 0 && level < 1);
  Replicates out;
  std::vector<Group> groups;
  double total = 0;
  for (auto& rows : equal_inputs(data.columns, columns, n)) {
    if (rows.size() < 2) continue;
    Group group = by_run(std::move(rows), data.output, run, raw);
    if (group.value.size() < 2) continue;
    out.dof += static_cast<double>(group.value.size() - 1);
    out.n_rows += group.rows.size();
    total += squares(group.value);
    out.groups.push_back(group.rows);
    groups.push_back(std::move(group));
  }
  if (groups.empty()) return std::nullopt;
  out.level = level;
  out.sd = std::sqrt(total / out.dof);
  out.lo = std::sqrt(total / numerics::chi_squared_quantile(0.5 * (1 + level), out.dof));
  out.hi = std::sqrt(total / numerics::chi_squared_quantile(0.5 * (1 - level), out.dof));
  add_trend(groups, out);
  return out;
}

}  // namespace phaselaw::fitting
