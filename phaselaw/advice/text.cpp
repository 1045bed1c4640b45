// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/text.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"

namespace phaselaw::advice {

base::EnumNames<Harm> enum_names(Harm) {
  static constexpr std::pair<std::string_view, Harm> kNames[] = {{"wrong", Harm::wrong},
                                                                 {"undetermined", Harm::undetermined},
                                                                 {"extrapolated", Harm::extrapolated},
                                                                 {"remark", Harm::remark}};
  return kNames;
}

std::string with_interval(const fitting::Estimate& e, base::Notation notation) {
  if (std::isinf(e.value)) return e.value > 0 ? "no limit" : "none";
  constexpr double kExact = 1e-6;  // an interval of zero width: the number does not depend on the data
  const bool exact = e.fixed || (e.lo && e.hi && *e.hi - *e.lo <= kExact * std::abs(e.value));
  if (exact || (!e.lo && !e.hi)) return base::format_number(e.value, 4, notation);
  return base::format_value(e.value, e.lo.value_or(base::kNaN), e.hi.value_or(base::kNaN), notation);
}

std::vector<Limit> by_harm(std::vector<Limit> limits) {
  std::stable_sort(limits.begin(), limits.end(), [](const Limit& a, const Limit& b) { return a.harm < b.harm; });
  std::vector<Limit> out;
  for (Limit& limit : limits)
    if (std::none_of(out.begin(), out.end(), [&](const Limit& seen) { return seen.text == limit.text; }))
      out.push_back(std::move(limit));
  return out;
}

std::vector<std::string> limit_sentences(const std::vector<Limit>& limits) {
  std::vector<std::string> out;
  for (Limit& limit : by_harm(limits)) out.push_back(std::move(limit.text));
  return out;
}

std::string limits_text(std::string_view title, const std::vector<Limit>& limits, bool verbose) {
  const std::vector<std::string> sentences = limit_sentences(limits);
  if (sentences.empty()) return {};
  const std::size_t shown = verbose ? sentences.size() : std::min(sentences.size(), kShownLimits);
  std::string text = fmt::format("{}:\n", title);
  for (std::size_t i = 0; i < shown; ++i) text += fmt::format("- {}\n", base::one_line(sentences[i]));
  if (shown < sentences.size()) text += fmt::format("and {} more: --verbose\n", sentences.size() - shown);
  return text;
}

report::Table table_of(std::vector<std::vector<std::string>> rows, std::string caption) {
  report::Table table;
  table.caption = std::move(caption);
  table.columns = rows.front();
  rows.erase(rows.begin());
  table.rows = std::move(rows);
  return table;
}

std::vector<std::vector<std::string>> text_rows(const report::Table& table) {
  std::vector<std::vector<std::string>> rows = {table.columns};
  rows.insert(rows.end(), table.rows.begin(), table.rows.end());
  return rows;
}

}  // namespace phaselaw::advice
