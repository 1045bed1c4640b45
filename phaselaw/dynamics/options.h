// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "phaselaw/base/fields.h"

// Section [flow]: the time over which the dynamics are followed, and their accuracy.
namespace phaselaw::dynamics {

// The integrator's methods (numerics/ode.h), without its header, because many sources read experiment files.
inline constexpr double kSmallestTolerance = 2.3e-14;

struct FlowOptions {
  base::NumberOrWord<double> time{0.0, "auto", {"auto"}};
  std::int64_t points = 40;
  std::int64_t records = 12;
  std::int64_t n_test = 64;
  double rtol = 1e-6, atol = 1e-9;
  double budget = 60;
  double tolerance = 0.1;
  std::int64_t max_rows = 4096;
  std::int64_t max_moment_rows = 256;

  template <class Self, class Visit>
  static void fields(Self& self, Visit&& visit) {
    using base::positive;
    visit("time", self.time, positive(), "gradient-flow time; \"auto\": that of the training, steps * learning rate");
    visit("points", self.points, base::at_least(2).up_to(1e6),
          "number of times on the curves, logarithmic over four decades up to `time`");
    visit("records", self.records, base::at_least(2).up_to(1e5),
          "number of times at which the drift of the kernel is measured");
    visit("n_test", self.n_test, base::at_least(1).up_to(1e12),
          "number of test sequences on which the views are compared, at most data.n_test");
    visit("rtol", self.rtol, base::between(kSmallestTolerance, 0.1),
          "relative tolerance of the integrated flow, per step");
    visit("atol", self.atol, positive(), "absolute tolerance of the integrated flow, per parameter");
    visit("budget", self.budget, base::positive().up_to(1e9),
          "time limit for the integrated flow in seconds; the part integrated until then is kept");
    visit("tolerance", self.tolerance, positive(),
          "relative difference of the test loss at which the kernel's prediction counts as no longer valid");
    visit("max_rows", self.max_rows, base::at_least(1).up_to(1e6),
          "largest number of rows of a kernel that is computed and diagonalised");
    visit("max_moment_rows", self.max_moment_rows, base::at_least(0).up_to(1e6),
          "largest number of rows of a kernel for which the expected loss of SGD is computed");
  }
};

}  // namespace phaselaw::dynamics
