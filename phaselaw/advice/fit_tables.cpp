// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/fit_tables.h"

#include <cmath>

#include "phaselaw/report/format.h"

namespace phaselaw::advice {

namespace {

std::string value_of(const laws::Estimate& e, bool has_interval) {
  if (e.fixed) return report::format_number(e.value, 6) + " (fixed)";
  if (e.lo && e.hi) return report::format_value(e.value, *e.lo, *e.hi);
  const std::string value = report::format_number(e.value, 4);
  if (!has_interval) return value;
  if (e.lo) return fmt::format("{} [{}, no upper end]", value, report::format_number(*e.lo));
  if (e.hi) return fmt::format("{} [no lower end, {}]", value, report::format_number(*e.hi));
  return value + " [not determined]";
}

std::string meaning_of(const laws::Law* law, const std::string& name) {
  if (law != nullptr)
    for (const laws::Parameter& parameter : law->parameters)
      if (parameter.name == name)
        return parameter.unit.empty() ? parameter.meaning : fmt::format("{} ({})", parameter.meaning, parameter.unit);
  return "";
}

double mean_error(const std::vector<laws::Holdout>& slices) {
  double total = 0;
  for (const laws::Holdout& slice : slices) total += slice.mean_abs_rel_error;
  return slices.empty() ? NAN : total / static_cast<double>(slices.size());
}

// Two laws that are the same curves in other letters differ by rounding alone.
std::string above_the_best(double criterion) {
  constexpr double kRounding = 1e-6;
  return report::format_number(criterion < kRounding ? 0 : criterion);
}

}  // namespace

report::Table table_of(std::vector<std::vector<std::string>> rows, std::string caption) {
  report::Table table;
  table.caption = std::move(caption);
  table.columns = rows.front();
  rows.erase(rows.begin());
  table.rows = std::move(rows);
  return table;
}

std::string percent(double share, int digits) {
  return std::isnan(share) ? report::format_number(share) : report::format_number(100 * share, digits) + " %";
}

report::Table parameter_table(const laws::Fit& fit, const laws::Law* law) {
  report::Table table;
  const bool has_interval = fit.method != laws::IntervalMethod::none;
  table.columns = {"quantity", has_interval ? fmt::format("value and {:g} % interval", 100 * fit.level) : "value",
                   "identified"};
  if (law != nullptr) table.columns.emplace_back("meaning");
  for (const auto* list : {&fit.parameters, &fit.derived})
    for (const laws::Estimate& e : *list) {
      std::vector<std::string> row = {e.name, value_of(e, has_interval), e.identified ? "yes" : "no"};
      if (law != nullptr) row.push_back(meaning_of(law, e.name));
      table.rows.push_back(std::move(row));
    }
  return table;
}

report::Table ranking_table(const laws::Ranking& ranking) {
  report::Table table;
  table.columns = {
      "law",      "parameters", "AICc above the best", "BIC above the best", "held-out error", "back-test error",
      "converged"};
  for (const laws::RankedLaw& ranked : ranking.laws)
    table.rows.push_back({ranked.fit.law, std::to_string(ranked.fit.theta.size()), above_the_best(ranked.delta_aicc),
                          above_the_best(ranked.delta_bic),
                          percent(ranked.holdout ? ranked.holdout->mean_abs_rel_error : NAN),
                          percent(mean_error(ranked.backtest)),
                          ranked.fit.convergence.certified ? "yes" : ranked.fit.convergence.status});
  return table;
}

}  // namespace phaselaw::advice
