// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/advice/isoflop/bowl.h"

// The noise of the losses about smooth bowls, and the minima of bowls drawn with that noise.
//
// The smooth bowl p_b of budget b is a cubic over the window of the parabola if that has kCubicSizes sizes, otherwise the
// parabola itself; the cubic keeps the asymmetry of a bowl out of its noise. The noise is relative to the loss:
//   s_b^2 = ( sum_i m_i (y_i/p_b(x_i) - 1)^2 + squares of repeated rows ) / nu_b,   nu_b = rows_b - coefficients
// m_i: how many rows were averaged into y_i. The noise is taken to be equal at all budgets, s^2 = sum nu_b s_b^2/sum nu_b,
// so that budgets of four sizes share their degrees of freedom, unless Bartlett's test rejects this at the level
// kUnevenLevel. Then each budget keeps its own noise, moderated by the distribution of the noise over budgets:
//   t_b^2 = (d0 s0^2 + nu_b s_b^2)/(d0 + nu_b)    with d0 + nu_b degrees of freedom   [T: Smyth 2004, empirical Bayes]
// A draw replaces y_i by p_b(x_i) (1 + e/sqrt(m_i)) within the window, and by y_i (1 + e/sqrt(m_i)) outside it. e is t_b
// times a residual of any budget, each divided by its t_b and by sqrt(1 - leverage); these are centred and have standard
// deviation 1. Rows are not resampled, so no draw loses a size [T: Davison and Hinkley 1997, section 6.3].
// Cost: draws x budgets x 1 us.
namespace phaselaw::advice {

inline constexpr std::size_t kCubicSizes = 6;
inline constexpr double kUnevenLevel = 0.99;

struct BowlNoise {
  double scale = 0;                  // s, relative to the loss
  double dof = 0;                    // sum of nu_b; 0: no budget has a parabola
  bool uneven = false;               // whether the budgets differ
  std::vector<double> own, freedom;  // t_b and its degrees of freedom, for each bowl
  std::vector<double> errors;        // what is drawn, standard deviation 1
};
// `used`: whether a bowl contributes; the others get the common noise. Empty: all of them.
[[nodiscard]] BowlNoise noise_of(std::span<const Bowl> bowls, double window, const std::vector<bool>& used = {});

// The bowl with its smooth losses within the window.
[[nodiscard]] Bowl smooth_bowl(const Bowl& bowl, double window);

// For each bowl and draw: ln N* of the drawn bowl minus that of the smooth bowl. Infinite where the minimum lies beyond the
// sizes, NaN where there is none.
// `noise` must be that of these bowls.
[[nodiscard]] std::vector<std::vector<double>> shifts_of(BowlShape shape, std::span<const Bowl> bowls, double window,
                                                         const BowlNoise& noise, std::size_t draws, std::uint64_t seed,
                                                         const std::string& purpose);

}  // namespace phaselaw::advice
