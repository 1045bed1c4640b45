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
// M* is where both terms are equal. It is read from the measured risks without a model of them: the M at which the best
// risk over a noisy run is twice the risk of the same teacher without noise, log-linear between sizes. (The M at which the
// risk is twice its lowest value would be biased, because part of A M^-a is left at the largest size.)
namespace phaselaw::reproduce {

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

// M* of one teacher: the first size at which noisy/clean is 2. NaN where this is not inside the measured sizes, or a risk
// is missing. The columns have one length; n_params ascending.
[[nodiscard]] double saturation_of(const std::vector<double>& n_params, const std::vector<double>& clean,
                                   const std::vector<double>& noisy);

// M* of each teacher against n_data at one noise, and against the noise at one n_data: those with the most points.
[[nodiscard]] std::vector<Observation> saturation_against_data(const ModelSize& e);
[[nodiscard]] std::vector<Observation> saturation_against_noise(const ModelSize& e);

// E4.model_size.exponent, .saturation_data, .saturation_noise
[[nodiscard]] std::vector<report::Claim> claims_of(const ModelSize& e);
[[nodiscard]] std::vector<report::Figure> figures_of(const ModelSize& e);
[[nodiscard]] report::Table table_of(const ModelSize& e);

}  // namespace phaselaw::reproduce
