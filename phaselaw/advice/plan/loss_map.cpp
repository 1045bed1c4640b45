// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/plan/plan_page.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "phaselaw/advice/plan/plan_limits.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {

namespace {

constexpr std::size_t kContourPoints = 49;
constexpr double kMargin = 4;

struct Span {
  double lo = std::numeric_limits<double>::infinity(), hi = 0;
  void include(double x) {
    if (!(x > 0) || std::isinf(x)) return;
    lo = std::min(lo, x);
    hi = std::max(hi, x);
  }
};

}  // namespace

std::vector<Contour> loss_contours(const fitting::SavedFit& saved, const Situation& situation,
                                   const std::vector<double>& computes) {
  const Allocator allocator(saved.fit.law, situation);
  if (!allocator.has_sizes() || situation.n_params || situation.tokens || situation.tokens_per_param) return {};
  const std::vector<double>& p = saved.fit.value;
  Span n, d;
  for (const double x : column_or_none(saved.data.columns, "n_params")) n.include(x);
  for (const double x : column_or_none(saved.data.columns, "tokens")) d.include(x);
  std::vector<double> losses;
  for (const double compute : computes) {
    const Allocation best = allocator.best(p, compute);
    if (best.edge != 0) continue;
    n.include(best.n_params);
    d.include(best.tokens);
    losses.push_back(best.loss);
  }
  std::vector<Contour> contours;
  if (!(n.hi > 0) || !(d.hi > 0)) return contours;
  const double lo = std::log(d.lo / kMargin), hi = std::log(d.hi * kMargin);
  for (const double loss : losses) {
    Contour contour;
    contour.loss = loss;
    for (const double size : numerics::log_spaced(n.lo / kMargin, n.hi * kMargin, kContourPoints)) {
      const auto above = [&](double log_d) { return allocator.loss(p, size, std::exp(log_d)) - loss; };
      const bool crosses = above(lo) > 0 && above(hi) < 0;
      if (!crosses) continue;
      contour.n_params.push_back(size);
      contour.tokens.push_back(std::exp(root_between(above, lo, hi)));
    }
    if (contour.n_params.size() > 1) contours.push_back(std::move(contour));
  }
  return contours;
}

std::vector<Vertex> measured_optima(const tables::Measurements& data, double tolerance) {
  const std::vector<double> n = column_or_none(data.columns, "n_params"), d = column_or_none(data.columns, "tokens"),
                            c = column_or_none(data.columns, "compute");
  if (n.empty() || d.empty() || c.empty()) return {};
  const std::vector<IsoflopBudget> budgets = budgets_of(c, n, tolerance);
  // Rows along loss curves have arbitrary computes: without gaps between budgets there are no budgets.
  for (std::size_t b = 0; b + 1 < budgets.size(); ++b) {
    double last = 0, next = std::numeric_limits<double>::infinity();
    for (const std::size_t i : budgets[b].rows) last = std::max(last, c[i]);
    for (const std::size_t i : budgets[b + 1].rows) next = std::min(next, c[i]);
    if (next < last * (1 + tolerance)) return {};
  }
  std::vector<Vertex> vertices = spline_vertices(data, budgets);
  std::erase_if(vertices, [](const Vertex& vertex) { return !vertex.inside; });
  if (vertices.size() < 3) vertices.clear();
  return vertices;
}

std::vector<double> computes_to_show(const fitting::SavedFit& saved, const Plan& plan, std::size_t count) {
  Span span;
  for (const double x : column_or_none(saved.data.columns, "compute")) span.include(x);
  for (const PlanPoint& point : plan.points) span.include(point.compute.value);
  return numerics::log_spaced(span.lo, 2 * span.hi, count);
}

}  // namespace phaselaw::advice
