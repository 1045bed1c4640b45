// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "phaselaw/base/fields.h"
#include "phaselaw/theory/two_stage.h"

// Noise that grows with the data, and where the law breaks (docs/theory/noise.md).
//
//   xi(n) = xi_0 n^s
//   data-limited risk  (xi(n)^2/n)^r = (xi_0^2 n^(2s-1))^r                exponent in n:  r (2s - 1)                [S]
//   in compute: exponent r (1 - 2s)/(p - 2s); s = 0: r/p, s = 1/4: r/(2p - 1), s = 1/2: 0                      [S]
//   break at s = 1/2: the bound is O(1) and more data does not help; beyond it more data increases the bound [S]
//
// Exactly [T on R]: with n' = n^(1-2s) and p' = (p - 2s)/(1 - 2s) the accounting C = a n^p log(n/xi^2)/xi^2 is
// C = a n'^p' log(n'/xi_0^2)/xi_0^2, which is the two-stage law with p' instead of p. So n = n'^(1/(1-2s)) and the risk
// is the law's. The predecessor's accounting does not contain the noise; its exponent is r (1 - 2s)/p.
//
// Accuracy and cost as two_stage.h. Errors: std::domain_error unless xi_0 > 0, s finite, 2s < p, compute > 0.
namespace phaselaw::theory {

struct NoiseSchedule {
  double scale = 1;     // xi_0 > 0
  double exponent = 0;  // s; 0: constant noise
};
[[nodiscard]] double noise_at(const NoiseSchedule& schedule, double n_data);  // xi(n)

// d ln(Delta R)/d ln n at the estimation floor: r (2s - 1). Negative: more data helps.
[[nodiscard]] double data_exponent(double schedule_exponent, double risk_exponent = 1);
// The exponent e of Delta R ~ C^-e: r (1 - 2s)/(p - 2s), or r (1 - 2s)/p without noise in the accounting.
[[nodiscard]] double compute_exponent(const Edition& edition, double schedule_exponent);

enum class DataEffect { helps, no_effect, hurts };  // s < 1/2, = 1/2, > 1/2
[[nodiscard]] base::EnumNames<DataEffect> enum_names(DataEffect);
[[nodiscard]] DataEffect effect_of_data(const NoiseSchedule& schedule);

// The data-limited law under the schedule. If more data does not help, there is no best n: at s = 1/2 the risk is
// xi_0^(2r) for every n, and for s > 1/2 this is its smallest value, at n = 1; slope 0.
struct ScheduledLaw {
  std::optional<double> log_n_data;  // unset unless more data helps
  double log_excess_risk = 0;
  double slope = 0;  // d ln(Delta R)/d ln C
  DataEffect effect = DataEffect::helps;
};
[[nodiscard]] ScheduledLaw scheduled_law(const Edition& edition, double compute, const NoiseSchedule& schedule);

}  // namespace phaselaw::theory
