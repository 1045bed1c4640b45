// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "phaselaw/advice/isoflop/exponent_interval.h"
#include "phaselaw/advice/isoflop/methods.h"
#include "phaselaw/base/format.h"
#include "phaselaw/numerics/line.h"

// The minima of bowls, by parabola and spline, and published optima: points with a straight line through logarithms.
namespace phaselaw::advice {

namespace {

// exp(centre + end of ln), unset where the end is.
fitting::Estimate log_estimate(std::string name, double value, const Ends& ends) {
  fitting::Estimate out{std::move(name), value, {}, {}, false, false};
  if (ends.lo) out.lo = value * std::exp(*ends.lo);
  if (ends.hi) out.hi = value * std::exp(*ends.hi);
  out.identified = fitting::within_widest_factor(out);
  return out;
}

// ln D* is a constant minus ln N*, so its interval is that of N* turned round.
Ends turned(const Ends& ends) {
  Ends out = ends;
  out.lo = ends.hi ? std::optional(-*ends.hi) : std::nullopt;
  out.hi = ends.lo ? std::optional(-*ends.lo) : std::nullopt;
  return out;
}

std::string open_end(const Ends& ends) {
  if (ends.lo && ends.hi) return "";
  if (ends.missing > 0.1) return fmt::format("{} of the draws have no minimum", base::format_percent(ends.missing));
  if (!ends.lo && !ends.hi) return "the interval reaches beyond the sizes on both sides";
  return ends.lo ? "the interval reaches above the largest size" : "the interval reaches below the smallest size";
}

std::string how(const ExponentInterval& interval) {
  if (!interval.lo && !interval.hi) return "none";
  return fmt::format(
      "{}, Student t with {} degrees of freedom",
      interval.from_scatter ? "scatter of the budgets about the line" : "noise of the bowls and scatter of the budgets",
      base::format_number(interval.dof, 3));
}

// The power laws through the vertices that are inside.
std::optional<OptimumPower> power_of(const std::vector<Vertex>& vertices,
                                     const std::vector<std::vector<double>>& shifts, const std::vector<double>& freedom,
                                     double level) {
  std::vector<double> c, n, d;
  std::vector<std::vector<double>> inside;
  std::vector<double> inside_freedom;
  for (std::size_t b = 0; b < vertices.size(); ++b) {
    if (!vertices[b].inside) continue;
    c.push_back(std::log(vertices[b].compute));
    n.push_back(std::log(vertices[b].n_params.value));
    d.push_back(std::log(vertices[b].tokens.value));
    if (freedom.empty()) continue;
    inside.push_back(shifts[b]);
    inside_freedom.push_back(freedom[b]);
  }
  if (c.size() < kLeastBudgets) return std::nullopt;
  const numerics::Line of_n = numerics::least_squares_line(c, n), of_d = numerics::least_squares_line(c, d);
  const ExponentInterval interval = exponent_interval(c, n, inside, inside_freedom, level);
  OptimumPower power;
  power.a = {"a", of_n.slope, interval.lo, interval.hi, interval.lo && interval.hi, false};
  power.b = {"b", of_d.slope, {}, {}, power.a.identified, false};
  if (interval.hi) power.b.lo = of_d.slope - (*interval.hi - of_n.slope);
  if (interval.lo) power.b.hi = of_d.slope + (of_n.slope - *interval.lo);
  power.k_n_params = std::exp(of_n.intercept);
  power.k_tokens = std::exp(of_d.intercept);
  power.r2 = of_n.r2;
  power.budgets = c.size();
  power.interval = how(interval);
  power.why = interval.why;
  return power;
}

std::size_t count_inside(const std::vector<Vertex>& vertices) {
  return static_cast<std::size_t>(
      std::count_if(vertices.begin(), vertices.end(), [](const Vertex& v) { return v.inside; }));
}

std::string too_few(std::size_t found) {
  return fmt::format("{} of the {} budgets that an exponent needs {} a minimum inside the sizes", found, kLeastBudgets,
                     found == 1 ? "has" : "have");
}

}  // namespace

std::vector<Vertex> vertices_of(BowlShape shape, const Sizes& sizes, const std::vector<IsoflopBudget>& budgets,
                                double window) {
  std::vector<Vertex> vertices;
  for (const IsoflopBudget& budget : budgets) {
    const Bowl bowl = bowl_of(sizes, budget);
    Vertex vertex;
    vertex.compute = budget.compute;
    vertex.n_points = shape == BowlShape::akima ? bowl.x.size() : window_of(bowl, window).count;
    const BowlMinimum minimum = minimum_of(shape, bowl, window);
    vertex.inside = minimum.inside;
    vertex.why = minimum.why;
    vertex.loss = minimum.y;
    vertex.n_params = {"n_params", std::exp(minimum.x), {}, {}, false, false};
    vertex.tokens = {"tokens", std::exp(bowl.log_product - minimum.x), {}, {}, false, false};
    vertices.push_back(std::move(vertex));
  }
  return vertices;
}

std::vector<Vertex> spline_vertices(const tables::Measurements& data, const std::vector<IsoflopBudget>& budgets) {
  return vertices_of(BowlShape::akima, sizes_of(data), budgets, 0);
}

BowlNoise noise_of(const Sizes& sizes, const std::vector<IsoflopBudget>& budgets, double window) {
  std::vector<Bowl> bowls;
  std::vector<bool> inside;
  for (const IsoflopBudget& budget : budgets) {
    bowls.push_back(bowl_of(sizes, budget));
    inside.push_back(minimum_of(BowlShape::parabola, bowls.back(), window).inside);
  }
  const bool some = std::find(inside.begin(), inside.end(), true) != inside.end();
  return noise_of(bowls, window, some ? inside : std::vector<bool>{});
}

IsoflopMethod bowl_method(BowlShape shape, const Sizes& sizes, const std::vector<IsoflopBudget>& budgets,
                          const BowlNoise& noise, const IsoflopOptions& options) {
  IsoflopMethod method;
  method.name = shape == BowlShape::parabola ? "parabola" : "akima";
  method.vertices = vertices_of(shape, sizes, budgets, options.window);
  std::vector<Bowl> bowls;
  for (const IsoflopBudget& budget : budgets) bowls.push_back(bowl_of(sizes, budget));
  const double level = options.fit.level;
  const std::vector<std::vector<double>> shifts =
      shifts_of(shape, bowls, options.window, noise, static_cast<std::size_t>(options.fit.resamples),
                static_cast<std::uint64_t>(options.fit.seed), "isoflop." + method.name);
  if (noise.dof > 0)
    for (std::size_t b = 0; b < budgets.size(); ++b) {
      Vertex& vertex = method.vertices[b];
      const Ends ends = ends_of(shifts[b], level, student_expansion(level, noise.freedom[b]));
      if (vertex.inside) vertex.why = open_end(ends);
      vertex.n_params = log_estimate("n_params", vertex.n_params.value, ends);
      vertex.tokens = log_estimate("tokens", vertex.tokens.value, turned(ends));
    }
  method.power = power_of(method.vertices, shifts, noise.freedom, level);
  if (!method.power) method.why = too_few(count_inside(method.vertices));
  return method;
}

void add_bias(IsoflopMethod& method, BowlShape shape, const Sizes& exact, const std::vector<IsoflopBudget>& budgets,
              const IsoflopMethod& law, double window) {
  std::vector<double> c, found, own;
  for (std::size_t b = 0; b < budgets.size(); ++b) {
    Vertex& vertex = method.vertices[b];
    if (!vertex.inside || !law.vertices[b].inside) continue;
    const BowlMinimum minimum = minimum_of(shape, bowl_of(exact, budgets[b]), window);
    if (!minimum.inside) continue;
    vertex.bias = minimum.x - std::log(law.vertices[b].n_params.value);
    c.push_back(std::log(budgets[b].compute));
    found.push_back(minimum.x);
    own.push_back(std::log(law.vertices[b].n_params.value));
  }
  if (c.size() >= kLeastBudgets)
    method.bias_a = numerics::least_squares_line(c, found).slope - numerics::least_squares_line(c, own).slope;
}

IsoflopMethod optima_method(const Sizes& sizes, double level) {
  IsoflopMethod method;
  method.name = "optima";
  for (std::size_t i = 0; i < sizes.n_params.size(); ++i) {
    Vertex vertex;
    vertex.compute = sizes.compute[i];
    vertex.n_points = 1;
    vertex.n_params = {"n_params", sizes.n_params[i], {}, {}, false, false};
    vertex.tokens = {"tokens", sizes.tokens[i], {}, {}, false, false};
    vertex.loss = sizes.loss[i];
    vertex.inside = true;
    method.vertices.push_back(std::move(vertex));
  }
  std::sort(method.vertices.begin(), method.vertices.end(),
            [](const Vertex& a, const Vertex& b) { return a.compute < b.compute; });
  method.power = power_of(method.vertices, {}, {}, level);
  if (!method.power) method.why = too_few(method.vertices.size());
  return method;
}

}  // namespace phaselaw::advice
