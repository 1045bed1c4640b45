// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "phaselaw/base/value.h"
#include "phaselaw/report/page.h"
#include "phaselaw/sweep/experiment.h"

// The drift of the kernel along the gradient flow, over the points of a study: against width, scale or depth.
//
// Each point runs until flow.time; "auto" here means 20 n/lambda_max(H(0)), so that exp(-2 h t/n) of the fastest mode
// is e^-40 everywhere and points with different kernels are compared at the same progress. Squared loss only. slope:
// least squares of ln drift on ln x through all points of one curve; standard error from the scatter of seeds, Student
// t interval at 95 % (points of one seed are independent draws of theta_0).
namespace phaselaw::analysis {

struct LazyPoint {
  std::vector<std::pair<std::string, double>> keys;  // the study's numeric grid keys, in its order
  std::int64_t seed = 0;
  double drift = 0, linearisation = 0, radius = 0, time = 0, lambda_min = 0, lambda_max = 0, seconds = 0;
  std::string status;  // of the integration
};

struct LazySlope {
  std::string curve;  // "model.output_scale = 4"; empty if it is the only one
  double value = 0, lo = 0, hi = 0;
  std::size_t points = 0;
};

struct LazinessStudy {
  std::string axis;               // the key with the most values: the x axis of the figure
  std::vector<LazyPoint> points;  // in the study's order; without those that did not finish
  std::vector<LazySlope> slopes;  // of ln drift on ln axis, one per curve
  std::vector<std::string> warnings;
};

// May return the result of an earlier call instead of measuring; the value is that of a LazyPoint.
using KeepPoint = std::function<base::Value(const sweep::Point& point, const std::function<base::Value()>& measure)>;

// InputError for a study without a numeric grid key of two values, or cross-entropy.
[[nodiscard]] LazinessStudy laziness_study(const sweep::Study& study, int threads, const KeepPoint& keep = {});

[[nodiscard]] std::string laziness_csv(const LazinessStudy& study);
[[nodiscard]] base::Value to_value(const LazinessStudy& study);
[[nodiscard]] report::Figure laziness_figure(const LazinessStudy& study);
[[nodiscard]] report::Table slopes_table(const LazinessStudy& study);
[[nodiscard]] report::Page laziness_page(const LazinessStudy& study, const std::string& study_json);

}  // namespace phaselaw::analysis
