// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/ode.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>

#include <cvode/cvode.h>
#include <fmt/format.h>
#include <nvector/nvector_serial.h>
#include <sunlinsol/sunlinsol_spgmr.h>

#include "phaselaw/base/clock.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"

namespace phaselaw::numerics {

namespace {

using base::Clock;

// Krylov vectors of GMRES: without a preconditioner the default of 5 fails on spectra of a few decades.
constexpr int kKrylovVectors = 20;

template <auto free>
struct Deleter {
  template <class Handle>
  void operator()(Handle* handle) const {
    free(handle);
  }
};
void free_context(_SUNContext* context) { SUNContext_Free(&context); }
void free_cvode(void* memory) { CVodeFree(&memory); }

using Context = std::unique_ptr<_SUNContext, Deleter<free_context>>;
using StateVector = std::unique_ptr<_generic_N_Vector, Deleter<N_VDestroy>>;
using CvodeMemory = std::unique_ptr<void, Deleter<free_cvode>>;
using LinearSolver = std::unique_ptr<_generic_SUNLinearSolver, Deleter<SUNLinSolFree>>;

std::span<double> view(N_Vector v) { return {NV_DATA_S(v), static_cast<std::size_t>(NV_LENGTH_S(v))}; }

bool all_finite(std::span<const double> values) {
  // NaN and infinity are what 0 times them is not 0 for: no branch a number.
  const double* const at = values.data();
  const std::size_t size = values.size();
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::size_t i = 0; i < size; ++i) sum += 0 * at[i];
  return sum == 0;
}

// A stall within so many steps after f was not finite is due to that.
constexpr int kNearNotFinite = 20;

// One integration: what the callbacks of the C library see, and the solution as it grows.
class Integration {
 public:
  Integration(const OdeProblem& problem, std::span<const double> times, const OdeBudget& budget, bool keep_values,
              const OdeObserver& observer)
      : problem_(problem), times_(times), budget_(budget), keep_values_(keep_values), observer_(observer) {
    if (problem.initial.empty() || !problem.rhs || !std::isfinite(problem.start) || !all_finite(problem.initial))
      throw std::domain_error("ode: the initial value must be finite and not empty, and the right-hand side given");
    double before = problem.start;
    for (std::size_t i = 0; i < times.size(); ++i) {
      if (!std::isfinite(times[i]) || times[i] < before || (i > 0 && times[i] == before))
        throw std::domain_error(
            fmt::format("ode: output times must be finite, ascend strictly and begin at {} or later; time {} is {}",
                        problem.start, i + 1, times[i]));
      before = times[i];
    }
    solution_.time = problem.start;
    solution_.state.assign(problem.initial.begin(), problem.initial.end());
    if (keep_values)
      solution_.values.resize(static_cast<Index>(times.size()), static_cast<Index>(problem.initial.size()));
    SUNContext context = nullptr;
    if (SUNContext_Create(nullptr, &context) != 0) throw std::bad_alloc();
    context_.reset(context);
    y_ = make_vector();
  }

  [[nodiscard]] SUNContext context() const { return context_.get(); }
  [[nodiscard]] N_Vector y() const { return y_.get(); }
  [[nodiscard]] double end() const { return times_.back(); }

  static int call_rhs(realtype t, N_Vector y, N_Vector dydt, void* self) {
    return static_cast<Integration*>(self)->rhs(t, view(y), view(dydt));
  }
  static void keep_message(int, const char*, const char*, char* message, void* self) {
    static_cast<Integration*>(self)->message_ = message;
  }

  // advance(t): one step towards the output time t; returns the library's flag (negative: failure) and sets time.
  // output(t): the solution at t into y.
  template <class Advance, class Output>
  void run(Advance&& advance, Output&& output) {
    for (const double target : times_) {
      bool fresh = false;
      while (solution_.time < target) {
        if (!may_go_on()) return finish();
        double t = solution_.time;
        const int flag = advance(target, t);
        if (flag < 0) return failed();
        if (!(t > solution_.time)) {
          message_ = "they are below the rounding of the time";
          return failed();
        }
        if (steps_since_not_finite_ < kNearNotFinite) ++steps_since_not_finite_;
        solution_.time = t;
        std::copy(view(y()).begin(), view(y()).end(), solution_.state.begin());
        fresh = t == target;
      }
      if (!fresh && solution_.time > problem_.start) output(target);
      const auto values = view(y());
      if (keep_values_)
        std::copy(values.begin(), values.end(),
                  solution_.values.row(static_cast<Index>(solution_.times.size())).data());
      solution_.times.push_back(target);
      if (observer_ && !observer_(target, values)) {
        solution_.time = target;
        std::copy(values.begin(), values.end(), solution_.state.begin());
        solution_.status = OdeStatus::stopped;
        solution_.reason = fmt::format("stopped by its observer at t = {}", base::format_number(target, 6));
        return finish();
      }
    }
    finish();
  }

  // 0: done; 1: try a shorter step; -1: give up.
  int rhs(double t, std::span<const double> y, std::span<double> dydt) noexcept {
    if (!may_go_on()) return -1;
    ++solution_.rhs_calls;
    try {
      problem_.rhs(t, y, dydt);
    } catch (...) {
      error_ = std::current_exception();
      return -1;
    }
    if (all_finite(dydt)) return 0;
    steps_since_not_finite_ = 0;
    return 1;
  }

  OdeSolution take() { return std::move(solution_); }
  OdeSolution& solution() { return solution_; }

 private:
  StateVector make_vector() {
    StateVector v(N_VNew_Serial(static_cast<sunindextype>(problem_.initial.size()), context_.get()));
    if (v == nullptr) throw std::bad_alloc();
    std::copy(problem_.initial.begin(), problem_.initial.end(), NV_DATA_S(v.get()));
    return v;
  }

  bool may_go_on() {
    if (base::interrupted()) return false;
    if (budget_.max_rhs > 0 && solution_.rhs_calls >= budget_.max_rhs) {
      solution_.status = OdeStatus::budget;
      budget_word_ = fmt::format("{} right-hand sides", budget_.max_rhs);
    } else if (budget_.max_seconds > 0 && seconds() > budget_.max_seconds) {
      solution_.status = OdeStatus::budget;
      budget_word_ = fmt::format("{} seconds", base::format_number(budget_.max_seconds));
    }
    return solution_.status == OdeStatus::finished;
  }

  void failed() {
    if (solution_.status == OdeStatus::finished && steps_since_not_finite_ < kNearNotFinite) {
      solution_.status = OdeStatus::not_finite;
      solution_.reason =
          fmt::format("the right-hand side is not finite beyond t = {}", base::format_number(solution_.time, 6));
    } else if (solution_.status == OdeStatus::finished) {
      solution_.status = OdeStatus::stalled;
      solution_.reason =
          fmt::format("the steps become too short at t = {}: {}", base::format_number(solution_.time, 6), message_);
    }
    finish();
  }

  void finish() {
    if (error_) std::rethrow_exception(error_);
    base::throw_if_interrupted();
    if (solution_.status == OdeStatus::budget)
      solution_.reason = fmt::format("the budget of {} is used up at t = {} of {}", budget_word_,
                                     base::format_number(solution_.time, 6), base::format_number(end(), 6));
    if (keep_values_) solution_.values.conservativeResize(static_cast<Index>(solution_.times.size()), Eigen::NoChange);
    solution_.seconds = seconds();
  }

  [[nodiscard]] double seconds() const { return base::seconds_since(began_); }

  const OdeProblem& problem_;
  std::span<const double> times_;
  OdeBudget budget_;
  bool keep_values_;
  const OdeObserver& observer_;
  Context context_;
  StateVector y_;
  OdeSolution solution_;
  Clock::time_point began_ = Clock::now();
  std::exception_ptr error_;
  std::string message_, budget_word_;
  int steps_since_not_finite_ = kNearNotFinite;
};

// The flag of a call of CVODE. Without memory there is no solution, which must not look like a property of the problem.
int unless_out_of_memory(int flag) {
  if (flag == CV_MEM_FAIL || flag == CVLS_MEM_FAIL) throw std::bad_alloc();
  return flag;
}

void integrate_by_bdf(Integration& integration, double start, const OdeOptions& options) {
  const CvodeMemory memory(CVodeCreate(CV_BDF, integration.context()));
  void* cvode = memory.get();
  if (cvode == nullptr) throw std::bad_alloc();
  PHASELAW_CHECK_EQ(CVodeSetErrHandlerFn(cvode, Integration::keep_message, &integration), 0);
  PHASELAW_CHECK_EQ(unless_out_of_memory(CVodeInit(cvode, Integration::call_rhs, start, integration.y())), 0);
  PHASELAW_CHECK_EQ(CVodeSetUserData(cvode, &integration), 0);
  PHASELAW_CHECK_EQ(CVodeSStolerances(cvode, options.relative_tolerance, options.absolute_tolerance), 0);
  PHASELAW_CHECK_EQ(CVodeSetStopTime(cvode, integration.end()), 0);
  const LinearSolver linear(SUNLinSol_SPGMR(integration.y(), SUN_PREC_NONE, kKrylovVectors, integration.context()));
  if (linear == nullptr) throw std::bad_alloc();
  PHASELAW_CHECK_EQ(unless_out_of_memory(CVodeSetLinearSolver(cvode, linear.get(), nullptr)), 0);
  const auto advance = [&](double target, double& t) {
    return unless_out_of_memory(CVode(cvode, target, integration.y(), &t, CV_ONE_STEP));
  };
  integration.run(advance, [&](double t) { PHASELAW_CHECK_EQ(CVodeGetDky(cvode, t, 0, integration.y()), 0); });
  long steps = 0, rejected = 0, unsolved = 0;
  CVodeGetNumSteps(cvode, &steps);
  CVodeGetNumErrTestFails(cvode, &rejected);
  CVodeGetNumStepSolveFails(cvode, &unsolved);
  integration.solution().steps = steps;
  integration.solution().rejected_steps = rejected + unsolved;
}

void check_budget(const OdeBudget& budget) {
  if (budget.max_rhs < 0 || !(budget.max_seconds >= 0))
    throw std::domain_error("ode: a budget is not negative; 0 is no limit");
}

}  // namespace

base::EnumNames<OdeStatus> enum_names(OdeStatus) {
  using enum OdeStatus;
  static constexpr std::pair<std::string_view, OdeStatus> kNames[] = {{"finished", finished},
                                                                      {"budget", budget},
                                                                      {"not_finite", not_finite},
                                                                      {"stalled", stalled},
                                                                      {"stopped", stopped}};
  return kNames;
}

OdeSolution integrate(const OdeProblem& problem, std::span<const double> times, const OdeOptions& options,
                      const OdeObserver& observer) {
  if (!(options.relative_tolerance >= kSmallestRelativeTolerance) || !(options.relative_tolerance <= 0.1))
    throw std::domain_error(
        fmt::format("ode: the relative tolerance must be from {} (below it steps would follow rounding) to 0.1, not {}",
                    kSmallestRelativeTolerance, options.relative_tolerance));
  if (!(options.absolute_tolerance > 0) || !std::isfinite(options.absolute_tolerance))
    throw std::domain_error(
        fmt::format("ode: the absolute tolerance must be positive, not {}", options.absolute_tolerance));
  check_budget(options.budget);
  Integration integration(problem, times, options.budget, options.keep_values, observer);
  if (times.empty()) return integration.take();
  integrate_by_bdf(integration, problem.start, options);
  return integration.take();
}

OdeSolution integrate_fixed(const OdeProblem& problem, std::span<const double> times, const FixedStepOptions& options,
                            const OdeObserver& observer) {
  if (!(options.step > 0) || !std::isfinite(options.step))
    throw std::domain_error(fmt::format("ode: the step must be positive, not {}", options.step));
  check_budget(options.budget);
  Integration integration(problem, times, options.budget, options.keep_values, observer);
  if (times.empty()) return integration.take();
  // Stage i is k_i = f(t + c_i h, y + a_i h k_{i-1}); the step is h sum_i b_i k_i.
  constexpr std::size_t kStages = 4;
  constexpr double c[kStages] = {0, 0.5, 0.5, 1}, a[kStages] = {0, 0.5, 0.5, 1};
  constexpr double b[kStages] = {1.0 / 6, 2.0 / 6, 2.0 / 6, 1.0 / 6};
  const std::size_t size = problem.initial.size();
  std::vector<std::vector<double>> k(kStages, std::vector<double>(size));
  std::vector<double> point(size);
  double from = problem.start, step = 0;
  std::int64_t steps = 0, done = 0;
  integration.run(
      [&](double target, double& t) {
        if (done == steps) {
          from = t;
          // A stretch that is a whole number of steps but for rounding is not cut once more.
          steps = std::max<std::int64_t>(1, std::llround(std::ceil((target - t) / options.step * (1 - 1e-12))));
          step = (target - t) / static_cast<double>(steps);
          done = 0;
        }
        double* const y = NV_DATA_S(integration.y());
        for (std::size_t i = 0; i < kStages; ++i) {
          std::copy_n(y, size, point.data());
          for (std::size_t x = 0; i > 0 && x < size; ++x) point[x] += step * a[i] * k[i - 1][x];
          if (integration.rhs(t + c[i] * step, point, k[i]) != 0) return -1;
        }
        for (std::size_t i = 0; i < kStages; ++i)
          for (std::size_t x = 0; x < size; ++x) y[x] += step * b[i] * k[i][x];
        ++integration.solution().steps;
        t = ++done == steps ? target : from + static_cast<double>(done) * step;
        return 0;
      },
      [](double) {});
  return integration.take();
}

}  // namespace phaselaw::numerics
