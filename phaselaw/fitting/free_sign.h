// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "phaselaw/fitting/fit.h"

// A parameter of a user's expression that wants the other sign.
//
// A parameter of an expression is assumed to be positive and is fitted as its logarithm. If the quantity rises where the
// expression falls, such as A*width^-b for a rank that grows with the width, b ends at its lower bound, and every other
// estimate is conditional on that bound. Then the expression is fitted again with free signs: first the parameters at
// their bound alone, then also the amplitudes and floors (the parameters in which the law is affine), because
// I - A*n^-s with s < 0 needs A < 0 too.
//
// A free sign is taken if it lowers the objective F clearly: n ln(F_before/F_after) > kClearly for n rows with weight, and
// the fit with it is certified. For squares this is twice the log likelihood ratio with an estimated variance, and 13.8 is
// the 0.1 % point of chi-squared with 2 degrees of freedom. For absolute values it is half of that ratio, so the rule is
// conservative. [R]
//
// Laws of the catalogue are not changed: their domains are their authors'.
// Cost: nothing if no positive parameter is at its lower bound; otherwise one or two fits without intervals.
namespace phaselaw::fitting {

inline constexpr double kClearly = 13.8;

struct FreedLaw {
  laws::Law law;         // with the domain `real` where a sign is free; its starts cover both signs
  std::string sentence;  // "b is negative (-0.68), so the loss rises with width; it was assumed to be positive"
};

// std::nullopt if nothing ends at a lower bound, or no free sign helps clearly. `fit` is an optimum of `data` under
// `options`, with or without intervals.
[[nodiscard]] std::optional<FreedLaw> freed(const Fit& fit, const tables::Measurements& data,
                                            const FitOptions& options);

}  // namespace phaselaw::fitting
