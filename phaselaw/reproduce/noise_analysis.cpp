// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "phaselaw/analysis/linear_student.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/line.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/reproduce/noise.h"

// What follows from the curves of experiment 2 (noise.h).
namespace phaselaw::reproduce {

namespace {

using Teachers = std::span<const std::size_t>;

std::vector<NoisePoint> points_of(const NoiseStudy& study, const NoiseCase& c, Teachers teachers) {
  std::vector<NoisePoint> points;
  for (std::size_t i = 0; i < c.curves.sizes.size(); ++i) {
    const auto curve = mean_curve(c.curves.risk[i], teachers), twin = mean_curve(study.twin.risk[i], teachers);
    const Best best = best_of(curve);
    NoisePoint p;
    p.n = static_cast<double>(c.curves.sizes[i]);
    p.time = c.curves.times[best.at];
    p.best = best.risk;
    p.noise_part = best.risk - twin[best.at];
    for (const std::size_t teacher : teachers)
      p.d_eff += analysis::effective_dimension(study.spectra[i][teacher], p.n, p.time);
    p.d_eff /= static_cast<double>(teachers.size());
    const double xi = theory::noise_at(c.noise, p.n);
    p.predicted = xi * xi * p.d_eff / (p.n * study.outputs);
    points.push_back(p);
  }
  return points;
}

// The slope and the mean of ln value over the points; NaN if a value is not positive.
struct LogLine {
  double slope, mean;
};
LogLine log_line(const std::vector<NoisePoint>& points, const std::vector<double>& values) {
  std::vector<double> x, y;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!(values[i] > 0)) return {base::kNaN, base::kNaN};
    x.push_back(std::log(points[i].n));
    y.push_back(std::log(values[i]));
  }
  return {numerics::least_squares_line(x, y).slope, numerics::mean(y)};
}

std::vector<double> column(const std::vector<NoisePoint>& points, double NoisePoint::*member) {
  std::vector<double> values;
  for (const auto& p : points) values.push_back(p.*member);
  return values;
}

NoiseResult result_of(const NoiseStudy& study, const NoiseCase& c, Teachers teachers) {
  const auto statistics = [&](Teachers some) {  // of positions in `teachers`
    std::vector<std::size_t> chosen;
    for (const std::size_t i : some) chosen.push_back(teachers[i]);
    const auto points = points_of(study, c, chosen);
    const auto gaussian = points_of(study, study.schedules.front(), chosen);
    std::vector<double> ratio;
    for (std::size_t i = 0; i < points.size(); ++i) ratio.push_back(points[i].best / gaussian[i].best);
    const LogLine best = log_line(points, column(points, &NoisePoint::best));
    const LogLine part = log_line(points, column(points, &NoisePoint::noise_part));
    const LogLine predicted = log_line(points, column(points, &NoisePoint::predicted));
    const LogLine to_gaussian = log_line(points, ratio);
    return std::vector<double>{
        best.slope,       part.slope,       part.mean - predicted.mean, part.slope - predicted.slope,
        to_gaussian.mean, to_gaussian.slope};
  };
  NoiseResult result;
  result.points = points_of(study, c, teachers);
  result.noise_share = 1;
  for (const auto& p : result.points) result.noise_share = std::min(result.noise_share, p.noise_part / p.best);
  const auto effects = jackknife(teachers.size(), statistics);
  result.slope = effects[0];
  result.noise_slope = effects[1];
  result.level = exponential(effects[2]);
  result.slope_beyond = effects[3];
  result.ratio = exponential(effects[4]);
  result.ratio_slope = effects[5];
  return result;
}

}  // namespace

NoiseResults analyse(const NoiseStudy& study) {
  std::vector<const RiskCurves*> all = {&study.twin};
  for (const auto* list : {&study.schedules, &study.kinds})
    for (const auto& c : *list) all.push_back(&c.curves);
  const auto teachers = complete_teachers(all);
  NoiseResults results;
  results.teachers = teachers.size();
  if (teachers.empty())
    throw base::RunError("experiment 2: no teacher has a finished run in every case at every size of the data");
  for (const auto& c : study.schedules) results.schedules.push_back(result_of(study, c, teachers));
  for (const auto& c : study.kinds) results.kinds.push_back(result_of(study, c, teachers));
  return results;
}

}  // namespace phaselaw::reproduce
