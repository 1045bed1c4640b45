// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/laws/envelope.h"
#include "phaselaw/laws/two_stage_fit.h"

// The two-stage law fitted to the lower envelope over many runs.
//
// The rows of an envelope are minima over runs, not independent measurements, so intervals resample what is
// independent: whole runs, with replacement. Each resample rebuilds its staircase, draws blocks of neighbouring rows of
// it, also with replacement (block length: the square root of their number [T: Kunsch 1989]), and is fitted from
// scratch. The blocks make the interval answer for a form that does not quite hold: where parts of the curve ask for
// different parameters, it is wide. Intervals are percentiles of those fits, expanded for the number of runs as in
// interval.h [T: Hesterberg 2015]. What a finite number of runs does to the minimum itself (it is lower for more runs)
// is in the envelope and not in the interval. Cost: resamples * (1 to 10 ms).
namespace phaselaw::laws {

// options.fit: interval none or bootstrap (automatic means bootstrap); no clusters or weights: the runs are in
// `curves`. InputError as staircase() and fit_two_stage().
[[nodiscard]] Fit fit_two_stage_envelope(const Curves& curves, const TwoStageOptions& options);

}  // namespace phaselaw::laws
