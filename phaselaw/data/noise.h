// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "phaselaw/data/options.h"

// Label noise: added to the targets of vector data, both train and test (docs/theory/noise.md).
//
//   y = F*(x) + e,   E[e|x] = 0,   mean square of e = xi^2 for every kind,   xi = noise n_data^noise_exponent [S]
//
//   gaussian         e ~ N(0, xi^2), independent of x
//   heteroscedastic  e | x_l ~ N(0, xi^2 c_l^2), c_l = sqrt(d) x_l1/||x_l||: the noise of a token grows with its first
//                    coordinate. Rows of the teacher are isotropic, so E[c_l^2] = 1 exactly; c_l^2 lies in [0, d].
//   student_t        e = xi sqrt((nu - 2)/nu) t, t Student's with nu = noise_df > 2 degrees of freedom: heavy tails,
//                    P(|e| > s) ~ s^-nu, no fourth moment for nu <= 4. t by Bailey's polar method [T: Bailey 1994].
//   mixture          each sequence comes from a clean source (no noise) with probability f = noise_clean_fraction,
//                    otherwise from a noisy one: e ~ N(0, xi^2/(1 - f)) on all its tokens. E[e^2] = xi^2.
//
// The kinds other than gaussian belong to the paper's open question 4 [S]; their forms are this library's.
//
// Token noise: a target is replaced by a token drawn uniformly from 0 .. V-1 with probability e = token_noise, train and
// test, so that targets follow p*_e = (1 - e) p* + e/V, against which the excess risk is then taken. Inputs and
// positions without target stay as they are. [T]
//
// One stream per sequence (seed, purpose, index): the draw for a sequence does not depend on their number. With
// noise_exponent = 0 a smaller set is therefore the start of a larger one; otherwise this holds up to the factor xi.
namespace phaselaw::data {

// xi: the standard deviation of the noise of a target coordinate over the distribution of the data. Equal to `noise` if
// noise_exponent is 0.
[[nodiscard]] double noise_level(const DataOptions& options);

// Adds the noise to y (n x row), where x (n x x_row, rows of d_in) are the inputs of the same sequences; a target belongs
// to one of the last rows of its input, after those of a source.
// `purpose` names the streams. Does nothing if xi = 0.
struct NoisyRows {
  std::span<double> y;
  std::span<const double> x;
  std::int64_t n = 0, d_in = 0, d_out = 0;
};
void add_noise(const DataOptions& options, std::uint64_t seed, const char* purpose, const NoisyRows& rows);

struct Dataset;
// Replaces next_tokens, and mixes `probabilities` where they are known. Does nothing if level = 0.
void add_token_noise(double level, std::uint64_t seed, const char* purpose, Dataset& set);

}  // namespace phaselaw::data
