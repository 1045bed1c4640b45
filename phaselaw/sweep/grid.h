// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "phaselaw/base/value.h"
#include "phaselaw/sweep/ladder.h"

// The sections [grid] and [ladder] of a study, read but not yet applied.
namespace phaselaw::sweep {

struct GridAxis {
  std::string key;  // "section.key", or n_params, which the ladder turns into a shape
  std::vector<base::Value> values;
  // Keys that change together, "data.n_data, model.d_hidden" = [[8, 24], [16, 56]]: each value is a list with one value
  // for each of them. One key otherwise.
  std::vector<std::string> keys{};
};

struct Grid {
  std::vector<GridAxis> axes;  // sorted by key; the last varies fastest
  std::int64_t seeds = 1;
  LadderOptions ladder;
  base::Location where;

  [[nodiscard]] double combinations()
      const;  // without the seeds; a double, because a grid may be too large for an integer
  [[nodiscard]] std::vector<base::Value> values_at(double combination) const;  // one per axis
  [[nodiscard]] std::string in_words(double combination) const;  // "data.n_data = 32, model.d_hidden = 16"
  // The keys that the ladder sets from grid.n_params; none without a ladder.
  [[nodiscard]] std::set<std::string> set_by_ladder() const;
};

// A document without [grid] is a grid of one run. InputError, at its place, for a grid without keys, an empty list, a
// key that is not section.key, lists of another length than the keys of their axis, a key in two axes, n_params that are not numbers >= 1, a [ladder] without grid.n_params, or a grid key that
// the ladder sets itself.
[[nodiscard]] Grid grid_from(const base::Value& document);

}  // namespace phaselaw::sweep
