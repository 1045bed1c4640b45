// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

// The two exponents of theory.md section 9, with intervals, over a stated window of ranks i (from 1):
//
//   eigenvalues h_i ~ i^-b              target coefficients (v_i^T y)^2 ~ i^-a
//
// b: least squares of log h_i on log i with weights 1/i, so that every octave of ranks counts the same and the dense
//    end of the spectrum does not outvote its head.
// a: gamma quasi-likelihood with log link, sum_i (c_i/mu_i - 1)(1, log i) = 0, mu_i = C i^-a. Single coefficients
//    scatter like chi-squared around their mean, some near zero: a logarithm of them would be ruled by the smallest,
//    and a cumulative tail by its truncation; this estimate is consistent when the mean is right, whatever the scatter.
// Intervals: delete-one-block jackknife over blocks of equal log width, Student t with blocks - 1 degrees of freedom:
//    neighbouring eigenvalues are far from independent, so the resampling unit is a stretch of ranks. Bends of the
//    curve widen the interval, as they should.
// Window: ranks `first` .. `last`; by default from 4 (the head has no law yet) to a quarter of the K values above the
//    noise floor (the edge of a finite sample bends down), but at least to min(K/2, 32).
// Cost: O(window blocks). Source: [T] gamma regression, McCullagh and Nelder; jackknife by groups (CR3).
namespace phaselaw::kernel {

struct DecayOptions {
  std::int64_t first = 0, last = 0;  // ranks, from 1, both included; 0: the default above
  int blocks = 10;
  double level = 0.95;
  double noise_floor = 0;  // eigenvalues at or below are ignored (Spectrum::noise_floor)
};

enum class DecayStatus { estimated, too_few_ranks, no_convergence };

struct DecayExponent {
  double value = 0, lo = 0, hi = 0;  // NaN unless estimated
  double log_amplitude = 0;          // log of the law at i = 1
  double r_squared = 0;              // law against data: logs of the means over the blocks
  std::int64_t first = 0, last = 0;  // the window used
  DecayStatus status = DecayStatus::too_few_ranks;
  std::string method;  // names estimator, window and interval in words
};

// eigenvalues: descending. std::domain_error when they are not, or when the window is not inside 1 .. size.
[[nodiscard]] DecayExponent eigenvalue_decay(std::span<const double> eigenvalues, const DecayOptions& options = {});

// coefficients[i] = (v_i^T y)^2 >= 0 in the order of descending eigenvalues, NaN and negative ones std::domain_error.
// Pass those of eigenvalues above their noise floor only: beyond it eigenvectors are arbitrary. options.noise_floor is
// not read.
[[nodiscard]] DecayExponent coefficient_decay(std::span<const double> coefficients, const DecayOptions& options = {});

}  // namespace phaselaw::kernel
