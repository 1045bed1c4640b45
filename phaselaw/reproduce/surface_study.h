// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phaselaw/reproduce/experiment.h"
#include "phaselaw/reproduce/random_effect.h"
#include "phaselaw/reproduce/surface.h"

// The runs and the statistics of the surface of a vector teacher (E1.surface).
//
// Students of one fixed depth learn random teachers of the same class from noisy targets, by gradient descent on all n
// sequences (a step costs M n), and only d_hidden grows with M. The task is the same for every M: the teacher has its
// own fixed width. A seed is a new teacher with its data and initialisation; every statistic is computed from curves
// averaged over teachers, and its interval is the jackknife over teachers (random_effect.h).
//
// Sizes n are a factor sqrt 2 apart. An envelope of few curves has a bulge between two sizes; unequal ratios would make
// bulges of unequal height and tilt the slope by several per cent.
//
// Presets differ in the number of teachers only: sizes, times and noise are the same, so both measure the same numbers.
namespace phaselaw::reproduce {

// One study with M = 128 n_layers (n/8)^p for every p in `powers`; p = 0 is the one size 256 n_layers.
struct SurfaceDesign {
  std::string name;  // of its store
  double noise = 0.5;
  std::int64_t n_layers = 1, steps = 1600;
  std::vector<std::int64_t> sizes = {8, 11, 16, 23, 32, 45, 64};  // n
  std::vector<int> powers = {0, 1, 2, 3};                         // p_M
  std::int64_t quick_teachers = 5, full_teachers = 120;
};
// noise 0.5 (decides), 1, 0.25, and two layers.
[[nodiscard]] const std::vector<SurfaceDesign>& surface_designs();

// d_hidden for p_M = power at n_data; a layer has 64 + 8 d_hidden parameters.
[[nodiscard]] std::int64_t surface_d_hidden(int power, std::int64_t n_data);

[[nodiscard]] StudyRuns surface_runs(const Context& context, const SurfaceDesign& design);
[[nodiscard]] std::vector<SurfacePath> surface_paths(const StudyRuns& runs, const SurfaceDesign& design);

// The curves of a study as cells, one for each (n, d_hidden), of the teachers that finished in every cell. The number of
// teachers left out is added to `left_out`.
[[nodiscard]] std::vector<SurfaceCell> cells_of(const StudyRuns& runs, std::size_t& left_out);

// The numbers of a path with their effects.
struct SurfaceRow {
  SurfacePath path;
  theory::Charge charge;
  Effect data_exponent, time_exponent, envelope, implied, threshold, params_of_charge, data_of_charge, steps_of_charge;
  Effect log_ratio;             // ln of the envelope's exponent over the implied one
  double decades = 0;           // of charge between the first and the last best time
  bool interior = true;         // every run passed its best time
  double share_of_largest = 0;  // of the envelope's points at which the largest n is lowest
};
[[nodiscard]] SurfaceRow row_of(SurfacePath path, const theory::Charge& charge);

// 1/q on p_M over the paths of one study, times b: 1 if the accounting acts as predicted.
[[nodiscard]] Effect accounting_slope(const std::vector<SurfacePath>& paths);
// The slope of ln(best risk) on ln M at the largest n, over the paths of one study.
[[nodiscard]] Effect model_tax(const std::vector<SurfacePath>& paths);

// The isolated laws in M and in T, without noise.
struct ModelLaw {
  std::vector<double> n_params;
  std::vector<double> risk;  // mean over teachers at the end of decayed runs
  Effect exponent, change;   // of power_law()
  StudyRuns runs;
};
[[nodiscard]] ModelLaw model_law(const Context& context);

struct FallingCurves {
  SurfaceCell cell;
  Effect gain;                                          // of falling_form() over teachers
  double exponential_residual = 0, power_residual = 0;  // means over teachers
  Effect exponent;                                      // of a power law through the last factor 10 of steps
};
[[nodiscard]] FallingCurves falling_curves(SurfaceCell cell);

struct VectorSurface {
  std::vector<SurfaceRow> rows;    // charged M n T; the first is noise 0.5, M ~ n^3
  std::vector<SurfaceRow> others;  // fixed M, noise 0.5, charged steps
  Effect slope, tax;
  Effect time_of_data, time_of_noise, time_of_data_without_log;  // fixed M, all noise levels
  ModelLaw model;
  FallingCurves first_stage, time;
  std::vector<std::string> notes;
  double cost_flop = 0;  // of the four surfaces, exact
  std::vector<std::pair<std::string, std::string>> configurations;
};
[[nodiscard]] VectorSurface vector_surface(const Context& context);

}  // namespace phaselaw::reproduce
