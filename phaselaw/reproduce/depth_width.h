// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "phaselaw/reproduce/experiment.h"
#include "phaselaw/reproduce/flow_set.h"

// Experiment 3 of the paper: depth against width (docs/theory/convergence.md, docs/reproduce.md).
//
// Exact flows of models of several depths on one task for each teacher, under four rules:
//
//   omega fixed or omega = 1/N (the N of Definition 5.2's scale)    d_hidden fixed or d_hidden ~ N^-2 (Definition 5.2
//                                                                   at fixed omega)
//
// and of models of two layers and several widths. At fixed lambda the theory says of the rate, the radius and the drift
//
//   alpha = 2 N omega^2 lambda/n        slope 1 in N at fixed omega, -1 at omega ~ 1/N                           [R]
//   alpha ~ sum_nu (1 + c)^(2 (N - nu))   the exponential reading, at fixed omega: c > 0                           [S1]
//   R = A/(N omega lambda sqrt(m))      R of a hidden unit falls with the width m                             [S], [R]
//   drift <= K omega sqrt(R)            does not grow for m ~ N^-2, falls as N^-1/2 at fixed m (omega fixed)      [R]
//
// lambda is measured, not held: its own slope is reported beside each slope of alpha.
namespace phaselaw::reproduce {

struct DepthRule {
  std::string id;       // of its claims: "kept", "fixed", "scaled_kept", "scaled_fixed"
  bool narrow = false;  // d_hidden ~ N^-2
  bool scaled = false;  // omega = 1/N
  std::vector<FlowPoint> points{};
  [[nodiscard]] std::string words() const;  // the two rules, for people
  [[nodiscard]] double predicted_slope() const { return scaled ? -1 : 1; }
};

struct DepthWidth {
  std::vector<DepthRule> rules;
  std::vector<FlowPoint> widths;  // two layers, omega fixed
};

// The four rules without points, in the order of the page.
[[nodiscard]] std::vector<DepthRule> depth_rules();

// E3.rate.<rule> for the four rules; E3.exponential.<rule> at fixed omega; E3.bound; E3.drift.kept, .drift.fixed;
// E3.width.radius, .width.radius_exponent, .width.rate
[[nodiscard]] std::vector<report::Claim> claims_of(const DepthWidth& experiment);

// Rate against depth with the bound; drift against depth; radius and rate against width.
[[nodiscard]] std::vector<report::Figure> figures_of(const DepthWidth& experiment);
// Exponents in depth and width with intervals; the numbers of each depth and width.
[[nodiscard]] std::vector<report::Table> tables_of(const DepthWidth& experiment);

[[nodiscard]] Finding depth_width(const Context& context);

}  // namespace phaselaw::reproduce
