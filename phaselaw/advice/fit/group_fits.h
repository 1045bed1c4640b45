// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phaselaw/advice/fit/fit_request.h"
#include "phaselaw/report/page.h"

// A law fitted to each group of rows alone: `phaselaw fit --by COLUMN`. A group that cannot be fitted has an error, and
// the others are fitted.
namespace phaselaw::advice {

struct GroupFit {
  std::string name;  // the value of the column
  std::optional<FitAnswer> answer;
  std::string error;  // without an answer: the reason
};

struct GroupFits {
  std::string by;
  std::vector<GroupFit> groups;  // in the order of their first row
  base::Value json;              // {by, groups: [{name, error, ...}]}, with the JSON of a fit for each group
};

// InputError if `by` is empty or unknown, and if no group can be fitted. Notes on the rows go to the log once.
[[nodiscard]] GroupFits fit_groups(const FitRequest& request, documents::Reading reading);

// One row for each group: rows, law, parameters with intervals, whether it converged.
[[nodiscard]] report::Table group_table(const GroupFits& fits);
// That table, then the text of each fit.
[[nodiscard]] std::string group_text(const GroupFits& fits, bool verbose = false);
// The table, and one section for each group. Cost: as fit_page for each group, up to kGroupsWithFigures.
inline constexpr std::size_t kGroupsWithFigures = 8;
[[nodiscard]] report::Page group_page(const GroupFits& fits);

}  // namespace phaselaw::advice
