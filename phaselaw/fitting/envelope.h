// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "phaselaw/fitting/fit.h"

// The lower envelope of many runs' curves in (compute, loss), that is, the best loss reached at each compute, as a
// transform of rows; and a law fitted to it.
namespace phaselaw::fitting {

// The rows that no other row dominates (with no more compute and no more loss), sorted by compute; the loss strictly
// decreases along them. InputError for a value that is not positive and finite (the caller removes the rows of diverged
// runs), for columns of different length, or without rows. Cost: O(n log n).
[[nodiscard]] std::vector<std::size_t> envelope_rows(std::span<const double> compute, std::span<const double> loss);

// A law fitted to the envelope of the rows; `run` names the run of each row.
//
// The rows of an envelope are minima over runs and not independent measurements, so intervals resample whole runs, with
// replacement. Each resample builds its own envelope, draws blocks of neighbouring rows of it, also with replacement
// (block length: the square root of their number [T: Kunsch 1989]), and is fitted again. The blocks account for a law
// that holds only approximately: if parts of the curve favour different parameters, the interval is wide. Intervals are
// percentiles of those fits, expanded for the number of runs as in interval.h [T: Hesterberg 2015]. The minimum over
// more runs is lower; this effect is part of the envelope and not of the interval. Cost: resamples times 0.1 to 1 ms.
struct EnvelopeFit {
  Fit fit;
  std::vector<std::size_t> rows;  // of the envelope
};
// InputError: as envelope_rows and fit_law; intervals other than automatic, bootstrap or none; weights, errors or
// clusters of rows, which an envelope does not have. With fewer than two runs there is a warning and no interval.
[[nodiscard]] EnvelopeFit fit_envelope(const laws::Law& law, const tables::Measurements& data,
                                       const std::vector<std::string>& run, const FitOptions& options = {});

}  // namespace phaselaw::fitting
