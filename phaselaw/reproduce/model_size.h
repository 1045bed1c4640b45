// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phaselaw/reproduce/experiment.h"
#include "phaselaw/reproduce/teacher_slopes.h"

// The isolated law in the model size M and its saturation (docs/theory/excess-risk.md, docs/reproduce.md).
//
//   noise 0, n and T large    Delta R ~ M^-a, stated a = 1                                                  [S]
//   noise xi, finite n        Delta R = A M^-a + F(n, xi); a model beyond M* ~ n/xi^2 brings no gain        [S]
//
// A student learns a wide teacher. All its widths grow together (d_hidden and n_heads in proportion, d_model fixed), so
// that M is proportional to each of them; parameters that do not grow would bend the slope in M. The excess risk is the
// mean (F - F*)^2 on fresh inputs.
//
// M* is read from the measured risk without a model of it: the M at which the best risk over the run, log-linear between
// sizes, has fallen to twice its lowest value over the sizes. For the form above this is where both terms are equal,
// M* = (A/F)^(1/a), up to the part of A M^-a that is left at the largest size. Therefore M* is used only up to
// kLargestShare of the largest size, and not where it is below the smallest.
namespace phaselaw::reproduce {

inline constexpr double kLargestShare = 0.5;

struct SizeRun {
  std::int64_t teacher = 0, n_params = 0, n_data = 0;
  double noise = 0;
  double best = 0, last = 0;  // excess risk: lowest of the run, and at its end
};

struct ModelSize {
  std::vector<SizeRun> clean;  // noise 0
  std::vector<SizeRun> noisy;  // several n_data and noise
};

// Measures (or reads what is kept): the exponent of experiment 1's surface may be compared with its result.
[[nodiscard]] ModelSize measure_model_size(const Context& context, Finding& finding);

// The last risk of the noise-free runs against n_params; the exponent a is minus its slope.
[[nodiscard]] TeacherSlopes model_size_slopes(const ModelSize& e);
// a with its 95 % interval over teachers.
[[nodiscard]] Effect model_size_exponent(const ModelSize& e);

// M* of one curve, ascending in n_params; NaN where it is not inside the measured sizes (see above).
[[nodiscard]] double saturation_of(const std::vector<double>& n_params, const std::vector<double>& risk);

// M* of each teacher against n_data at one noise, and against the noise at one n_data: those with the most points.
[[nodiscard]] std::vector<Observation> saturation_against_data(const ModelSize& e);
[[nodiscard]] std::vector<Observation> saturation_against_noise(const ModelSize& e);

// E4.model_size.exponent, .saturation_data, .saturation_noise
[[nodiscard]] std::vector<report::Claim> claims_of(const ModelSize& e);
[[nodiscard]] std::vector<report::Figure> figures_of(const ModelSize& e);
[[nodiscard]] report::Table table_of(const ModelSize& e);

}  // namespace phaselaw::reproduce
