// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/base/fields.h"
#include "phaselaw/numerics/matrix.h"

// The only interface to the integrators of SUNDIALS (ARKODE, CVODE): initial value problems dy/dt = f(t, y), non-stiff
// or stiff, of any size, matrix-free.
//
//   integrate         steps chosen so that the local error of each step, in the weighted root mean square norm
//                     sqrt( mean_i (e_i / (relative_tolerance |y_i| + absolute_tolerance))^2 ), stays below 1. The
//                     error of the solution is proportional to the tolerances, with a factor that depends on the
//                     problem.
//   integrate_fixed   equal steps of a Runge-Kutta method, no error control: global error O(step^order).
//
// Every output time is the end of a step, so values there have the accuracy of the method, not of an interpolant (bdf
// and adams interpolate with their own order). Requested times must ascend strictly, be finite and not before `start`;
// `start` itself is allowed and gives `initial`.
// Cost: `rhs_calls` calls of f and O(size) work per call. Memory: about 10 (adams, bdf: 20) vectors, and one per stored
// time. No step allocates. Source: Hindmarsh et al., ACM TOMS 31 (2005); Reynolds et al., ACM TOMS 49 (2023) [T].
namespace phaselaw::numerics {

// Writes f(t, y) into dydt; both have the size of `initial`. An exception ends the integration and is passed on.
using OdeRhs = std::function<void(double t, std::span<const double> y, std::span<double> dydt)>;
// Called at each output time that is reached; false ends the integration with status `stopped`.
using OdeObserver = std::function<bool(double t, std::span<const double> y)>;

struct OdeProblem {
  OdeRhs rhs;
  std::span<const double> initial;
  double start = 0;
};

// bdf          variable order 1 to 5, Newton with matrix-free GMRES, products with df/dy by differences: the method
//              for stiff problems, where the fastest time scale is far below the time of interest. Gradient flows
//              of transformers become stiff: as the stream of a token approaches zero, its normalisation, and with it
//              the fastest rate, grows without bound (measured at d_model = 4: by a factor 10^5 in one run; bdf needed
//              3,000 right-hand sides where the others were not half way after 190,000)
// runge_kutta  explicit, Cash and Karp's order 5(4): its errors follow the tolerance best, and kinks and output times
//              cost nothing. At least 2 right-hand sides for each 1/|fastest rate|, however slow the solution
// adams        variable order 1 to 12, fixed-point iteration: a third of the right-hand sides of runge_kutta on long
//              smooth stretches that are not stiff
// At the same tolerance the errors of bdf and adams are up to 40 times those of runge_kutta (decays of rates i^-1.5).
enum class OdeMethod { bdf, runge_kutta, adams };

// Classical methods by their order 1 .. 5.
enum class FixedStepMethod { euler = 1, heun, kutta3, rk4, dormand_prince5 };

// 100 eps: with a smaller tolerance the step-size control would follow the rounding of f.
inline constexpr double kSmallestRelativeTolerance = 2.3e-14;

struct OdeBudget {
  std::int64_t max_rhs = 0;  // right-hand sides; 0: no limit
  double max_seconds = 0;    // wall time; 0: no limit
};

struct OdeOptions {
  OdeMethod method = OdeMethod::bdf;
  double relative_tolerance = 1e-8;   // kSmallestRelativeTolerance .. 0.1
  double absolute_tolerance = 1e-10;  // > 0
  OdeBudget budget;
  bool keep_values = true;  // the solution at every output time, not only the last one
};

struct FixedStepOptions {
  FixedStepMethod method = FixedStepMethod::rk4;
  double step = 0;  // > 0; each interval between outputs is divided into equal steps no longer than this
  OdeBudget budget;
  bool keep_values = true;
};

// finished     every output time was reached
// budget       right-hand sides or seconds ran out
// not_finite   f is NaN or infinite for every step that was tried
// stalled      steps became too short to advance: a singularity, or tolerances that the problem cannot meet
// interrupted  base::interrupted()
// stopped      the observer returned false
enum class OdeStatus { finished, budget, not_finite, stalled, interrupted, stopped };
[[nodiscard]] base::EnumNames<OdeStatus> enum_names(OdeStatus);

struct OdeSolution {
  std::vector<double> times;  // output times reached, a prefix of those requested
  Matrix<double> values;      // times x size; empty unless keep_values
  double time = 0;            // the last time reached, also between output times
  std::vector<double> state;  // the solution at that time
  std::int64_t steps = 0;     // accepted steps
  std::int64_t rejected_steps = 0;
  std::int64_t rhs_calls = 0;
  double seconds = 0;
  OdeStatus status = OdeStatus::finished;
  std::string reason;  // explanation; empty if finished
};

// std::domain_error: times that do not ascend, tolerances or a step outside their domain (the limit is given), an empty
// or not finite initial value.
[[nodiscard]] OdeSolution integrate(const OdeProblem& problem, std::span<const double> times,
                                    const OdeOptions& options = {}, const OdeObserver& observer = {});
[[nodiscard]] OdeSolution integrate_fixed(const OdeProblem& problem, std::span<const double> times,
                                          const FixedStepOptions& options, const OdeObserver& observer = {});

}  // namespace phaselaw::numerics
