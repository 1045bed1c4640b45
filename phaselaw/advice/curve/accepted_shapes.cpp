// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/curve/accepted_shapes.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/numerics/lambert_w.h"

namespace phaselaw::advice {

namespace {

constexpr std::size_t kShapesInSample = 40;

// Which of the accepted shapes are kept.
std::vector<bool> sampled(const ShapeFit& fit) {
  const std::size_t n = fit.accepted.size();
  std::vector<bool> keep(n, false);
  for (std::size_t i = 0; i < n; i += n / kShapesInSample + 1) keep[i] = true;
  if (n == 0) return keep;
  const auto keep_extremes = [&](const auto& value) {
    const auto less = [&](const ShapeFit::Accepted& a, const ShapeFit::Accepted& b) { return value(a) < value(b); };
    const auto [lo, hi] = std::minmax_element(fit.accepted.begin(), fit.accepted.end(), less);
    keep[static_cast<std::size_t>(lo - fit.accepted.begin())] = true;
    keep[static_cast<std::size_t>(hi - fit.accepted.begin())] = true;
  };
  keep_extremes([](const ShapeFit::Accepted& a) { return a.point.chi2; });
  keep_extremes([](const ShapeFit::Accepted& a) { return a.point.q; });
  keep_extremes([](const ShapeFit::Accepted& a) { return a.point.floor - a.floor_error; });
  keep_extremes([](const ShapeFit::Accepted& a) { return a.point.floor + a.floor_error; });
  keep_extremes([](const ShapeFit::Accepted& a) { return a.gain.lo; });
  keep_extremes([](const ShapeFit::Accepted& a) { return a.gain.hi; });
  return keep;
}

}  // namespace

double AcceptedShape::shape_at(double step) const {
  const double x = std::clamp((step - start) / scale, 0.0, 1e300);
  if (two_stage) return std::exp(-q * numerics::lambert_w0(x));
  return std::exp(-q * std::log1p(x / q));
}

std::vector<AcceptedShape> sample_of_shapes(const ShapeFit& fit, double step_unit, double loss_unit, bool best) {
  std::vector<AcceptedShape> out;
  const std::vector<bool> keep = sampled(fit);
  for (std::size_t i = 0; i < fit.accepted.size(); ++i) {
    if (!keep[i]) continue;
    const ShapePoint& p = fit.accepted[i].point;
    AcceptedShape shape;
    shape.two_stage = fit.two_stage;
    shape.start = (fit.start - fit.clock_ahead) * step_unit;
    shape.q = p.q;
    shape.scale = p.u * step_unit;
    shape.floor = (p.floor - p.drop * fit.last_drop) * loss_unit;
    shape.amplitude = p.amplitude * loss_unit;
    shape.floor_error = fit.accepted[i].floor_error * loss_unit;
    shape.level_error = fit.accepted[i].level_error * loss_unit;
    shape.from = (fit.falling_rate ? 1 : fit.start) * step_unit;
    shape.best = best && p.chi2 == fit.chi2;
    best = best && !shape.best;
    out.push_back(shape);
  }
  return out;
}

std::optional<Interval> CurveClaims::loss_at(double step) const {
  if (shapes.empty() || !(step >= first_step_used)) return std::nullopt;
  std::optional<Interval> all;
  for (const AcceptedShape& shape : shapes) {
    if (step < shape.from * (1 - 1e-12)) continue;
    const double near = shape.shape_at(last_step), part = near > 0 ? shape.shape_at(step) / near : 0;
    const double end = shape.floor + shape.amplitude * near;
    for (const double level : {end - shape.level_error, end, end + shape.level_error})
      for (const double lowest : {shape.floor - shape.floor_error, shape.floor, shape.floor + shape.floor_error}) {
        // A floor below 0 is none, and one above the end would make the loss rise.
        const double at = lowest <= level ? std::max(lowest, 0.0) + (level - std::max(lowest, 0.0)) * part : lowest;
        if (!all) all = Interval{at, at};
        all = Interval{std::min(all->lo, at), std::max(all->hi, at)};
      }
  }
  return all;
}

}  // namespace phaselaw::advice
