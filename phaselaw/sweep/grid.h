// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phaselaw/base/value.h"
#include "phaselaw/sweep/ladder.h"

// The sections [grid] and [ladder] of a study, read but not yet applied.
namespace phaselaw::sweep {

struct GridAxis {
  std::string key;  // "section.key", or n_params, which the ladder turns into a shape
  std::vector<base::Value> values;
};

struct Grid {
  std::vector<GridAxis> axes;  // by key; the last varies fastest
  std::int64_t seeds = 1;
  LadderOptions ladder;
  base::Location where;

  [[nodiscard]] double combinations() const;  // without the seeds; a double, for grids that are too large
  [[nodiscard]] std::vector<base::Value> values_at(double combination) const;  // one an axis
};

// A document without [grid] is a grid of one run. InputError at the place of: a grid without keys, an empty list, a key
// that is not section.key, n_params that are no numbers >= 1, a [ladder] without grid.n_params, a grid key that the
// ladder sets itself.
[[nodiscard]] Grid grid_from(const base::Value& document);

}  // namespace phaselaw::sweep
