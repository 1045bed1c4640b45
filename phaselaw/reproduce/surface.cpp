// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/reproduce/surface.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/line.h"
#include "phaselaw/numerics/statistics.h"
#include "phaselaw/reproduce/line.h"

namespace phaselaw::reproduce {

namespace {

constexpr double kNearMinimum = 1.15;
constexpr double kEnvelopeStep = std::numbers::ln10 / 20;

// y = c0 + c1 (x - x0) + c2 (x - x0)^2 by least squares, with x0 the mean of x.
struct Parabola {
  double x0 = 0, c0 = 0, c1 = 0, c2 = 0;
};
Parabola fit_parabola(std::span<const double> x, std::span<const double> y) {
  Parabola p;
  const double n = static_cast<double>(x.size());
  p.x0 = numerics::mean(x);
  double s2 = 0, s3 = 0, s4 = 0, y0 = 0, y1 = 0, y2 = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double d = x[i] - p.x0;
    s2 += d * d;
    s3 += d * d * d;
    s4 += d * d * d * d;
    y0 += y[i];
    y1 += y[i] * d;
    y2 += y[i] * d * d;
  }
  // Normal equations with sum d = 0.
  const double a = s4 - s2 * s2 / n - s3 * s3 / s2;
  p.c2 = (y2 - y0 * s2 / n - y1 * s3 / s2) / a;
  p.c1 = (y1 - p.c2 * s3) / s2;
  p.c0 = (y0 - p.c2 * s2) / n;
  return p;
}

double slope(std::span<const double> x, std::span<const double> y) { return numerics::least_squares_line(x, y).slope; }

}  // namespace

double interpolate(std::span<const double> x, std::span<const double> y, double at) {
  if (at < x.front() || at > x.back()) return base::kInfinity;
  const auto right = std::lower_bound(x.begin(), x.end(), at);
  if (right == x.begin()) return y.front();
  const auto i = static_cast<std::size_t>(right - x.begin());
  return y[i - 1] + (y[i] - y[i - 1]) * (at - x[i - 1]) / (x[i] - x[i - 1]);
}

std::vector<std::size_t> all_teachers(std::size_t teachers) {
  std::vector<std::size_t> all(teachers);
  std::iota(all.begin(), all.end(), std::size_t{0});
  return all;
}

std::vector<double> logs(std::span<const double> values) {
  std::vector<double> out;
  for (const double value : values) out.push_back(std::log(value));
  return out;
}

std::vector<double> mean_curve(const SurfaceCell& cell, Teachers teachers) {
  std::vector<double> mean(cell.steps.size());
  for (const std::size_t teacher : teachers) {
    const auto& risk = cell.risk.at(teacher);
    PHASELAW_CHECK(risk.size() == mean.size());
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += risk[i] / static_cast<double>(teachers.size());
  }
  return mean;
}

BestTime best_time(std::span<const double> steps, std::span<const double> risk) {
  PHASELAW_CHECK(steps.size() == risk.size() && risk.size() >= 3);
  const auto lowest = static_cast<std::size_t>(std::min_element(risk.begin(), risk.end()) - risk.begin());
  PHASELAW_CHECK(risk[lowest] > 0);
  BestTime best{std::log(steps[lowest]), std::log(risk[lowest]), lowest > 0 && lowest + 1 < risk.size()};
  if (!best.interior) return best;
  std::size_t first = lowest, last = lowest;
  while (first > 0 && risk[first - 1] <= kNearMinimum * risk[lowest]) --first;
  while (last + 1 < risk.size() && risk[last + 1] <= kNearMinimum * risk[lowest]) ++last;
  first = std::min(first, lowest - 1);
  last = std::max(last, lowest + 1);
  const auto x = logs(steps.subspan(first, last - first + 1)), y = logs(risk.subspan(first, last - first + 1));
  const Parabola p = fit_parabola(x, y);
  if (!(p.c2 > 0)) return best;
  const double vertex = p.x0 - p.c1 / (2 * p.c2);
  if (vertex < x.front() || vertex > x.back()) return best;
  best.log_steps = vertex;
  best.log_risk = p.c0 - p.c1 * p.c1 / (4 * p.c2);
  return best;
}

double log_threshold_steps(std::span<const double> steps, std::span<const double> risk, double factor) {
  const double level = std::log(factor * *std::min_element(risk.begin(), risk.end()));
  for (std::size_t i = 0; i < risk.size(); ++i) {
    if (std::log(risk[i]) > level) continue;
    if (i == 0) return std::log(steps[0]);
    const double share = (std::log(risk[i - 1]) - level) / (std::log(risk[i - 1]) - std::log(risk[i]));
    return std::log(steps[i - 1]) + share * (std::log(steps[i]) - std::log(steps[i - 1]));
  }
  return std::log(steps.back());
}

std::vector<double> PathNumbers::list() const {
  return {data_exponent, time_exponent,    envelope,       implied,
          threshold,     params_of_charge, data_of_charge, steps_of_charge};
}

double log_charge(const theory::Charge& charge, double n_params, double n_data, double log_steps) {
  return charge.n_params * std::log(n_params) + charge.n_data * std::log(n_data) + charge.n_steps * log_steps;
}

std::vector<BestTime> best_times(const SurfacePath& path, Teachers teachers) {
  std::vector<BestTime> best;
  for (const auto& cell : path.cells) best.push_back(best_time(cell.steps, mean_curve(cell, teachers)));
  return best;
}

Envelope envelope_of(const SurfacePath& path, const theory::Charge& charge, Teachers teachers) {
  PHASELAW_CHECK(charge.n_steps > 0 && path.cells.size() >= 2);
  std::vector<std::vector<double>> log_steps, log_risk;
  for (const auto& cell : path.cells) {
    log_steps.push_back(logs(cell.steps));
    log_risk.push_back(logs(mean_curve(cell, teachers)));
  }
  const auto best = best_times(path, teachers);
  const auto charge_of = [&](std::size_t i) {
    return log_charge(charge, path.cells[i].n_params, path.cells[i].n_data, best[i].log_steps);
  };
  const double first = charge_of(0), last = charge_of(path.cells.size() - 1);
  Envelope e;
  for (double c = first; c <= last; c += kEnvelopeStep) {
    double lowest = base::kInfinity, at_steps = 0;
    std::size_t cell_of = 0;
    for (std::size_t i = 0; i < path.cells.size(); ++i) {
      const double t = (c - log_charge(charge, path.cells[i].n_params, path.cells[i].n_data, 0)) / charge.n_steps;
      const double risk = interpolate(log_steps[i], log_risk[i], t);
      if (!(risk < lowest)) continue;
      lowest = risk;
      at_steps = t;
      cell_of = i;
    }
    if (std::isinf(lowest)) continue;
    e.log_charge.push_back(c);
    e.log_risk.push_back(lowest);
    e.log_params.push_back(std::log(path.cells[cell_of].n_params));
    e.log_data.push_back(std::log(path.cells[cell_of].n_data));
    e.log_steps.push_back(at_steps);
  }
  return e;
}

PathNumbers measure_path(const SurfacePath& path, const theory::Charge& charge, Teachers teachers) {
  std::vector<double> log_n, log_risk, log_steps, log_threshold;
  for (const auto& cell : path.cells) {
    const auto risk = mean_curve(cell, teachers);
    const BestTime best = best_time(cell.steps, risk);
    log_n.push_back(std::log(cell.n_data));
    log_risk.push_back(best.log_risk);
    log_steps.push_back(best.log_steps);
    log_threshold.push_back(log_charge(charge, cell.n_params, cell.n_data, log_threshold_steps(cell.steps, risk)));
  }
  const Envelope e = envelope_of(path, charge, teachers);
  PathNumbers numbers;
  numbers.data_exponent = -slope(log_n, log_risk);
  numbers.time_exponent = slope(log_n, log_steps);
  numbers.envelope = -slope(e.log_charge, e.log_risk);
  const double p = charge.n_params * path.p_model + charge.n_data + charge.n_steps * numbers.time_exponent;
  numbers.implied =
      numbers.data_exponent > 0 && numbers.time_exponent >= 0 && p > 0
          ? theory::implied_by_growth(
                {.risk_exponent = numbers.data_exponent, .p_model = path.p_model, .p_time = numbers.time_exponent},
                charge)
                .excess_risk
          : base::kNaN;
  numbers.threshold = slope(log_n, log_threshold);
  numbers.params_of_charge = slope(e.log_charge, e.log_params);
  numbers.data_of_charge = slope(e.log_charge, e.log_data);
  numbers.steps_of_charge = slope(e.log_charge, e.log_steps);
  return numbers;
}

TimeLaw time_law(std::span<const SurfacePath> paths, Teachers teachers, bool divide_by_log) {
  // Centred normal equations for two slopes.
  std::vector<double> log_n, log_noise, log_steps;
  for (const auto& path : paths) {
    const auto best = best_times(path, teachers);
    for (std::size_t i = 0; i < best.size(); ++i) {
      const double n = path.cells[i].n_data;
      const double logarithm = std::log(n / (path.noise * path.noise));
      if (divide_by_log && !(logarithm > 0)) continue;
      log_n.push_back(std::log(n));
      log_noise.push_back(std::log(path.noise));
      log_steps.push_back(best[i].log_steps - (divide_by_log ? std::log(logarithm) : 0));
    }
  }
  if (log_n.size() < 3) return {};
  const auto centred = [](std::vector<double>& v) {
    const double mean = numerics::mean(v);
    for (double& x : v) x -= mean;
  };
  centred(log_n);
  centred(log_noise);
  centred(log_steps);
  const auto dot = [](const std::vector<double>& a, const std::vector<double>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
  };
  const double nn = dot(log_n, log_n), xx = dot(log_noise, log_noise), nx = dot(log_n, log_noise);
  const double nt = dot(log_n, log_steps), xt = dot(log_noise, log_steps);
  const double determinant = nn * xx - nx * nx;
  if (!(determinant > 1e-12 * nn * xx)) return {};
  return {(nt * xx - xt * nx) / determinant, (xt * nn - nt * nx) / determinant};
}

FallingForm falling_form(std::span<const double> steps, std::span<const double> risk) {
  PHASELAW_CHECK(steps.size() == risk.size() && steps.size() >= 6);
  const auto y = logs(risk);
  const double exponential = numerics::least_squares_line(steps, y).squares;
  double power = base::kInfinity;
  constexpr std::size_t kTimes = 200;
  for (const double tau : numerics::log_spaced(0.01 * steps.front(), 100 * steps.back(), kTimes)) {
    std::vector<double> x;
    for (const double t : steps) x.push_back(std::log1p(t / tau));
    power = std::min(power, numerics::least_squares_line(x, y).squares);
  }
  const double n = static_cast<double>(steps.size());
  return {aicc(power, steps.size(), 4) - aicc(exponential, steps.size(), 3), std::sqrt(exponential / n),
          std::sqrt(power / n)};
}

PowerLaw power_law(std::span<const double> x, std::span<const double> y) {
  PHASELAW_CHECK(x.size() == y.size() && x.size() >= 3);
  const auto log_x = logs(x), log_y = logs(y);
  const Parabola p = fit_parabola(log_x, log_y);
  const auto [least, most] = std::minmax_element(log_x.begin(), log_x.end());
  return {-slope(log_x, log_y), -2 * p.c2 * (*most - *least)};
}

}  // namespace phaselaw::reproduce
