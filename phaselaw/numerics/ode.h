// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/base/fields.h"
#include "phaselaw/numerics/matrix.h"

// The only interface to the integrator of SUNDIALS (CVODE): initial value problems dy/dt = f(t, y), stiff or not, of
// any size, matrix-free.
//
//   integrate         CVODE's backward differentiation formulas of order 1 to 5, with Newton's method, matrix-free GMRES
//                     and products with df/dy by differences. Steps are chosen so that the local error of each step, in
//                     the weighted root mean square norm
//                     sqrt( mean_i (e_i / (relative_tolerance |y_i| + absolute_tolerance))^2 ), stays below 1. The
//                     error of the solution is proportional to the tolerances, with a factor that depends on the
//                     problem.
//   integrate_fixed   equal steps of the classical Runge-Kutta method, no error control: global error O(step^4).
//
// Gradient flows of transformers become stiff: as the stream of a token approaches zero, its normalisation, and with it
// the fastest rate, grows without bound (measured at d_model = 4: by a factor 10^5 in one run; 3,000 right-hand sides
// where explicit methods with error control were not half way after 190,000).
//
// At an output time inside a step, `integrate` interpolates with the order of the method. Requested times must ascend
// strictly, be finite and not before `start`; `start` itself is allowed and gives `initial`.
// Cost: `rhs_calls` calls of f and O(size) work per call. Memory: about 20 vectors, and one per stored time. No step
// allocates. Source: Hindmarsh et al., ACM TOMS 31 (2005) [T].
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

// 100 eps: with a smaller tolerance the step-size control would follow the rounding of f.
inline constexpr double kSmallestRelativeTolerance = 2.3e-14;

struct OdeBudget {
  std::int64_t max_rhs = 0;  // right-hand sides; 0: no limit
  double max_seconds = 0;    // wall time; 0: no limit
};

struct OdeOptions {
  double relative_tolerance = 1e-8;   // kSmallestRelativeTolerance .. 0.1
  double absolute_tolerance = 1e-10;  // > 0
  OdeBudget budget;
  bool keep_values = true;  // the solution at every output time, not only the last one
};

struct FixedStepOptions {
  double step = 0;  // > 0; each interval between outputs is divided into equal steps no longer than this
  OdeBudget budget;
  bool keep_values = true;
};

// finished     every output time was reached
// budget       right-hand sides or seconds ran out
// not_finite   f is NaN or infinite for every step that was tried
// stalled      steps became too short to advance: a singularity, or tolerances that the problem cannot meet
// stopped      the observer returned false
enum class [[nodiscard]] OdeStatus{finished, budget, not_finite, stalled, stopped};
[[nodiscard]] base::EnumNames<OdeStatus> enum_names(OdeStatus);

struct [[nodiscard]] OdeSolution {
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

// An interrupt gives base::Interrupted and no solution, so that nobody can take a part for the whole.
// std::domain_error: times that do not ascend, tolerances or a step outside their domain (the limit is given), an empty
// or not finite initial value.
[[nodiscard]] OdeSolution integrate(const OdeProblem& problem, std::span<const double> times,
                                    const OdeOptions& options = {}, const OdeObserver& observer = {});
[[nodiscard]] OdeSolution integrate_fixed(const OdeProblem& problem, std::span<const double> times,
                                          const FixedStepOptions& options, const OdeObserver& observer = {});

}  // namespace phaselaw::numerics
