// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/tables/group_rows.h"

#include <algorithm>
#include <unordered_map>

#include "phaselaw/base/errors.h"

namespace phaselaw::tables {

std::vector<GroupRows> groups_by(const Rows& rows, const std::string& by) {
  std::vector<std::string> labels;
  for (std::size_t from = 0; from <= by.size();) {
    const std::size_t plus = std::min(by.find('+', from), by.size());
    std::vector<std::string> texts = rows.texts(by.substr(from, plus - from));
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] += ", " + texts[i];
    if (labels.empty()) labels = std::move(texts);
    from = plus + 1;
  }
  std::vector<GroupRows> out;
  std::unordered_map<std::string, std::size_t> index;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto [at, is_new] = index.try_emplace(labels[i], out.size());
    if (is_new) out.push_back({base::one_line(labels[i]), {}});
    out[at->second].rows.push_back(i);
  }
  return out;
}

}  // namespace phaselaw::tables
