// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "phaselaw/report/claim.h"
#include "phaselaw/report/figure.h"
#include "phaselaw/reproduce/experiment.h"
#include "phaselaw/reproduce/phase_transition.h"

// Experiment 2 of the paper: constant noise, noise that grows with the data, and noise of other kinds
// (docs/theory/noise.md, docs/reproduce.md).
//
// Measured for each run: the lowest excess risk reached at any time of the training, because with noise the curve rises
// again after its best stopping time. Only sizes at which every run of every case passed its minimum are used, the same
// for all cases. A study without noise is the control: the risk that remains in it is no effect of noise. Claims about
// noise are inconclusive unless noise is at least half of the best risk at every size used (noise_share).
//   schedules  xi = xi_0 n^s: slope of ln(best risk) on ln n, compared with r (2s - 1); envelope over all n against
//              compute
//   kinds      the same mean square xi^2 with another distribution, each run paired with the Gaussian run of the same n
//              and seed (same inputs, teacher, initialisation and batches): slope of ln(ratio) on ln n, and mean ratio
// Intervals, 95 %: slopes by least squares over runs, Student t. Runs of one seed share their data, which raises or
// lowers them together and makes these intervals too wide rather than too narrow. The mean ratio is averaged over n
// within each seed first, with Student t over seeds, because otherwise sharing would make the interval too narrow.
namespace phaselaw::reproduce {

struct Measured {  // NaN with too few runs
  double value = NAN, lo = NAN, hi = NAN;
  std::size_t points = 0;
};

struct BestRisk {
  std::int64_t n_data = 0, seed = 0;
  double value = 0;
};

struct NoiseCase {
  std::string name;     // "constant", "quarter", "half", "heteroscedastic", "student_t", "mixture"
  std::string label;    // title for the reader
  double exponent = 0;  // s
  StudyCurves curves;
  std::vector<BestRisk> best;                       // at the sizes used
  double noise_share = NAN;                         // smallest over these sizes: 1 - median clean best/median best
  Measured slope;                                   // of ln best on ln n
  Measured slope_less_gaussian, ratio_to_gaussian;  // kinds only
  fitting::Fit envelope;                            // schedules only: the two-stage law
};

struct NoiseExperiment {
  NoiseCase clean;                          // the control: no noise
  std::vector<NoiseCase> schedules, kinds;  // schedules.front() is constant Gaussian noise
  std::vector<std::int64_t> sizes;          // used
};

// The slope of ln value on ln n; needs 3 runs at 2 sizes for an interval.
[[nodiscard]] Measured log_slope(const std::vector<BestRisk>& best);

inline constexpr double kLeastNoiseShare = 0.5;

// Computes what follows from the curves of each case. resamples = 0: no interval of the envelope.
void analyse(NoiseExperiment& experiment, int resamples, std::uint64_t seed);

// E2.constant_data_exponent, .quarter_data_exponent, .half_stays_flat, .quarter_compute_v1, .quarter_compute_v3;
// E2.<kind>_slope, .<kind>_floor
[[nodiscard]] std::vector<report::Claim> claims_of(const NoiseExperiment& experiment);
[[nodiscard]] std::vector<report::Figure> figures_of(const NoiseExperiment& experiment);
[[nodiscard]] std::vector<report::Table> tables_of(const NoiseExperiment& experiment);

[[nodiscard]] Finding noise(const Context& context);

}  // namespace phaselaw::reproduce
