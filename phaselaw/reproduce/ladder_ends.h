// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phaselaw/base/constants.h"
#include "phaselaw/reproduce/experiment.h"
#include "phaselaw/reproduce/floor_exponent.h"

// The ends of the runs of a ladder, model sizes times durations, each trained to the end of its own decay of the
// learning rate, and the exponent of their frontier with an unknown floor.
//
//   cell       a size and a duration, at the learning rate of the study's grid with the lowest loss, its mean over the
//              seeds; a cell without all seeds is left out
//   frontier   the cells on the lower convex hull of (ln C, loss). Every law E + A C^-q is convex there, whatever E
//   exponent   of E + A C^-q through the ends of all seeds on the frontier, for each floor E (fitting/floor_range.h)
//   slopes     -d ln(L - E)/d ln C between neighbours on the frontier: mean over the seeds with Student's t interval
// C is the exact training FLOP. Points before the end of a run are not used: their learning rate has not decayed.
namespace phaselaw::reproduce {

struct LadderEnd {
  std::int64_t n_params = 0, steps = 0, seed = 0;
  double rate = 0;               // largest learning rate
  double compute = 0, loss = 0;  // compute > 0 [FLOP]
};

struct FrontierCell {
  std::int64_t n_params = 0, steps = 0;
  double rate = 0, compute = 0, loss = 0;  // loss: mean over the seeds
  std::vector<double> losses{};            // by seed
};

struct LocalSlope {
  double compute = 0;  // geometric mean of the neighbours
  double slope = 0, lo = 0, hi = 0;
};

struct LadderStudy {
  std::string name;  // "text"
  std::vector<LadderEnd> ends;
  std::vector<FrontierCell> frontier;  // ascending compute, descending loss
  FloorMeasurement measured;
  std::int64_t unusable = 0;  // runs that did not finish or have no positive loss
};

// InputError naming the store if fewer than three cells are on the frontier.
[[nodiscard]] LadderStudy ladder_study(const std::string& name, const StudyRuns& runs, const std::string& unit);
// The same for ends from elsewhere.
[[nodiscard]] LadderStudy ladder_study(const std::string& name, std::vector<LadderEnd> ends, const std::string& unit);

// Between neighbours on the frontier, at this floor, which must be below every loss of the frontier.
[[nodiscard]] std::vector<LocalSlope> local_slopes(const LadderStudy& study, double floor);

// E1.<name>.exponent_v1, .exponent_v3: at the known floor, or over all floors that the data allow if it is NaN.
[[nodiscard]] std::vector<report::Claim> claims_of(const LadderStudy& study, double known = base::kNaN);
// Loss against compute; exponent against floor (`known`: a known floor, or NaN); local slopes.
[[nodiscard]] std::vector<report::Figure> figures_of(const LadderStudy& study, double known);
[[nodiscard]] std::vector<report::Table> tables_of(const LadderStudy& study);
[[nodiscard]] Finding finding_of(const LadderStudy& study, const StudyRuns& runs, std::string title, std::string lead,
                                 double known);

}  // namespace phaselaw::reproduce
