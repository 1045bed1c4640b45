// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "phaselaw/base/fields.h"
#include "phaselaw/base/format.h"
#include "phaselaw/fitting/fit.h"
#include "phaselaw/report/page.h"

// Helpers for the texts and pages of all questions.
namespace phaselaw::advice {

// "160k [48k, 1.7M]", by base::format_value(). A value that is fixed or has no interval stands alone; an infinite one is
// "no limit" or "none".
[[nodiscard]] std::string with_interval(const fitting::Estimate& estimate,
                                        base::Notation notation = base::Notation::plain);

// What a limit does to an answer, the worst first.
enum class Harm {
  wrong,  // the answer can be wrong: no certified optimum, a law that misses its rows, rows that are no finished runs
  undetermined,  // the rows do not determine it: an open or very wide interval, quantities that cannot be told apart
  extrapolated,  // it lies outside what was measured
  remark,        // it holds, and the reader should know something about it
};
[[nodiscard]] base::EnumNames<Harm> enum_names(Harm);

// One limit of an answer, as full sentences that say what is the case, what follows and what to do; without a final stop.
struct Limit {
  Harm harm = Harm::remark;
  std::string text;
};

// The limits by harm, equal ones in their order, without repetitions.
[[nodiscard]] std::vector<Limit> by_harm(std::vector<Limit> limits);
// Their sentences, by harm: for JSON and pages, which show all.
[[nodiscard]] std::vector<std::string> limit_sentences(const std::vector<Limit>& limits);

// The block for a terminal, by harm: `title` ("what limits this plan") and one line for each limit. Only the first
// kShownLimits are shown unless `verbose`, and the last line then says how many more there are. Empty without limits.
inline constexpr std::size_t kShownLimits = 3;
[[nodiscard]] std::string limits_text(std::string_view title, const std::vector<Limit>& limits, bool verbose);

// Rows of text, the first of which names the columns, as a table of the page.
[[nodiscard]] report::Table table_of(std::vector<std::vector<std::string>> rows, std::string caption);
// And back, with the names of the columns first.
[[nodiscard]] std::vector<std::vector<std::string>> text_rows(const report::Table& table);

}  // namespace phaselaw::advice
