// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/predicted_envelope.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/numerics/line.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::dynamics {

namespace {

using base::kNaN;
using numerics::Matrix;

struct Candidate {
  double risk = kNaN, time = kNaN;
};

// The curve of one n at a time inside its grid; ln risk linear in ln t, risk linear in t next to zero.
double interpolate(std::span<const double> times, const double* risk, double time) {
  const auto above = static_cast<std::size_t>(std::lower_bound(times.begin(), times.end(), time) - times.begin());
  if (times[above] == time) return risk[above];
  const double t0 = times[above - 1], t1 = times[above], r0 = risk[above - 1], r1 = risk[above];
  if (t0 > 0 && r0 > 0 && r1 > 0)
    return std::exp(std::lerp(std::log(r0), std::log(r1), std::log(time / t0) / std::log(t1 / t0)));
  return std::lerp(r0, r1, (time - t0) / (t1 - t0));
}

// The finite times of the grid.
std::span<const double> finite(const std::vector<double>& times) {
  return {times.data(), times.size() - (std::isinf(times.back()) ? 1 : 0)};
}

Candidate best_of(std::span<const double> times, const double* risk, double time, bool early_stopping) {
  if (times.empty() || time < times.front() || time > times.back()) return {};
  Candidate best{interpolate(times, risk, time), time};
  if (early_stopping)
    for (std::size_t t = 0; t < times.size() && times[t] < time; ++t)
      if (risk[t] < best.risk) best = {risk[t], times[t]};
  return best;
}

std::vector<PredictedEnvelopePoint> envelope(const RiskSurface& surface, const Matrix<double>& risk,
                                             const ComputeModel& model, const PredictedEnvelopeOptions& options) {
  std::vector<PredictedEnvelopePoint> points;
  for (const double compute : options.compute) {
    PredictedEnvelopePoint best{compute, kNaN, kNaN, kNaN, 0, kNaN};
    for (std::size_t k = 0; k < surface.n_data.size(); ++k) {
      const double time = model.time(static_cast<double>(surface.n_data[k]), compute);
      const Candidate found =
          best_of(finite(surface.times), risk.row(static_cast<Eigen::Index>(k)).data(), time, options.early_stopping);
      if (!std::isnan(found.risk) && !(found.risk >= best.risk)) {
        best.risk = found.risk;
        best.n_data = surface.n_data[k];
        best.time = found.time;
      }
    }
    if (!std::isnan(best.risk)) points.push_back(best);
  }
  return points;
}

// No slope if fewer than three points lie in the window or one is not above the floor.
std::optional<numerics::Line> fit_line(const std::vector<PredictedEnvelopePoint>& points, double lo, double hi,
                                       double floor) {
  std::vector<double> x, y;
  for (const auto& point : points)
    if (point.compute >= lo && point.compute <= hi) {
      if (!(point.risk > floor)) return std::nullopt;
      x.push_back(std::log(point.compute));
      y.push_back(std::log(point.risk - floor));
    }
  if (x.size() < 3) return std::nullopt;
  return numerics::least_squares_line(x, y);
}

void validate(const RiskSurface& surface, const ComputeModel& model, const PredictedEnvelopeOptions& options) {
  const auto positive = [](double x) { return x > 0 && std::isfinite(x); };
  PHASELAW_CHECK(!surface.times.empty() && !surface.n_data.empty());
  if (!positive(model.learning_rate) || !positive(model.flop_per_sequence))
    throw base::InputError(fmt::format("envelope: expected learning_rate and flop_per_sequence > 0, found {} and {}",
                                       model.learning_rate, model.flop_per_sequence));
  if (options.compute.empty() || !std::all_of(options.compute.begin(), options.compute.end(), positive) ||
      !std::is_sorted(options.compute.begin(), options.compute.end(), std::less_equal<>()))
    throw base::InputError("envelope: compute must be an increasing list of finite numbers > 0");
  if (!(options.floor >= 0) || !(options.window_lo >= 0) || !(options.window_hi >= 0) || !(options.level > 0) ||
      !(options.level < 1) || options.resamples < 0)
    throw base::InputError("envelope: expected floor, window and resamples >= 0 and level in (0, 1)");
}

// Percentiles of each point's risk and of the slope over replicate surfaces.
void add_intervals(const RiskSurface& surface, const ComputeModel& model, const PredictedEnvelopeOptions& options,
                   PredictedEnvelope& result) {
  const double hi = options.window_hi > 0 ? options.window_hi : options.compute.back();
  std::vector<std::vector<double>> risks(result.points.size());
  std::vector<double> exponents;
  for (int b = 0; b < options.resamples; ++b) {
    const auto points =
        envelope(surface, replicate_risk(surface, options.seed, static_cast<std::uint64_t>(b)), model, options);
    PHASELAW_CHECK_EQ(points.size(), risks.size());  // which points exist depends only on the grid
    for (std::size_t i = 0; i < points.size(); ++i) risks[i].push_back(points[i].risk);
    if (const auto line = fit_line(points, options.window_lo, hi, options.floor)) exponents.push_back(-line->slope);
  }
  const double below = (1 - options.level) / 2, above = (1 + options.level) / 2;
  for (std::size_t i = 0; i < risks.size(); ++i) {
    result.points[i].lo = numerics::quantile(risks[i], below);
    result.points[i].hi = numerics::quantile(risks[i], above);
  }
  result.resamples = static_cast<int>(exponents.size());
  if (exponents.empty()) return;
  result.lo = numerics::quantile(exponents, below);
  result.hi = numerics::quantile(exponents, above);
  result.method += fmt::format("; {} percentile interval over {} resamplings of sequences and subsets",
                               base::format_percent(options.level, 4), result.resamples);
}

}  // namespace

PredictedEnvelope predicted_envelope(const RiskSurface& surface, const ComputeModel& model,
                                     const PredictedEnvelopeOptions& options) {
  validate(surface, model, options);
  PredictedEnvelope result;
  result.points = envelope(surface, surface.risk, model, options);
  const double hi = options.window_hi > 0 ? options.window_hi : options.compute.back();
  const auto line = fit_line(result.points, options.window_lo, hi, options.floor);
  if (!line)
    throw base::InputError(
        fmt::format("envelope: the window {} .. "
                    "{} needs 3 points of the compute grid that some n reaches, all above the floor {}; "
                    "widen the window or the grid of n and times, or lower the floor",
                    base::format_number(options.window_lo, 3, base::Notation::power),
                    base::format_number(hi, 3, base::Notation::power), base::format_number(options.floor)));
  result.exponent = -line->slope;
  result.log_amplitude = line->intercept;
  result.lo = result.hi = result.window_lo = kNaN;
  for (const auto& point : result.points)
    if (point.compute >= options.window_lo && point.compute <= hi) {
      if (std::isnan(result.window_lo)) result.window_lo = point.compute;
      result.window_hi = point.compute;
    }
  result.method =
      fmt::format("lower envelope of the {} surface over n, log-log slope for C in {} .. {}",
                  base::enum_name(surface.estimator), base::format_number(result.window_lo, 3, base::Notation::power),
                  base::format_number(result.window_hi, 3, base::Notation::power));
  if (options.resamples > 0 && !surface.held_out.empty()) add_intervals(surface, model, options, result);
  return result;
}

}  // namespace phaselaw::dynamics
