// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "phaselaw/advice/plan/allocation.h"
#include "phaselaw/base/fields.h"
#include "phaselaw/fitting/fit_file.h"

// Which runs are compared as the next one: bounds of size and compute, and the grid of candidates within them.
namespace phaselaw::advice {

// What the next run may be. Unset: sizes from a third of the smallest fitted one, and the compute of the most expensive
// fitted run.
struct RunBounds {
  std::optional<double> least_n_params, most_n_params, least_tokens, most_tokens, least_compute, most_compute;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    visit("next_least_n_params", self.least_n_params, base::amounts().in("parameters"),
          "--next-run: smallest model (default: a third of the smallest fitted one)");
    visit("next_most_n_params", self.most_n_params, base::amounts().in("parameters"),
          "--next-run: largest model (default: what the compute pays for)");
    visit("next_least_tokens", self.least_tokens, base::amounts().in("tokens"),
          "--next-run: fewest tokens (default: a third of the fewest fitted ones)");
    visit("next_most_tokens", self.most_tokens, base::amounts().in("tokens"),
          "--next-run: most tokens (default: what the compute pays for)");
    visit("next_least_compute", self.least_compute, base::amounts().in("FLOP"),
          "--next-run: least compute (default: any)");
    visit("next_most_compute", self.most_compute, base::amounts().in("FLOP"),
          "--next-run: most compute (default: that of the most expensive fitted run)");
  }
  // InputError for a least value above the most.
  void validate() const;
  // The flag of the first bound that is set; empty if there is none.
  [[nodiscard]] std::string given() const;
};

// The least and the largest value of a column of the fitted rows.
[[nodiscard]] std::pair<double, double> range_of(const fitting::SavedFit& saved, const char* column);

// Sizes and tokens of the candidates: a grid, evenly spaced in the logarithms, and for each size the cheapest and the
// most expensive run. InputError if no run is within all bounds; it names the flag and the run that is nearest.
struct Candidates {
  std::vector<double> n_params, tokens;
};
[[nodiscard]] Candidates candidates_within(const RunBounds& bounds, const fitting::SavedFit& saved,
                                           const Allocator& allocator, std::size_t grid);

}  // namespace phaselaw::advice
