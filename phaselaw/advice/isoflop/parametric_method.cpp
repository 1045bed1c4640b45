// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "phaselaw/advice/isoflop/methods.h"
#include "phaselaw/base/constants.h"

// The optimum of a fitted law at each budget, with the intervals of the fit.
namespace phaselaw::advice {

namespace {

using base::kNaN;

fitting::Estimate turned(std::string name, double value, const fitting::Estimate& e,
                         const std::function<double(double)>& of) {
  fitting::Estimate out{std::move(name), value, {}, {}, e.identified, false};
  if (e.hi) out.lo = of(*e.hi);
  if (e.lo) out.hi = of(*e.lo);
  return out;
}

std::string missing_end(const fitting::Estimate& a) {
  if (a.lo && a.hi) return "";
  return a.lo || a.hi ? "the fit does not bound it on one side" : "the fit has no intervals, or does not bound it";
}

}  // namespace

std::optional<OptimumPower> parametric_power(const fitting::Uncertainty& uncertainty,
                                             std::span<const double> parameters, const Allocator& allocator, double low,
                                             double high, const SizeMeasure& measure) {
  const double width = std::log(high / low);
  const auto slope_of = [&](std::span<const double> p, bool tokens) {
    const Allocation first = allocator.best(p, low), last = allocator.best(p, high);
    if (first.edge != 0 || last.edge != 0) return kNaN;
    if (tokens) return std::log(last.tokens / first.tokens) / width;
    const auto size = [&](double n) { return measure ? measure(n) : n; };
    return std::log(size(last.n_params) / size(first.n_params)) / width;
  };
  OptimumPower power;
  const double b = slope_of(parameters, true);
  if (std::isnan(b)) return std::nullopt;
  power.a = uncertainty.estimate(
      "a", [&](std::span<const double> p) { return slope_of(p, false); }, false);
  if (!std::isfinite(power.a.value)) return std::nullopt;
  // Where compute is proportional to n_params tokens, ln D* is a constant minus ln N*.
  if (std::abs(power.a.value + b - 1) < 1e-6)
    power.b = turned("b", b, power.a, [&](double a) { return b - (a - power.a.value); });
  else
    power.b = uncertainty.estimate(
        "b", [&](std::span<const double> p) { return slope_of(p, true); }, false);
  const Allocation at = allocator.best(parameters, high);
  power.k_n_params = (measure ? measure(at.n_params) : at.n_params) * std::pow(high, -power.a.value);
  power.k_tokens = at.tokens * std::pow(high, -b);
  power.r2 = 1;
  power.budgets = 1;
  power.interval = power.a.lo || power.a.hi ? uncertainty.method() : "none";
  power.why = missing_end(power.a);
  return power;
}

std::pair<double, double> compute_range(const std::vector<IsoflopBudget>& budgets) {
  const double low = budgets.front().compute, high = budgets.back().compute;
  return high > low ? std::pair{low, high} : std::pair{low / 2, 2 * high};
}

IsoflopMethod parametric_method(const fitting::Uncertainty& uncertainty, std::span<const double> parameters,
                                const Allocator& allocator, const std::vector<IsoflopBudget>& budgets) {
  IsoflopMethod method;
  method.name = "parametric";
  for (const IsoflopBudget& budget : budgets) {
    const double compute = budget.compute;
    const Allocation best = allocator.best(parameters, compute);
    Vertex vertex;
    vertex.compute = compute;
    vertex.n_points = budget.rows.size();
    vertex.loss = best.loss;
    vertex.inside = best.edge == 0;
    if (vertex.inside) {
      const auto size = [&](std::span<const double> p) {
        const Allocation at = allocator.best(p, compute);
        return at.edge == 0 ? at.n_params : kNaN;
      };
      vertex.n_params = uncertainty.estimate("n_params", size);
      vertex.why = missing_end(vertex.n_params);
      vertex.tokens =
          turned("tokens", best.tokens, vertex.n_params, [&](double n) { return allocator.tokens_for(n, compute); });
    } else {
      vertex.why = "the law has no best size";
      vertex.n_params = {"n_params", best.n_params, {}, {}, false, false};
      vertex.tokens = {"tokens", best.tokens, {}, {}, false, false};
    }
    method.vertices.push_back(std::move(vertex));
  }
  const auto [low, high] = compute_range(budgets);
  method.power = parametric_power(uncertainty, parameters, allocator, low, high);
  if (method.power)
    method.power->budgets = budgets.size();
  else
    method.why = "the fitted law has no best size at these computes";
  return method;
}

}  // namespace phaselaw::advice
