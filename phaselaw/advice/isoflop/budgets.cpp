// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/isoflop/budgets.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {

Sizes sizes_of(const tables::Measurements& data) {
  return {data.columns.get("n_params"), data.columns.get("tokens"), data.columns.get("compute"), data.output};
}

tables::Measurements with_tokens(tables::Measurements data, std::vector<std::string>& notes) {
  tables::Columns& columns = data.columns;
  if (columns.has("tokens") || columns.has("tokens_per_param")) return data;
  const std::vector<double> n = columns.get("n_params");
  if (!columns.has("compute"))
    throw base::InputError(
        {"--col"},
        "the table has neither compute nor tokens; sizes of equal compute need one of them: name it with --col "
        "compute=COLUMN or --col tokens=COLUMN");
  const std::vector<double> c = columns.get("compute");
  std::vector<double> tokens;
  for (std::size_t i = 0; i < n.size(); ++i) tokens.push_back(c[i] / (6 * n[i]));
  columns.add("tokens", std::move(tokens));
  notes.emplace_back("the table has no tokens; tokens = compute/(6 n_params) is assumed");
  return data;
}

FlopCount flop_count_of(const Sizes& sizes, std::vector<std::string>& notes) {
  std::vector<double> ratio;
  for (std::size_t i = 0; i < sizes.loss.size(); ++i) {
    for (const auto& [name, column] : {std::pair{"n_params", &sizes.n_params}, std::pair{"tokens", &sizes.tokens},
                                       std::pair{"compute", &sizes.compute}})
      if (!((*column)[i] > 0) || std::isinf((*column)[i]))
        throw base::InputError(
            fmt::format("row {}: expected {} to be a finite number > 0, found {}", i + 1, name, (*column)[i]));
    ratio.push_back(sizes.compute[i] / (sizes.n_params[i] * sizes.tokens[i]));
  }
  const auto [least, most] = std::minmax_element(ratio.begin(), ratio.end());
  FlopCount count;
  count.per_param = numerics::median(ratio);
  count.spread = (*most - *least) / count.per_param;
  if (std::abs(count.per_param - 6) > 0.12)
    notes.push_back(
        fmt::format("compute/(n_params tokens) is {}, not 6: the table does not count FLOP or parameters as 6ND does",
                    base::format_number(count.per_param, 4)));
  if (count.spread > 0.02)
    notes.push_back(fmt::format(
        "compute/(n_params tokens) varies by {} over the rows; the optimum of the fitted law uses the median, {}",
        base::format_percent(count.spread, 3), base::format_number(count.per_param, 4)));
  return count;
}

std::vector<IsoflopBudget> budgets_of(std::span<const double> compute, std::span<const double> n_params,
                                      double tolerance) {
  std::vector<std::size_t> order(compute.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return compute[a] < compute[b]; });
  std::vector<IsoflopBudget> budgets;
  double first = 0;
  for (const std::size_t i : order) {
    if (budgets.empty() || compute[i] > first * (1 + tolerance)) {
      budgets.emplace_back();
      first = compute[i];
    }
    budgets.back().rows.push_back(i);
  }
  for (IsoflopBudget& budget : budgets) {
    double log_sum = 0;
    for (const std::size_t i : budget.rows) log_sum += std::log(compute[i]);
    budget.compute = std::exp(log_sum / static_cast<double>(budget.rows.size()));
    std::stable_sort(budget.rows.begin(), budget.rows.end(),
                     [&](std::size_t a, std::size_t b) { return n_params[a] < n_params[b]; });
  }
  return budgets;
}

Bowl bowl_of(const Sizes& sizes, const IsoflopBudget& budget) {
  return bowl_of(sizes.n_params, sizes.tokens, sizes.loss, budget.rows);
}

std::vector<IsoflopBudget> usable_budgets(const Sizes& sizes, double tolerance, std::vector<std::string>& notes) {
  std::size_t lone = 0;
  std::vector<IsoflopBudget> usable;
  for (IsoflopBudget& budget : budgets_of(sizes.compute, sizes.n_params, tolerance)) {
    if (bowl_of(sizes, budget).x.size() >= kLeastSizes)
      usable.push_back(std::move(budget));
    else
      lone += budget.rows.size();
  }
  if (usable.empty())
    throw base::InputError(
        {"--tolerance"},
        fmt::format(
            "no budget has four sizes: none of the {} rows has three others of different n_params within {} % of "
            "its compute; raise --tolerance, fit a law with phaselaw fit, or use --optima if each row is the "
            "optimum of a budget",
            sizes.loss.size(), 100 * tolerance));
  if (lone > 0)
    notes.push_back(fmt::format(
        "{} rows belong to no budget with four sizes; only the parametric method and the envelope use them", lone));
  return usable;
}

}  // namespace phaselaw::advice
