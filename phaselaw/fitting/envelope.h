// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "phaselaw/fitting/fit.h"

// The lower envelope over many runs' curves in (compute, loss): the best loss that a given compute has reached, as a
// transform of rows, and a law fitted to it.
namespace phaselaw::fitting {

// The rows that no other row dominates (not more compute and not more loss), by increasing compute; the loss strictly
// decreases along them. InputError for a value that is not positive and finite (rows of diverged runs are left out by
// the caller), for columns of different length, or no rows. Cost: O(n log n).
[[nodiscard]] std::vector<std::size_t> envelope_rows(std::span<const double> compute, std::span<const double> loss);

// A law fitted to the envelope of the rows, of which `run` names the run of each.
//
// The rows of an envelope are minima over runs, not independent measurements, so intervals resample what is
// independent: whole runs, with replacement. Each resample rebuilds its envelope, draws blocks of neighbouring rows of
// it, also with replacement (block length: the square root of their number [T: Kunsch 1989]), and is fitted again. The
// blocks make the interval answer for a law that does not quite hold: where parts of the curve ask for different
// parameters, it is wide. Intervals are percentiles of those fits, expanded for the number of runs as in interval.h
// [T: Hesterberg 2015]. What a finite number of runs does to the minimum itself (it is lower for more runs) is in the
// envelope and not in the interval. Cost: resamples times 0.1 to 1 ms.
struct EnvelopeFit {
  Fit fit;
  std::vector<std::size_t> rows;  // of the envelope
};
// InputError: as envelope_rows and fit_law; intervals other than automatic, bootstrap or none; weights, errors or
// clusters of rows, which an envelope does not have. With fewer than two runs there are no intervals, but a warning.
[[nodiscard]] EnvelopeFit fit_envelope(const laws::Law& law, const tables::Measurements& data,
                                       const std::vector<std::string>& run, const FitOptions& options = {});

}  // namespace phaselaw::fitting
