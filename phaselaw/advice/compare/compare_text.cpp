// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/compare/compare_text.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/format.h"
#include "phaselaw/report/format.h"

// The tables of a comparison, for a terminal and for the page.
namespace phaselaw::advice {

namespace {

using base::format_number;
using CompareRows = std::vector<std::vector<std::string>>;

constexpr const char* kNoEntry = "–";
constexpr std::size_t kShownCandidates = 3;  // with their tables on a terminal

std::string estimate_or_none(const fitting::Estimate& e) {
  return std::isnan(e.value) && !e.lo && !e.hi ? kNoEntry : std::isnan(e.value) ? factor_text(e) : with_interval(e);
}

std::string remark_of(const ComparedPlace& p, const std::string& a, const std::string& b) {
  if (p.extrapolated) return "extrapolated";
  if (!p.baseline_measured) return a + " interpolated";
  if (!p.candidate_measured) return b + " interpolated";
  return p.beyond_baseline ? fmt::format("{} extrapolated", a) : "";
}

std::string seeds_of(const ComparedPlace& p) {
  return p.seeds ? fmt::format("{} + {}", p.seeds->n_baseline, p.seeds->n_candidate) : kNoEntry;
}

void drop_empty_column(CompareRows& rows, std::size_t column) {
  if (std::any_of(rows.begin() + 1, rows.end(),
                  [&](const auto& row) { return !row[column].empty() && row[column] != kNoEntry; }))
    return;
  for (auto& row : rows) row.erase(row.begin() + static_cast<std::ptrdiff_t>(column));
}

report::Table places_table(const ResourceComparison& c, const std::string& a, const std::string& b,
                           const std::string& noun) {
  CompareRows rows = {{c.unit.empty() ? c.resource : fmt::format("{} ({})", c.resource, c.unit), noun + " " + a,
                       noun + " " + b, "difference of means", "seeds", "factor", "seeds to decide", "remark"}};
  for (const ComparedPlace& p : c.places) {
    const bool means = p.seeds.has_value();
    const bool laws = p.has_laws;
    const bool known_noise = !p.extrapolated && (laws || (means && !std::isnan(p.seeds->p)));
    const std::optional<std::size_t> needed = p.more ? p.more : means ? p.seeds->seeds : std::nullopt;
    const std::string more = needed        ? base::format_count(*needed)
                             : known_noise ? "> " + base::format_count(kMostSeeds)
                                           : kNoEntry;
    rows.push_back({format_number(p.resource, 3, base::notation_of(c.unit)),
                    laws    ? with_interval(p.baseline_loss)
                    : means ? format_number(p.seeds->mean_baseline, 5)
                            : kNoEntry,
                    laws    ? with_interval(p.candidate_loss)
                    : means ? format_number(p.seeds->mean_candidate, 5)
                            : kNoEntry,
                    means ? with_interval(p.seeds->difference) : kNoEntry, seeds_of(p),
                    laws ? estimate_or_none(p.speedup) : kNoEntry, more, remark_of(p, a, b)});
  }
  drop_empty_column(rows, 7);
  drop_empty_column(rows, 5);
  return table_of(
      std::move(rows),
      c.fitted
          ? fmt::format(
                "Values of the {} by the fitted laws, and the factor s in {}: {} needs s times as much as {} for "
                "the same {}. Difference of means: {} minus {}, of the runs at this budget. Seeds to decide: "
                "of each recipe, for 80 % power.",
                noun, c.resource, a, b, noun, a, b)
          : fmt::format("Means of the {} at the measured budgets, and their difference, {} minus {}.", noun, a, b));
}

report::Table floors_table(const ResourceComparison& c) {
  const std::string lead = place_text(c.lead()->resource, c.resource, c.unit);
  const std::string far = place_text(c.places.back().resource, c.resource, c.unit);
  CompareRows rows = {{"floor", "allowed by the runs", "factor at " + lead, "factor at " + far,
                       "difference of exponents", "better?", "gain"}};
  for (const FloorRow& row : c.floors)
    rows.push_back({format_number(row.floor, 4),
                    row.plausible ? "yes" : fmt::format("no (p = {})", format_number(row.p, 1)),
                    estimate_or_none(row.speedup), estimate_or_none(row.far_speedup), estimate_or_none(row.difference),
                    std::string(base::enum_name(row.outcome)), std::string(base::enum_name(row.trend))});
  return table_of(std::move(rows), "The same at other floors, each taken as known and common to both recipes.");
}

report::Table exponents_table(const ResourceComparison& c, const std::string& a, const std::string& b,
                              const std::string& noun) {
  CompareRows rows = {{"quantity", a, b, "difference"}};
  rows.push_back({"exponent", estimate_or_none(c.baseline_exponent), estimate_or_none(c.candidate_exponent),
                  estimate_or_none(c.difference)});
  rows.push_back({"floor", estimate_or_none(c.baseline_floor), estimate_or_none(c.candidate_floor), kNoEntry});
  return table_of(
      std::move(rows),
      fmt::format("The laws {} = E + A {}^-alpha. The runs scatter by {} about them ({} degrees of freedom).", noun,
                  c.resource, base::format_percent(c.noise), format_number(c.dof)));
}

report::Table equal_loss_table(const CurvePair& c, const std::string& a, const std::string& b,
                               const std::string& noun) {
  CompareRows rows = {{noun, fmt::format("{} of {}", c.resource, a), fmt::format("{} of {}", c.resource, b), "factor"}};
  for (const EqualLoss& one : c.equal_loss)
    rows.push_back({format_number(one.loss, 4), format_number(one.baseline, 4, base::notation_of(c.unit)),
                    format_number(one.candidate, 4, base::notation_of(c.unit)), with_interval(one.speedup)});
  return table_of(std::move(rows), fmt::format("Equal {}: where the smoothed curves reach it ({} and {} runs).", noun,
                                               c.baseline.size(), c.candidate.size()));
}

report::Table equal_resource_table(const CurvePair& c, const std::string& a, const std::string& b,
                                   const std::string& noun) {
  CompareRows rows = {{c.resource, noun + " " + a, noun + " " + b, "relative difference (%)", "worth a factor of"}};
  for (const EqualResource& one : c.equal_resource) {
    fitting::Estimate percent = one.difference;
    percent.value *= 100;
    if (percent.lo) percent.lo = *percent.lo * 100;
    if (percent.hi) percent.hi = *percent.hi * 100;
    rows.push_back({format_number(one.resource, 4, base::notation_of(c.unit)), format_number(one.baseline, 5),
                    format_number(one.candidate, 5), with_interval(percent),
                    std::isnan(one.worth) ? kNoEntry : format_number(one.worth, 3)});
  }
  return table_of(
      std::move(rows),
      fmt::format("Equal {}: the smoothed losses, and what their difference is worth on the curve of {}, by its slope "
                  "there.",
                  c.resource, a));
}

report::Table candidates_table(const CompareAnswer& answer) {
  CompareRows rows = {{"recipe", "outcome", "factor", "p", "p by Holm"}};
  for (const RecipeComparison& one : answer.comparisons) {
    std::string factor = kNoEntry;
    if (one.curves_lead && one.curves->falls_late && !one.curves->equal_resource.empty())
      factor = fmt::format("about {}", format_number(one.curves->equal_resource.back().worth));
    else if (one.curves_lead && !one.curves->equal_loss.empty())
      factor = with_interval(one.curves->equal_loss.back().speedup);
    else if (!one.curves_lead && one.runs.front().lead() != nullptr)
      factor = estimate_or_none(one.runs.front().lead()->speedup);
    rows.push_back({one.name, std::string(base::enum_name(one.outcome)), factor,
                    std::isnan(one.p) ? kNoEntry : format_number(one.p, 2),
                    std::isnan(one.p_holm) ? kNoEntry : format_number(one.p_holm, 2)});
  }
  return table_of(std::move(rows),
                  fmt::format("Each recipe against {}. The outcomes are corrected for {} comparisons by Holm's "
                              "method; the intervals are not.",
                              answer.baseline, answer.comparisons.size()));
}

std::vector<report::Table> tables_of_one(const CompareAnswer& answer, const RecipeComparison& one) {
  std::vector<report::Table> out;
  const std::string &a = answer.baseline, &b = one.name;
  if (one.curves && !one.curves->equal_loss.empty()) out.push_back(equal_loss_table(*one.curves, a, b, answer.noun));
  if (one.curves && !one.curves->equal_resource.empty())
    out.push_back(equal_resource_table(*one.curves, a, b, answer.noun));
  for (const ResourceComparison& c : one.runs) {
    if (c.places.empty()) continue;
    out.push_back(places_table(c, a, b, answer.noun));
    if (!c.fitted) continue;
    out.push_back(exponents_table(c, a, b, answer.noun));
    if (!c.floors.empty()) out.push_back(floors_table(c));
  }
  return out;
}

}  // namespace

std::vector<report::Table> comparison_tables(const CompareAnswer& answer, const RecipeComparison& one) {
  return tables_of_one(answer, one);
}

std::vector<report::Table> compare_tables(const CompareAnswer& answer) {
  std::vector<report::Table> out;
  if (answer.comparisons.size() > 1) out.push_back(candidates_table(answer));
  for (const RecipeComparison& one : answer.comparisons)
    for (report::Table& table : tables_of_one(answer, one)) {
      if (answer.comparisons.size() > 1) table.caption = fmt::format("{}. {}", one.name, table.caption);
      out.push_back(std::move(table));
    }
  return out;
}

std::string compare_text(const CompareAnswer& answer, bool verbose) {
  std::string text;
  if (answer.comparisons.size() > 1) {
    const report::Table table = candidates_table(answer);
    text = comparison_answer(answer) + "\n\n";
    for (const RecipeComparison& one : answer.comparisons) text += one.sentence + "\n";
    text += "\n" + report::text_table(text_rows(table)) + table.caption + "\n";
  }
  if (answer.comparisons.size() > kShownCandidates && !verbose)
    return text + "\n--verbose, --json and --out show the comparisons with their limits and tables\n";
  for (const RecipeComparison& one : answer.comparisons) {
    if (answer.comparisons.size() > 1)
      text += fmt::format("\n{} against {}\n", one.name, answer.baseline);
    else
      text += one.sentence + "\n";
    if (!one.will_it_last.empty()) text += one.will_it_last + "\n";
    const std::string limits = limits_text("what limits this comparison", one.limits, verbose);
    if (!limits.empty()) text += "\n" + limits;
    for (const report::Table& table : tables_of_one(answer, one))
      text += "\n" + report::text_table(text_rows(table)) + table.caption + "\n";
  }
  return text;
}

}  // namespace phaselaw::advice
