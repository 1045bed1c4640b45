// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/base/constants.h"
#include "phaselaw/theory/implied_exponents.h"

// Numbers of the excess-risk surface over model size M, data n and steps T (docs/theory/implied-exponents.md).
//
// A path is a sequence of sizes n with M ~ n^p_M, each trained once for every teacher with measurements along the
// training. Curves are averaged over teachers first, because the law is about expected risk. Then, on logarithms:
//
//   best time     the minimum over T of each curve: the vertex of a parabola in ln T through the points within 15 % of
//                 the lowest one. Delta R ~ n^-b and T* ~ n^p_T are lines through these minima.
//   envelope      the lowest of all curves at equal charge C = M^u n^v T^w, at 20 charges per power of ten between the
//                 best times of the first and the last n; q is minus its slope. M(C), n(C) and T(C) are the sizes of the
//                 run that is lowest.
//   implied       b/(u p_M + v + w p_T), from b and p_T alone (theory/implied_exponents.h)
//   threshold     C*(n): the charge at which the risk first falls to twice its minimum, where the theory's fixed-n law
//                 has its threshold; p is the slope of ln C* on ln n
// Units: those of the risk; M in parameters, n in sequences, T in steps. Cost: O(points). Source: [R] accounting, [T].
// Errors: PHASELAW_CHECK for curves of unequal length, fewer than three points, values that are not positive.
namespace phaselaw::reproduce {

// One size of model and data.
struct SurfaceCell {
  double n_params = 0, n_data = 0;
  std::vector<double> steps;              // ascending, >= 1
  std::vector<std::vector<double>> risk;  // for each teacher, at these steps; all > 0
};

struct SurfacePath {
  std::string name;  // noise, depth and growth of M in words
  double noise = 0;  // xi
  std::int64_t n_layers = 1;
  double p_model = 0;              // M ~ n^p_model
  std::vector<SurfaceCell> cells;  // n_data ascending; the same teachers in every cell
  [[nodiscard]] std::size_t teachers() const { return cells.empty() ? 0 : cells.front().risk.size(); }
};

using Teachers = std::span<const std::size_t>;                              // indices
[[nodiscard]] std::vector<std::size_t> all_teachers(std::size_t teachers);  // 0, 1, ...

[[nodiscard]] std::vector<double> logs(std::span<const double> values);

// The average of the chosen teachers' curves.
[[nodiscard]] std::vector<double> mean_curve(const SurfaceCell& cell, Teachers teachers);

struct BestTime {
  double log_steps = 0, log_risk = 0;
  bool interior = true;  // false: the lowest point is the first or the last one, so the minimum lies outside
};
[[nodiscard]] BestTime best_time(std::span<const double> steps, std::span<const double> risk);

// ln of the first step at which the risk is at most `factor` times its minimum, linear in the logarithms between points.
[[nodiscard]] double log_threshold_steps(std::span<const double> steps, std::span<const double> risk,
                                         double factor = 2);

// y at `at`, linear between the points of ascending x; infinity outside them.
[[nodiscard]] double interpolate(std::span<const double> x, std::span<const double> y, double at);

struct Envelope {
  std::vector<double> log_charge, log_risk;
  std::vector<double> log_params, log_data, log_steps;  // of the run that is lowest
};

struct PathNumbers {
  double data_exponent = 0;                                              // b: best risk ~ n^-b
  double time_exponent = 0;                                              // p_T: T* ~ n^p_T
  double envelope = 0;                                                   // q
  double implied = 0;                                                    // b/(u p_M + v + w p_T)
  double threshold = 0;                                                  // p: C* ~ n^p
  double params_of_charge = 0, data_of_charge = 0, steps_of_charge = 0;  // exponents of M(C), n(C), T(C)

  static constexpr std::size_t kCount = 8;
  [[nodiscard]] std::vector<double> list() const;
};

[[nodiscard]] double log_charge(const theory::Charge& charge, double n_params, double n_data, double log_steps);
[[nodiscard]] std::vector<BestTime> best_times(const SurfacePath& path, Teachers teachers);
[[nodiscard]] Envelope envelope_of(const SurfacePath& path, const theory::Charge& charge, Teachers teachers);
[[nodiscard]] PathNumbers measure_path(const SurfacePath& path, const theory::Charge& charge, Teachers teachers);

// T* ~ n^p_T xi^s over paths of several noise levels: p_T and s by least squares of ln T* on ln n and ln xi. With
// `divide_by_log`, T* is first divided by log(n/xi^2), the logarithm of the accounting.
struct TimeLaw {
  double of_data = base::kNaN, of_noise = base::kNaN;
};
[[nodiscard]] TimeLaw time_law(std::span<const SurfacePath> paths, Teachers teachers, bool divide_by_log = false);

// How a curve falls: AICc of ln risk, c (1 + T/tau)^-g against c exp(-k T), positive if the exponential is better, and
// the residuals of both (standard deviation of ln risk). The power is the wider family: it tends to the exponential as
// tau grows. At least six points. [T]
struct FallingForm {
  double gain = 0;
  double exponential_residual = 0, power_residual = 0;
};
[[nodiscard]] FallingForm falling_form(std::span<const double> steps, std::span<const double> risk);

// Minus the slope of ln y on ln x, and the change of the local exponent across the range: the quadratic part of
// ln y times the width of ln x. A law that is one power has change 0.
struct PowerLaw {
  double exponent = 0, change = 0;
};
[[nodiscard]] PowerLaw power_law(std::span<const double> x, std::span<const double> y);

}  // namespace phaselaw::reproduce
