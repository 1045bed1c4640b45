// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/isoflop/experiments.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/tables/group_rows.h"

namespace phaselaw::advice {

namespace {

constexpr std::size_t kMostExperiments = 64, kMostColumns = 4;
constexpr double kLargestLabel = 1000;  // whole numbers above are quantities

// Squared relative residuals about a parabola, and their degrees of freedom.
struct Scatter {
  double squares = 0, dof = 0;
  void add(const Scatter& other) {
    squares += other.squares;
    dof += other.dof;
  }
  [[nodiscard]] double variance() const { return squares / dof; }
};

using Labels = std::vector<std::string>;  // of each row

// Of the rows about their parabola. Unset with fewer than four sizes.
std::optional<Scatter> about_parabola(const Sizes& sizes, const std::vector<std::size_t>& rows) {
  const Bowl bowl = bowl_of(sizes.n_params, sizes.tokens, sizes.loss, rows);
  if (bowl.x.size() < kLeastSizes) return std::nullopt;
  const auto parabola = fit_parabola(bowl.x, bowl.y, bowl.rows);
  if (!parabola) return std::nullopt;
  Scatter scatter{0, static_cast<double>(rows.size()) - 3};
  for (const std::size_t i : rows)
    scatter.squares += std::pow(sizes.loss[i] / parabola->at(std::log(sizes.n_params[i])) - 1, 2);
  return scatter;
}

// The rows of a budget within the window of its lowest one.
std::vector<std::size_t> windowed(const Sizes& sizes, const IsoflopBudget& budget, double window) {
  const auto lowest = *std::min_element(budget.rows.begin(), budget.rows.end(),
                                        [&](std::size_t a, std::size_t b) { return sizes.loss[a] < sizes.loss[b]; });
  std::vector<std::size_t> rows;
  for (const std::size_t i : budget.rows)
    if (std::abs(std::log(sizes.n_params[i] / sizes.n_params[lowest])) <= std::log(window) * (1 + 1e-12))
      rows.push_back(i);
  return rows;
}

// How much better the bowls of the groups follow the losses than those of all: ln of the variances' ratio, at budgets
// with two groups of four sizes. Unset if there is no such budget, or if the groups agree.
struct Division {
  double gain = 0;
  Scatter apart;
};
std::optional<Division> division(const Sizes& sizes, const std::vector<IsoflopBudget>& budgets, const Labels& labels,
                                 double window) {
  Scatter pooled, apart;
  for (const IsoflopBudget& budget : budgets) {
    std::map<std::string, std::vector<std::size_t>> groups;
    for (const std::size_t i : windowed(sizes, budget, window)) groups[labels[i]].push_back(i);
    std::vector<std::size_t> all;
    Scatter own;
    std::size_t bowls = 0;
    for (const auto& [label, rows] : groups)
      if (const auto scatter = about_parabola(sizes, rows)) {
        own.add(*scatter);
        all.insert(all.end(), rows.begin(), rows.end());
        ++bowls;
      }
    if (bowls < 2) continue;
    apart.add(own);
    pooled.add(about_parabola(sizes, all).value_or(Scatter{}));
  }
  const double more = pooled.dof - apart.dof;
  if (!(more > 0) || !(apart.dof > 0)) return std::nullopt;
  const double excess = (pooled.squares - apart.squares) / more;
  if (!(excess > apart.variance() * numerics::f_quantile(kExperimentLevel, more, apart.dof))) return std::nullopt;
  return Division{std::log(pooled.variance() / std::max(apart.variance(), 1e-300)), apart};
}

bool is_label(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool number = error == std::errc() && end == text.data() + text.size();
  return !number || (value == std::floor(value) && std::abs(value) <= kLargestLabel);
}

struct Candidate {
  std::string name;
  Labels labels;
};

// Columns of text or small whole numbers that are no sizes and no losses.
std::vector<Candidate> candidates_of(const tables::Rows& rows) {
  std::set<std::string> used;
  for (const auto& [name, column] : rows.column_of)
    if (name != "run") used.insert(column);
  used.insert(rows.output_column);
  std::vector<Candidate> candidates;
  for (std::size_t c = 0; c < rows.table.header.size(); ++c) {
    if (used.contains(rows.table.header[c])) continue;
    Candidate candidate{rows.table.header[c], {}};
    for (std::size_t row = 0; row < rows.table.n_rows(); ++row) candidate.labels.push_back(rows.table.text(row, c));
    const std::set<std::string> distinct(candidate.labels.begin(), candidate.labels.end());
    if (distinct.size() < 2 || distinct.size() > kMostExperiments) continue;
    if (std::all_of(distinct.begin(), distinct.end(), is_label)) candidates.push_back(std::move(candidate));
  }
  return candidates;
}

Labels joined(const Labels& a, const Labels& b) {
  if (a.empty()) return b;
  Labels out = a;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] += ", " + b[i];
  return out;
}

// Budgets of each experiment: those of the table, divided by label.
std::vector<IsoflopBudget> divided(const std::vector<IsoflopBudget>& budgets, const Labels& labels) {
  if (labels.empty()) return budgets;
  std::vector<IsoflopBudget> out;
  for (const IsoflopBudget& budget : budgets) {
    std::map<std::string, IsoflopBudget> own;
    for (const std::size_t i : budget.rows) own[labels[i]].rows.push_back(i);
    for (auto& [label, part] : own) {
      part.compute = budget.compute;
      out.push_back(std::move(part));
    }
  }
  return out;
}

// The columns that divide the rows best, one after another, until those left divide no experiment any more.
PooledExperiments dividing_columns(const tables::Rows& rows, const Sizes& sizes,
                                   const std::vector<IsoflopBudget>& budgets, double window) {
  std::vector<Candidate> candidates = candidates_of(rows);
  PooledExperiments found;
  Labels labels;
  for (std::size_t step = 0; step < kMostColumns; ++step) {
    const std::vector<IsoflopBudget> own = divided(budgets, labels);
    const Candidate* best = nullptr;
    double gain = 0;
    for (const Candidate& candidate : candidates)
      if (const auto one = division(sizes, own, candidate.labels, window); one && one->gain > gain) {
        best = &candidate;
        gain = one->gain;
      }
    if (best == nullptr) break;
    found.by += (found.by.empty() ? "" : "+") + best->name;
    labels = joined(labels, best->labels);
  }
  found.count = std::set<std::string>(labels.begin(), labels.end()).size();
  return found;
}

// Repeated rows that scatter more than their averages about the bowls: the standard deviations of both.
std::optional<std::pair<double, double>> conflict(const Sizes& sizes, const std::vector<IsoflopBudget>& budgets,
                                                  double window) {
  Scatter repeated, about;
  for (const IsoflopBudget& budget : budgets) {
    const std::vector<std::size_t> rows = windowed(sizes, budget, window);
    const auto all = about_parabola(sizes, rows);
    if (!all) continue;
    const Bowl bowl = bowl_of(sizes.n_params, sizes.tokens, sizes.loss, rows);
    const auto sizes_here = static_cast<double>(bowl.x.size());
    repeated.add({bowl.squares, static_cast<double>(rows.size()) - sizes_here});
    about.add({std::max(0.0, all->squares - bowl.squares), sizes_here - 3});
  }
  if (!(repeated.dof > 0) || !(about.dof > 0)) return std::nullopt;
  if (!(repeated.variance() > about.variance() * numerics::f_quantile(kExperimentLevel, repeated.dof, about.dof)))
    return std::nullopt;
  return std::pair{std::sqrt(repeated.variance()), std::sqrt(about.variance())};
}

}  // namespace

std::optional<PooledExperiments> pooled_experiments(const tables::Rows& rows, const Sizes& sizes,
                                                    const IsoflopOptions& options) {
  const std::vector<IsoflopBudget> budgets = budgets_of(sizes.compute, sizes.n_params, options.tolerance);
  PooledExperiments found = dividing_columns(rows, sizes, budgets, options.window);
  if (!found.by.empty()) {
    const std::vector<tables::GroupRows> parts = tables::groups_by(rows, found.by);
    found.message = fmt::format(
        "the table has {} experiments by column {} ({}, {}{}), with different losses at equal n_params and compute; one "
        "exponent for all would be wrong: fit each apart with --by {}, or choose one with --where",
        found.count, found.by, parts[0].name, parts[1].name, parts.size() > 2 ? ", ..." : "", found.by);
    return found;
  }
  if (const auto scatter = conflict(sizes, budgets, options.window)) {
    found.message = fmt::format(
        "rows of equal n_params and compute differ by {} (standard deviation), but their averages follow the bowls to {}: "
        "the table seems to pool several experiments, and no column tells them apart; add such a column and use --by",
        base::format_percent(scatter->first), base::format_percent(scatter->second));
    return found;
  }
  return std::nullopt;
}

}  // namespace phaselaw::advice
