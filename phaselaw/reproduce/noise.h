// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/report/claim.h"
#include "phaselaw/report/figure.h"
#include "phaselaw/reproduce/experiment.h"
#include "phaselaw/reproduce/random_effect.h"
#include "phaselaw/reproduce/risk_curves.h"
#include "phaselaw/theory/noise.h"

// Experiment 2 of the paper: constant noise, noise that grows with the data, and noise of other kinds
// (docs/theory/noise.md, docs/reproduce.md).
//
// Students of 128 parameters learn random teachers of their own class by full-batch gradient descent, so that no noise
// of batches hides the effect of the labels' noise. All sizes are used, each at the best time of the curve averaged
// over teachers. A twin without noise learns the same data from the same start.
//
//   best risk      min over t of the mean excess risk over teachers, of each n
//   noise part     best risk - risk of the twin at the same time
//   prediction     xi(n)^2 d_eff(t)/(n L o) at that time, d_eff of the kernel at initialisation              [R]
//   slope          least squares of the logarithm on ln n over all sizes
//
// Intervals: jackknife over teachers. A claim about noise is undecidable unless the noise part is at least half of the
// best risk at every size.
namespace phaselaw::reproduce {

inline constexpr double kLeastNoiseShare = 0.5;
// Of slopes, in their own unit: a tenth of the slope of constant noise, for all schedules.
inline constexpr double kNoiseSlopeMargin = 0.1;
// Of ratios to the prediction: d_eff counts directions on the training rows, and on new rows the variance is larger by
// up to a tenth at the smallest size.
inline constexpr double kNoiseLevelMargin = 0.25;
inline constexpr double kNoiseKindMargin = 0.2;  // of ratios to Gaussian noise

struct NoiseCase {
  std::string name;   // "constant", "quarter", "half", "heteroscedastic", "student_t", "mixture"
  std::string label;  // title for the reader
  theory::NoiseSchedule noise;
  RiskCurves curves;
};

struct NoiseStudy {
  RiskCurves twin;                          // without noise
  std::vector<NoiseCase> schedules, kinds;  // schedules.front() is constant Gaussian noise
  // [size][teacher]: eigenvalues of the kernel at initialisation of the training inputs that are not zero.
  std::vector<std::vector<std::vector<double>>> spectra;
  double outputs = 1;  // L o: numbers per sequence
};

struct NoisePoint {  // of one size
  double n = 0, time = 0, best = 0, noise_part = 0, predicted = 0, d_eff = 0;
};

struct NoiseResult {
  std::vector<NoisePoint> points;  // of all teachers
  double noise_share = 0;          // smallest over sizes
  Effect slope;                    // of ln best risk on ln n
  Effect noise_slope;              // of ln noise part
  Effect level;                    // geometric mean over sizes of noise part/prediction
  Effect slope_beyond;             // slope of the noise part - slope of the prediction
  // Kinds only: geometric mean over sizes of best risk/Gaussian best risk, and the slope of the ratio.
  Effect ratio, ratio_slope;
};

struct NoiseResults {
  std::vector<NoiseResult> schedules, kinds;  // in the order of the study
  std::size_t teachers = 0;                   // with a finished run in every case at every size
};
[[nodiscard]] NoiseResults analyse(const NoiseStudy& study);

// E2.constant_data_exponent, .quarter_data_exponent, .half_stays_flat (stated); E2.effective_dimension,
// .effective_dimension_slope (implied); E2.<kind>_slope, .<kind>_level (open)
[[nodiscard]] std::vector<report::Claim> claims_of(const NoiseStudy& study, const NoiseResults& results);
[[nodiscard]] std::vector<report::Figure> figures_of(const NoiseStudy& study, const NoiseResults& results);
[[nodiscard]] std::vector<report::Table> tables_of(const NoiseStudy& study, const NoiseResults& results);

[[nodiscard]] Finding noise(const Context& context);

}  // namespace phaselaw::reproduce
