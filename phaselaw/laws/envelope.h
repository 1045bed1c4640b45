// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

// The lower envelope over many runs' curves in (compute, loss): the best loss that a given compute has reached.
//
// Errors: InputError for a value that is not positive and finite (NaN counts as a diverged run's row and must be left
// out by the caller), for columns of different length, no rows, or options outside their domain. Cost: O(n log n).
namespace phaselaw::laws {

// Curves of several runs, row by row; `run[i]` names the run of row i.
struct Curves {
  std::vector<std::string> run;
  std::vector<double> compute, loss;
};

struct EnvelopePoint {
  double compute = 0, loss = 0;
  std::string run;  // that attains it
};

// Exact staircase: the rows that no other row dominates (not more compute and not more loss), by increasing compute;
// the loss strictly decreases.
[[nodiscard]] std::vector<EnvelopePoint> staircase(const Curves& curves);

// The best row in each of `bins` bins evenly spaced in log compute between the smallest and largest compute; bins
// without a row are left out. Unlike the staircase it may rise, where more compute was spent worse.
[[nodiscard]] std::vector<EnvelopePoint> binned_envelope(const Curves& curves, std::size_t bins);

// Least squares of ln(loss - floor) = intercept - exponent ln C over envelope points with lo <= C <= hi.
struct PowerLaw {
  double exponent = 0;           // positive when the loss falls
  double log_amplitude = 0;      // ln(loss - floor) at C = 1
  std::optional<double> lo, hi;  // cluster bootstrap over runs, percentile; unset with fewer than 2 runs
  std::size_t n_points = 0;
  int resamples = 0;  // that had enough points
};
struct PowerLawOptions {
  double floor = 0;
  double compute_lo = 0, compute_hi = 0;  // hi = 0: no limit
  std::size_t bins = 24;
  double level = 0.95;
  int resamples = 400;
  std::uint64_t seed = 0;
};
// The power law of the binned envelope on a window. The interval resamples whole runs with replacement, rebuilds the
// envelope and refits. InputError when fewer than 3 envelope points lie in the window or one is not above the floor.
[[nodiscard]] PowerLaw fit_envelope_power_law(const Curves& curves, const PowerLawOptions& options);

}  // namespace phaselaw::laws
