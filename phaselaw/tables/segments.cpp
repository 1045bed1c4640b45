// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/segments.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace phaselaw::tables {

namespace {

constexpr std::size_t kFewFalls = 3;                                // always possible as restarts
constexpr std::size_t kRowsPerFall = 10;                            // more falls need as many rows each
constexpr std::size_t kShortestSegment = 2, kShortestRepeated = 3;  // rows on average

using Rows32 = std::span<const std::uint32_t>;

std::size_t falls_of(std::span<const double> counter, Rows32 rows) {
  std::size_t falls = 0;
  for (std::size_t i = 1; i < rows.size(); ++i) falls += counter[rows[i]] <= counter[rows[i - 1]] ? 1 : 0;
  return falls;
}

bool repeats_a_value(std::span<const double> counter, Rows32 rows) {
  std::vector<double> values;
  values.reserve(rows.size());
  for (const std::uint32_t row : rows) values.push_back(counter[row]);
  std::sort(values.begin(), values.end());
  return std::adjacent_find(values.begin(), values.end()) != values.end();
}

Segments::Crossed first_repeat(std::span<const double> counter, Rows32 rows) {
  std::unordered_map<double, std::size_t> seen;
  for (const std::uint32_t row : rows)
    if (const auto [at, is_new] = seen.emplace(counter[row], row); !is_new) return {at->second, row};
  return {};
}

// Follows the rows of one group; the rows in use have ascending counters.
void follow(std::span<const double> counter, Rows32 rows, Segments& out) {
  std::vector<std::uint32_t> used;
  std::uint32_t part = 0;
  for (const std::uint32_t row : rows) {
    const double value = counter[row];
    if (!used.empty() && value <= counter[used.back()]) {
      // The same value twice in a row is one record written twice.
      Restart restart{row, value < counter[used.back()] && value <= counter[used.front()], 0, 0, 0};
      if (restart.again) {
        ++part;
        ++out.n_again;
        used.clear();
      } else {
        restart.to = counter[used.back()];
        for (; !used.empty() && counter[used.back()] >= value; used.pop_back()) {
          out.superseded[used.back()] = true;
          restart.from = counter[used.back()];
          ++restart.n_superseded;
        }
      }
      out.restarts.push_back(restart);
    }
    out.part[row] = part;
    used.push_back(row);
  }
}

void judge_group(std::span<const double> counter, Rows32 rows, Segments& out) {
  const std::size_t falls = falls_of(counter, rows), n = rows.size();
  if (falls == 0) return;
  const bool repeated = repeats_a_value(counter, rows);
  const bool few = falls <= std::max(kFewFalls, n / kRowsPerFall) && n >= kShortestSegment * (falls + 1);
  if (few || (repeated && n >= kShortestRepeated * (falls + 1))) {
    out.n_falls += falls;
    follow(counter, rows, out);
  } else if (repeated) {
    out.n_falls += falls;
    if (!out.crossed) out.crossed = first_repeat(counter, rows);
  } else {
    out.unsorted.push_back(rows.front());
  }
}

}  // namespace

Segments segments_of(std::span<const double> counter, std::span<const std::uint32_t> group, std::size_t n_groups) {
  Segments out;
  out.part.resize(counter.size());
  out.superseded.resize(counter.size());
  // Rows by group, in the order of the file.
  std::vector<std::size_t> end(n_groups + 1, 0);
  for (std::size_t row = 0; row < counter.size(); ++row)
    if (!std::isnan(counter[row])) ++end[group[row] + 1];
  for (std::size_t g = 0; g < n_groups; ++g) end[g + 1] += end[g];
  std::vector<std::size_t> next(end.begin(), end.end() - 1);
  std::vector<std::uint32_t> rows(end.back());
  for (std::size_t row = 0; row < counter.size(); ++row)
    if (!std::isnan(counter[row])) rows[next[group[row]]++] = static_cast<std::uint32_t>(row);
  for (std::size_t g = 0; g < n_groups; ++g)
    judge_group(counter, std::span(rows).subspan(end[g], end[g + 1] - end[g]), out);
  // A row without a counter belongs to the part before it.
  std::vector<std::uint32_t> last(n_groups, 0);
  for (std::size_t row = 0; row < counter.size() && !out.restarts.empty(); ++row) {
    if (std::isnan(counter[row]))
      out.part[row] = last[group[row]];
    else
      last[group[row]] = out.part[row];
  }
  return out;
}

}  // namespace phaselaw::tables
