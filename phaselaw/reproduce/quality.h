// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/analysis/linear_student.h"
#include "phaselaw/report/claim.h"
#include "phaselaw/report/figure.h"
#include "phaselaw/reproduce/experiment.h"
#include "phaselaw/reproduce/quality_statistics.h"
#include "phaselaw/reproduce/random_effect.h"

// The quality of data (open question 4 of the paper): up to which noise do added samples help, and what are repeated
// samples worth (docs/theory/noise.md).
//
// Students of 128 parameters learn random teachers by full-batch gradient descent from
//   distinct  n samples with noise xi_a = 1
//   added     64 such samples and m others with noise xi_b
//   drawn     n samples drawn with replacement from 64 such samples, so that repetitions share their noise
// All sets of a teacher begin with the same samples, and noise of another size is the same draw, scaled. The risk is
// that of the curve averaged over teachers, at its best time or at the last step. Beside the trained students, the same
// students linearised at their initial weights (analysis/linear_student.h) learn with noise from small to large, in
// expectation over the noise. Intervals: jackknife over teachers.
namespace phaselaw::reproduce {

inline constexpr double kThresholdMargin = 0.15;  // of ratios of a threshold, or of a useful size, to its prediction
inline constexpr double kDistinctMargin = 0.25;   // of the useful size of repeated samples to the distinct ones

enum class SampleKind { distinct, added, drawn };
struct QualityCell {
  SampleKind kind = SampleKind::distinct;
  std::int64_t n = 0;      // training samples, repetitions included
  double noise_ratio = 1;  // added: xi_b^2/xi_a^2
};

struct QualityTeacher {
  std::vector<std::vector<double>> risk;                    // [cell][time]
  std::vector<std::vector<analysis::LinearErrors>> linear;  // [0]: without added samples, then [1 + i]: kAdded[i]
};

struct QualityStudy {
  std::int64_t clean = 0;            // n of the samples to which others are added, and distinct ones behind the draws
  std::vector<std::int64_t> added;   // m
  std::vector<double> linear_noise;  // xi_a of the linearised students
  std::vector<QualityCell> cells;
  std::vector<QualityTeacher> teachers;  // with every run finished
  std::int64_t left_out = 0;             // teachers with a run that diverged
};

struct Threshold {
  double added_over_clean = 0;
  Effect best, end;            // of trained students, at the best time and at the last step
  std::vector<Effect> linear;  // of linearised ones, for each linear_noise
};
struct UsefulSize {
  double draws = 0;
  Effect useful;  // n of distinct samples with the same best risk
};
struct QualityResults {
  std::vector<Threshold> thresholds;
  std::vector<UsefulSize> draws;
  // Of trained students at the best time: geometric mean over m of threshold/(2 + m/n), and slope of ln threshold on
  // ln(2 + m/n).
  Effect to_ideal, growth;
  std::vector<Effect> linear_to_ideal;  // the same mean of linearised students, for each linear_noise
  // Geometric mean over draws of useful size/(n g/(n + g)); useful size/g at most draws.
  Effect useful_to_formula, useful_to_distinct;
};
// PHASELAW_CHECK: at least one teacher.
[[nodiscard]] QualityResults analyse(const QualityStudy& study);

// E2.quality_threshold, E2.quality_growth, E2.quality_kernel_noise, E2.quality_kernel_bias (open), E2.duplicates_distinct,
// E2.duplicates_formula (open), E2.quality_least_squares (self-check)
[[nodiscard]] std::vector<report::Claim> claims_of(const QualityStudy& study, const QualityResults& results);
[[nodiscard]] std::vector<report::Figure> figures_of(const QualityStudy& study, const QualityResults& results);
[[nodiscard]] std::vector<report::Table> tables_of(const QualityStudy& study, const QualityResults& results);

[[nodiscard]] Finding quality(const Context& context);

}  // namespace phaselaw::reproduce
