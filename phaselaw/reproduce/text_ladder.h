// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/reproduce/experiment.h"
#include "phaselaw/reproduce/ladder_ends.h"

// Experiment 1 on real text with an unknown floor: bytes, next-byte cross-entropy, every sequence used at most once.
//
// A ladder of model sizes and durations with one layer, muP, and the best of several learning rates for each cell; each
// run ends with its own linear decay. Only the ends are judged (ladder_ends.h). The muP rate is nearly the same for all
// sizes but falls with the duration, so that the grid of rates brackets the best one at all but the longest durations.
namespace phaselaw::reproduce {

// The runs, done once for all experiments that use them.
[[nodiscard]] StudyRuns text_runs(const Context& context);
[[nodiscard]] LadderStudy text_study(const StudyRuns& runs);
[[nodiscard]] Finding text_ladder(const Context& context);

}  // namespace phaselaw::reproduce
