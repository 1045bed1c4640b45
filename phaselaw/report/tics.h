// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

// Where an axis is marked. Labels are in gnuplot's markup: "10^{3}" is a power of ten.
namespace phaselaw::report {

struct Tic {
  double at = 0;
  std::string label;   // "" = unlabelled
  bool minor = false;  // short and with a fainter grid line
};

// Log axis, 0 < lo < hi: powers of ten (every second, third, ... so that at most nine are labelled), with 2 to 9
// between them; where the axis holds less than two decades 1, 2, 5 and more are labelled, so that there are three
// labels at least.
[[nodiscard]] std::vector<Tic> log_tics(double lo, double hi);

// Linear axis, lo < hi: steps of 1, 2 or 5 times a power of ten, four to ten labels.
[[nodiscard]] std::vector<Tic> linear_tics(double lo, double hi);

}  // namespace phaselaw::report
