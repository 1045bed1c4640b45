// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/ode.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <memory>
#include <stdexcept>

#include <arkode/arkode_erkstep.h>
#include <cvode/cvode.h>
#include <fmt/format.h>
#include <nvector/nvector_serial.h>
#include <sunlinsol/sunlinsol_spgmr.h>
#include <sunnonlinsol/sunnonlinsol_fixedpoint.h>

#include "phaselaw/base/clock.h"
#include "phaselaw/base/errors.h"
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
void free_erk(void* memory) { ERKStepFree(&memory); }
void free_cvode(void* memory) { CVodeFree(&memory); }

using Context = std::unique_ptr<_SUNContext, Deleter<free_context>>;
using StateVector = std::unique_ptr<_generic_N_Vector, Deleter<N_VDestroy>>;
using ErkMemory = std::unique_ptr<void, Deleter<free_erk>>;
using CvodeMemory = std::unique_ptr<void, Deleter<free_cvode>>;
using LinearSolver = std::unique_ptr<_generic_SUNLinearSolver, Deleter<SUNLinSolFree>>;
using NonlinearSolver = std::unique_ptr<_generic_SUNNonlinearSolver, Deleter<SUNNonlinSolFree>>;

// Explicit Runge-Kutta methods: stage i is f(t + c_i h, y + h sum_{j<i} a_ij k_j); the step is h sum_i b_i k_i.
struct Tableau {
  std::vector<double> c, a, b;  // a: rows 2 .. s below the diagonal, one after the other
};

Tableau tableau(FixedStepMethod method) {
  switch (method) {
    case FixedStepMethod::euler:
      return {{0}, {}, {1}};
    case FixedStepMethod::heun:
      return {{0, 1}, {1}, {0.5, 0.5}};
    case FixedStepMethod::kutta3:
      return {{0, 0.5, 1}, {0.5, -1, 2}, {1.0 / 6, 4.0 / 6, 1.0 / 6}};
    case FixedStepMethod::rk4:
      return {{0, 0.5, 0.5, 1}, {0.5, 0, 0.5, 0, 0, 1}, {1.0 / 6, 2.0 / 6, 2.0 / 6, 1.0 / 6}};
    case FixedStepMethod::dormand_prince5:
      return {{0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1},
              {1.0 / 5,                                                                   //
               3.0 / 40, 9.0 / 40,                                                        //
               44.0 / 45, -56.0 / 15, 32.0 / 9,                                           //
               19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729,             //
               9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},  //
              {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84}};
  }
  throw std::domain_error("ode: unknown fixed-step method");
}

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

// A step is given up after so many attempts, each shorter by about kShorten.
constexpr int kMostRejections = 25;
constexpr double kShorten = 0.1;
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
    PHASELAW_CHECK_EQ(SUNContext_Create(nullptr, &context), 0);
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
        solution_.reason = fmt::format("stopped by its observer at t = {:.6g}", target);
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

  // Did the last step fail because f was not finite, with time and budget left to try a shorter one?
  [[nodiscard]] bool may_shorten() const {
    return solution_.status == OdeStatus::finished && !error_ && steps_since_not_finite_ == 0;
  }
  void restore() { std::copy(solution_.state.begin(), solution_.state.end(), NV_DATA_S(y())); }

  OdeSolution take() { return std::move(solution_); }
  OdeSolution& solution() { return solution_; }

 private:
  StateVector make_vector() {
    StateVector v(N_VNew_Serial(static_cast<sunindextype>(problem_.initial.size()), context_.get()));
    PHASELAW_CHECK(v != nullptr);
    std::copy(problem_.initial.begin(), problem_.initial.end(), NV_DATA_S(v.get()));
    return v;
  }

  bool may_go_on() {
    if (base::interrupted()) {
      solution_.status = OdeStatus::interrupted;
    } else if (budget_.max_rhs > 0 && solution_.rhs_calls >= budget_.max_rhs) {
      solution_.status = OdeStatus::budget;
      budget_word_ = fmt::format("{} right-hand sides", budget_.max_rhs);
    } else if (budget_.max_seconds > 0 && seconds() > budget_.max_seconds) {
      solution_.status = OdeStatus::budget;
      budget_word_ = fmt::format("{:.3g} seconds", budget_.max_seconds);
    }
    return solution_.status == OdeStatus::finished;
  }

  void failed() {
    if (solution_.status == OdeStatus::finished && steps_since_not_finite_ < kNearNotFinite) {
      solution_.status = OdeStatus::not_finite;
      solution_.reason = fmt::format("the right-hand side is not finite beyond t = {:.6g}", solution_.time);
    } else if (solution_.status == OdeStatus::finished) {
      solution_.status = OdeStatus::stalled;
      solution_.reason = fmt::format("the steps become too short at t = {:.6g}: {}", solution_.time, message_);
    }
    finish();
  }

  void finish() {
    if (error_) std::rethrow_exception(error_);
    if (solution_.status == OdeStatus::budget)
      solution_.reason =
          fmt::format("the budget of {} is used up at t = {:.6g} of {:.6g}", budget_word_, solution_.time, end());
    if (solution_.status == OdeStatus::interrupted)
      solution_.reason = fmt::format("interrupted at t = {:.6g} of {:.6g}", solution_.time, end());
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

void runge_kutta(Integration& integration, double start, const OdeOptions& options) {
  const ErkMemory memory(ERKStepCreate(Integration::call_rhs, start, integration.y(), integration.context()));
  void* erk = memory.get();
  PHASELAW_CHECK(erk != nullptr);
  PHASELAW_CHECK_EQ(ERKStepSetUserData(erk, &integration), 0);
  PHASELAW_CHECK_EQ(ERKStepSetErrHandlerFn(erk, Integration::keep_message, &integration), 0);
  PHASELAW_CHECK_EQ(ERKStepSStolerances(erk, options.relative_tolerance, options.absolute_tolerance), 0);
  PHASELAW_CHECK_EQ(ERKStepSetTableNum(erk, ARKODE_CASH_KARP_6_4_5), 0);
  PHASELAW_CHECK_EQ(ERKStepSetMaxErrTestFails(erk, kMostRejections), 0);
  int retries = 0;
  integration.run(
      [&](double target, double& t) {
        ERKStepSetStopTime(erk, target);
        while (true) {
          const double from = t;
          const int flag = ERKStepEvolve(erk, target, integration.y(), &t, ARK_ONE_STEP);
          if (flag >= 0) retries = 0;
          if (flag >= 0 || !integration.may_shorten() || ++retries > kMostRejections) return flag;
          // ARKODE does not try again by itself where f is not finite.
          double step = 0;
          ERKStepGetCurrentStep(erk, &step);
          t = from;
          integration.restore();
          ERKStepReset(erk, t, integration.y());
          ERKStepSetInitStep(erk, kShorten * (step > 0 ? step : target - t));
        }
      },
      [](double) {});
  long steps = 0, rejected = 0;
  ERKStepGetNumSteps(erk, &steps);
  ERKStepGetNumErrTestFails(erk, &rejected);
  integration.solution().steps = steps;
  integration.solution().rejected_steps = rejected;
}

void multistep(Integration& integration, double start, const OdeOptions& options) {
  const bool stiff = options.method == OdeMethod::bdf;
  LinearSolver linear;
  NonlinearSolver nonlinear;
  const CvodeMemory memory(CVodeCreate(stiff ? CV_BDF : CV_ADAMS, integration.context()));
  void* cvode = memory.get();
  PHASELAW_CHECK(cvode != nullptr);
  PHASELAW_CHECK_EQ(CVodeSetErrHandlerFn(cvode, Integration::keep_message, &integration), 0);
  PHASELAW_CHECK_EQ(CVodeInit(cvode, Integration::call_rhs, start, integration.y()), 0);
  PHASELAW_CHECK_EQ(CVodeSetUserData(cvode, &integration), 0);
  PHASELAW_CHECK_EQ(CVodeSStolerances(cvode, options.relative_tolerance, options.absolute_tolerance), 0);
  PHASELAW_CHECK_EQ(CVodeSetStopTime(cvode, integration.end()), 0);
  if (stiff) {
    linear.reset(SUNLinSol_SPGMR(integration.y(), SUN_PREC_NONE, kKrylovVectors, integration.context()));
    PHASELAW_CHECK_EQ(CVodeSetLinearSolver(cvode, linear.get(), nullptr), 0);
  } else {
    nonlinear.reset(SUNNonlinSol_FixedPoint(integration.y(), 0, integration.context()));
    PHASELAW_CHECK_EQ(CVodeSetNonlinearSolver(cvode, nonlinear.get()), 0);
  }
  integration.run([&](double target, double& t) { return CVode(cvode, target, integration.y(), &t, CV_ONE_STEP); },
                  [&](double t) { PHASELAW_CHECK_EQ(CVodeGetDky(cvode, t, 0, integration.y()), 0); });
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
  static constexpr std::pair<std::string_view, OdeStatus> kNames[] = {
      {"finished", finished}, {"budget", budget},           {"not_finite", not_finite},
      {"stalled", stalled},   {"interrupted", interrupted}, {"stopped", stopped}};
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
  if (options.method == OdeMethod::runge_kutta)
    runge_kutta(integration, problem.start, options);
  else
    multistep(integration, problem.start, options);
  return integration.take();
}

OdeSolution integrate_fixed(const OdeProblem& problem, std::span<const double> times, const FixedStepOptions& options,
                            const OdeObserver& observer) {
  if (!(options.step > 0) || !std::isfinite(options.step))
    throw std::domain_error(fmt::format("ode: the step must be positive, not {}", options.step));
  check_budget(options.budget);
  Integration integration(problem, times, options.budget, options.keep_values, observer);
  if (times.empty()) return integration.take();
  const Tableau method = tableau(options.method);
  const std::size_t stages = method.c.size(), size = problem.initial.size();
  std::vector<std::vector<double>> k(stages, std::vector<double>(size));
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
        const double* a = method.a.data();
        for (std::size_t i = 0; i < stages; a += i++) {
          std::copy_n(y, size, point.data());
          for (std::size_t j = 0; j < i; ++j)
            for (std::size_t x = 0; a[j] != 0 && x < size; ++x) point[x] += step * a[j] * k[j][x];
          if (const int flag = integration.rhs(t + method.c[i] * step, point, k[i]); flag != 0) return -1;
        }
        for (std::size_t i = 0; i < stages; ++i)
          for (std::size_t x = 0; x < size; ++x) y[x] += step * method.b[i] * k[i][x];
        ++integration.solution().steps;
        t = ++done == steps ? target : from + static_cast<double>(done) * step;
        return 0;
      },
      [](double) {});
  return integration.take();
}

}  // namespace phaselaw::numerics
