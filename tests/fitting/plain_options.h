// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/fitting/options.h"

namespace phaselaw::fitting {

// Options for tests of optima: no intervals, and otherwise the defaults.
inline FitOptions plain(Objective objective = Objective::l2) {
  FitOptions options;
  options.objective = objective;
  options.interval = IntervalMethod::none;
  return options;
}

}  // namespace phaselaw::fitting
