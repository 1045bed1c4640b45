// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

// The two exponents of the decay (docs/kernel.md), with intervals, over a stated window of ranks i (from 1):
//
//   eigenvalues h_i ~ i^-b              target coefficients (v_i^T y)^2 ~ i^-a
//
// b: least squares of log h_i on log i with weights 1/i, so that every octave of ranks has the same weight and the
// dense
//    end of the spectrum does not dominate.
// a: gamma quasi-likelihood with log link, sum_i (c_i/mu_i - 1)(1, log i) = 0, mu_i = C i^-a. Single coefficients
//    scatter like chi-squared around their mean, some near zero, so their logarithms would be dominated by the
//    smallest, and a cumulative tail by its truncation; this estimate is consistent if the mean is right, whatever the
//    scatter.
// Intervals: delete-one-block jackknife over blocks of equal log width, Student t with blocks - 1 degrees of freedom.
//    Neighbouring eigenvalues are far from independent, so a range of ranks is resampled as a unit. Bends of the curve
//    widen the interval, as they should.
// Window: ranks `first` .. `last`; by default from 4 (the first values do not follow a law yet) to a quarter of the K
//    values above the noise floor (the end of a finite sample bends down), but at least to min(K/2, 32).
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
  std::string method;  // description of estimator, window and interval
};

// eigenvalues: descending. std::domain_error if they are not, or if the window is not inside 1 .. size.
[[nodiscard]] DecayExponent eigenvalue_decay(std::span<const double> eigenvalues, const DecayOptions& options = {});

// coefficients[i] = (v_i^T y)^2 >= 0 in the order of descending eigenvalues; std::domain_error for NaN and negative
// values. Pass only those of eigenvalues above their noise floor, because eigenvectors are arbitrary below it.
// options.noise_floor is not used.
[[nodiscard]] DecayExponent coefficient_decay(std::span<const double> coefficients, const DecayOptions& options = {});

}  // namespace phaselaw::kernel
