// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/isoflop/isoflop.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>

#include "phaselaw/advice/plan/allocation.h"
#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/fitting/plausible.h"
#include "phaselaw/numerics/line.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {

namespace {

constexpr std::size_t kLeastPoints = 4;
constexpr std::size_t kLeastBudgets = 3;
using base::kNaN;

struct Sizes {
  std::vector<double> n_params, tokens, compute, loss;
};

// ln N and loss of the rows, with the mean for rows of equal N; x increasing.
struct Bowl {
  std::vector<double> x, y;
  double log_product = 0;  // mean of ln(N D): D* = exp(log_product)/N*
};

Bowl bowl_of(const Sizes& sizes, std::vector<std::size_t> rows) {
  std::sort(rows.begin(), rows.end(), [&](std::size_t a, std::size_t b) {
    return sizes.n_params[a] < sizes.n_params[b] || (sizes.n_params[a] == sizes.n_params[b] && a < b);
  });
  Bowl bowl;
  for (std::size_t i = 0; i < rows.size();) {
    const double n = sizes.n_params[rows[i]];
    double total = 0;
    std::size_t count = 0;
    for (; i < rows.size() && sizes.n_params[rows[i]] == n; ++i, ++count) {
      total += sizes.loss[rows[i]];
      bowl.log_product += std::log(n * sizes.tokens[rows[i]]) / static_cast<double>(rows.size());
    }
    bowl.x.push_back(std::log(n));
    bowl.y.push_back(total / static_cast<double>(count));
  }
  return bowl;
}

enum class BowlShape { parabola, akima };

BowlMinimum minimum_of(BowlShape shape, const Bowl& bowl, double window, std::size_t* used = nullptr) {
  if (bowl.x.empty()) return {kNaN, kNaN, false, "no rows"};
  if (shape == BowlShape::akima) {
    if (used != nullptr) *used = bowl.x.size();
    return akima_minimum(bowl.x, bowl.y);
  }
  const auto lowest = static_cast<std::size_t>(std::min_element(bowl.y.begin(), bowl.y.end()) - bowl.y.begin());
  std::size_t first = lowest, last = lowest;
  const double reach = std::log(window) * (1 + 1e-12);
  while (first > 0 && (bowl.x[lowest] - bowl.x[first - 1] <= reach || last - first + 1 < kLeastPoints)) --first;
  while (last + 1 < bowl.x.size() && (bowl.x[last + 1] - bowl.x[lowest] <= reach || last - first + 1 < kLeastPoints))
    ++last;
  const std::size_t count = last - first + 1;
  if (used != nullptr) *used = count;
  if (count < kLeastPoints) return {kNaN, kNaN, false, "fewer than four sizes"};
  BowlMinimum minimum =
      parabola_minimum(std::span(bowl.x).subspan(first, count), std::span(bowl.y).subspan(first, count));
  if (minimum.inside && (lowest == 0 || lowest + 1 == bowl.x.size())) {
    minimum.inside = false;
    minimum.why = lowest == 0 ? "the loss is lowest at the smallest size" : "the loss is lowest at the largest size";
  }
  return minimum;
}

// N* and D* against compute; NaN with fewer than three.
struct Exponents {
  double a = kNaN, b = kNaN;
};
Exponents exponents_of(std::span<const double> compute, std::span<const double> n, std::span<const double> d) {
  if (compute.size() < kLeastBudgets) return {};
  return {numerics::least_squares_power(compute, n).slope, numerics::least_squares_power(compute, d).slope};
}

// Percentiles of the draws without further correction, because the rows within a budget, or the runs, were resampled.
fitting::Estimate percentiles(const IsoflopOptions& options, std::string name, double value,
                              std::vector<double> draws) {
  std::erase_if(draws, [](double x) { return std::isnan(x); });
  fitting::Estimate out{std::move(name), value, {}, {}, false, false};
  if (2 * draws.size() < static_cast<std::size_t>(options.fit.resamples) || draws.size() < 2) return out;
  std::sort(draws.begin(), draws.end());
  out.lo = numerics::quantile_of_sorted(draws, (1 - options.fit.level) / 2);
  out.hi = numerics::quantile_of_sorted(draws, (1 + options.fit.level) / 2);
  out.identified = true;
  return out;
}

void add_power(IsoflopMethod& method, const IsoflopOptions& options, std::vector<double> a_draws,
               std::vector<double> b_draws) {
  std::vector<double> c, n, d;
  for (const Vertex& vertex : method.vertices)
    if (vertex.inside) {
      c.push_back(vertex.compute);
      n.push_back(vertex.n_params.value);
      d.push_back(vertex.tokens.value);
    }
  if (c.size() < kLeastBudgets) return;
  const numerics::Line of_n = numerics::least_squares_power(c, n), of_d = numerics::least_squares_power(c, d);
  method.power = OptimumPower{percentiles(options, "a", of_n.slope, std::move(a_draws)),
                              percentiles(options, "b", of_d.slope, std::move(b_draws)),
                              std::exp(of_n.intercept),
                              std::exp(of_d.intercept),
                              of_n.r2,
                              c.size()};
}

std::vector<Vertex> vertices_of(BowlShape shape, const Sizes& sizes, const std::vector<IsoflopBudget>& budgets,
                                double window) {
  std::vector<Vertex> vertices;
  for (const IsoflopBudget& budget : budgets) {
    const Bowl bowl = bowl_of(sizes, budget.rows);
    Vertex vertex;
    vertex.compute = budget.compute;
    const BowlMinimum minimum = minimum_of(shape, bowl, window, &vertex.n_points);
    vertex.inside = minimum.inside;
    vertex.why = minimum.why;
    vertex.loss = minimum.y;
    vertex.n_params = {"n_params", std::exp(minimum.x), {}, {}, false, false};
    vertex.tokens = {"tokens", std::exp(bowl.log_product - minimum.x), {}, {}, false, false};
    vertices.push_back(std::move(vertex));
  }
  return vertices;
}

Sizes sizes_of(const tables::Measurements& data) {
  return {data.columns.get("n_params"), data.columns.get("tokens"), data.columns.get("compute"), data.output};
}

IsoflopMethod bowls(BowlShape shape, const Sizes& sizes, const std::vector<IsoflopBudget>& budgets,
                    const IsoflopOptions& options) {
  IsoflopMethod method;
  method.name = shape == BowlShape::parabola ? "parabola" : "akima";
  method.vertices = vertices_of(shape, sizes, budgets, options.window);
  std::vector<std::vector<double>> n_draws(budgets.size()), d_draws(budgets.size());
  std::vector<double> a_draws, b_draws;
  for (int k = 0; k < options.fit.resamples; ++k) {
    base::throw_if_interrupted();
    numerics::RandomStream stream(static_cast<std::uint64_t>(options.fit.seed), "isoflop." + method.name,
                                  static_cast<std::uint64_t>(k));
    std::vector<double> c, n, d;
    for (std::size_t b = 0; b < budgets.size(); ++b) {
      if (!method.vertices[b].inside) continue;
      const std::vector<std::size_t>& rows = budgets[b].rows;
      std::vector<std::size_t> drawn;
      for (std::size_t i = 0; i < rows.size(); ++i) drawn.push_back(rows[stream.below(rows.size())]);
      const Bowl bowl = bowl_of(sizes, drawn);
      const BowlMinimum minimum = minimum_of(shape, bowl, options.window);
      if (!minimum.inside) continue;
      c.push_back(budgets[b].compute);
      n.push_back(std::exp(minimum.x));
      d.push_back(std::exp(bowl.log_product - minimum.x));
      n_draws[b].push_back(n.back());
      d_draws[b].push_back(d.back());
    }
    const Exponents exponents = exponents_of(c, n, d);
    a_draws.push_back(exponents.a);
    b_draws.push_back(exponents.b);
  }
  for (std::size_t b = 0; b < budgets.size(); ++b) {
    Vertex& vertex = method.vertices[b];
    vertex.n_params = percentiles(options, "n_params", vertex.n_params.value, std::move(n_draws[b]));
    vertex.tokens = percentiles(options, "tokens", vertex.tokens.value, std::move(d_draws[b]));
  }
  add_power(method, options, std::move(a_draws), std::move(b_draws));
  return method;
}

// The curve of one run, ln C and ln loss by increasing compute, and the size of the run.
struct RunCurve {
  double n_params = 0, flop_per_token = 0;
  std::vector<double> log_compute, log_loss;
  [[nodiscard]] double at(double log_c) const {  // NaN outside the curve
    if (log_c < log_compute.front() || log_c > log_compute.back()) return kNaN;
    const auto above = static_cast<std::size_t>(std::upper_bound(log_compute.begin(), log_compute.end() - 1, log_c) -
                                                log_compute.begin());
    const std::size_t i = std::max<std::size_t>(above, 1);
    const double share = (log_c - log_compute[i - 1]) / (log_compute[i] - log_compute[i - 1]);
    return log_loss[i - 1] + share * (log_loss[i] - log_loss[i - 1]);
  }
};

std::vector<RunCurve> curves_of(const Sizes& sizes, const std::vector<std::string>& run) {
  std::map<std::string, std::vector<std::size_t>> rows;
  for (std::size_t i = 0; i < sizes.loss.size(); ++i)
    rows[run.empty() ? fmt::format("{:.17g}", sizes.n_params[i]) : run[i]].push_back(i);
  std::vector<RunCurve> curves;
  for (auto& [name, own] : rows) {
    std::sort(own.begin(), own.end(),
              [&](std::size_t a, std::size_t b) { return sizes.compute[a] < sizes.compute[b]; });
    RunCurve curve;
    curve.n_params = sizes.n_params[own.front()];
    curve.flop_per_token = sizes.compute[own.front()] / sizes.tokens[own.front()];
    for (const std::size_t i : own) {
      const double log_c = std::log(sizes.compute[i]);
      if (!curve.log_compute.empty() && !(log_c > curve.log_compute.back())) continue;
      curve.log_compute.push_back(log_c);
      curve.log_loss.push_back(std::log(sizes.loss[i]));
    }
    if (curve.log_compute.size() >= 3) curves.push_back(std::move(curve));
  }
  return curves;
}

// The lowest run at each compute. Computes at which the smallest or the largest run is the lowest are excluded.
std::vector<Vertex> envelope_vertices(const std::vector<const RunCurve*>& curves, const std::vector<double>& computes) {
  std::vector<Vertex> vertices;
  for (const double compute : computes) {
    const RunCurve* best = nullptr;
    double least = 0, smallest = 0, largest = 0;
    std::size_t count = 0;
    for (const RunCurve* curve : curves) {
      const double value = curve->at(std::log(compute));
      if (std::isnan(value)) continue;
      smallest = count == 0 ? curve->n_params : std::min(smallest, curve->n_params);
      largest = std::max(largest, curve->n_params);
      ++count;
      if (best == nullptr || value < least) {
        best = curve;
        least = value;
      }
    }
    if (best == nullptr || count < 3 || best->n_params == smallest || best->n_params == largest) continue;
    Vertex vertex;
    vertex.compute = compute;
    vertex.n_points = count;
    vertex.n_params = {"n_params", best->n_params, {}, {}, false, false};
    vertex.tokens = {"tokens", compute / best->flop_per_token, {}, {}, false, false};
    vertex.loss = std::exp(least);
    vertex.inside = true;
    vertices.push_back(std::move(vertex));
  }
  return vertices;
}

std::optional<IsoflopMethod> envelope_method(const Sizes& sizes, const std::vector<std::string>& run,
                                             const IsoflopOptions& options, std::vector<std::string>& notes) {
  const std::vector<RunCurve> curves = curves_of(sizes, run);
  if (curves.size() < kLeastPoints) {
    notes.emplace_back(
        "method 1 was not used: it needs at least four runs with three rows each, that is, losses during training");
    return std::nullopt;
  }
  const auto [low, high] = std::minmax_element(sizes.compute.begin(), sizes.compute.end());
  const std::vector<double> computes = numerics::log_spaced(*low, *high, kEnvelopeBins);
  std::vector<const RunCurve*> all;
  for (const RunCurve& curve : curves) all.push_back(&curve);
  IsoflopMethod method;
  method.name = "envelope";
  method.vertices = envelope_vertices(all, computes);
  std::vector<double> a_draws, b_draws;
  for (int k = 0; k < options.fit.resamples; ++k) {
    base::throw_if_interrupted();
    numerics::RandomStream stream(static_cast<std::uint64_t>(options.fit.seed), "isoflop.envelope",
                                  static_cast<std::uint64_t>(k));
    std::vector<const RunCurve*> drawn;
    for (std::size_t i = 0; i < all.size(); ++i) drawn.push_back(all[stream.below(all.size())]);
    std::vector<double> c, n, d;
    for (const Vertex& vertex : envelope_vertices(drawn, computes)) {
      c.push_back(vertex.compute);
      n.push_back(vertex.n_params.value);
      d.push_back(vertex.tokens.value);
    }
    const Exponents exponents = exponents_of(c, n, d);
    a_draws.push_back(exponents.a);
    b_draws.push_back(exponents.b);
  }
  add_power(method, options, std::move(a_draws), std::move(b_draws));
  if (!method.power)
    notes.emplace_back("method 1 found fewer than three computes at which a run of intermediate size is the lowest");
  return method;
}

IsoflopMethod parametric_method(const fitting::SavedFit& saved, const Allocator& allocator,
                                const fitting::Plausible& plausible, const std::vector<IsoflopBudget>& budgets) {
  IsoflopMethod method;
  method.name = "parametric";
  std::vector<std::vector<double>> n_draws(budgets.size()), d_draws(budgets.size());
  std::vector<double> computes;
  for (const IsoflopBudget& budget : budgets) computes.push_back(budget.compute);
  std::vector<double> a_draws, b_draws;
  const auto sizes_at = [&](const std::vector<double>& parameters, std::vector<double>& n, std::vector<double>& d) {
    bool inside = true;
    for (const double compute : computes) {
      const Allocation best = allocator.best(parameters, compute);
      inside = inside && best.edge == 0;
      n.push_back(best.n_params);
      d.push_back(best.tokens);
    }
    return inside;
  };
  for (const std::vector<double>& parameters : plausible.parameters) {
    base::throw_if_interrupted();
    std::vector<double> n, d;
    const bool inside = sizes_at(parameters, n, d);
    const Exponents exponents = inside ? exponents_of(computes, n, d) : Exponents{};
    a_draws.push_back(exponents.a);
    b_draws.push_back(exponents.b);
    for (std::size_t i = 0; i < budgets.size(); ++i) {
      n_draws[i].push_back(inside ? n[i] : kNaN);
      d_draws[i].push_back(inside ? d[i] : kNaN);
    }
  }
  for (std::size_t i = 0; i < budgets.size(); ++i) {
    const Allocation best = allocator.best(saved.fit.value, budgets[i].compute);
    Vertex vertex;
    vertex.compute = budgets[i].compute;
    vertex.n_points = budgets[i].rows.size();
    vertex.n_params = plausible.estimate("n_params", best.n_params, std::move(n_draws[i]));
    vertex.tokens = plausible.estimate("tokens", best.tokens, std::move(d_draws[i]));
    vertex.loss = best.loss;
    vertex.inside = best.edge == 0;
    if (!vertex.inside) vertex.why = "the law has no best size";
    method.vertices.push_back(std::move(vertex));
  }
  std::vector<double> c, n, d;
  for (const Vertex& vertex : method.vertices)
    if (vertex.inside) {
      c.push_back(vertex.compute);
      n.push_back(vertex.n_params.value);
      d.push_back(vertex.tokens.value);
    }
  if (c.size() >= kLeastBudgets) {
    const numerics::Line of_n = numerics::least_squares_power(c, n), of_d = numerics::least_squares_power(c, d);
    method.power = OptimumPower{plausible.estimate("a", of_n.slope, std::move(a_draws)),
                                plausible.estimate("b", of_d.slope, std::move(b_draws)),
                                std::exp(of_n.intercept),
                                std::exp(of_d.intercept),
                                of_n.r2,
                                c.size()};
  }
  return method;
}

// The same bowls from the law's own losses without noise, which shows the bias of the method itself.
void add_bias(IsoflopMethod& method, BowlShape shape, const Sizes& exact, const std::vector<IsoflopBudget>& budgets,
              const IsoflopMethod& truth, const IsoflopOptions& options) {
  std::vector<double> c, found, own;
  for (std::size_t b = 0; b < budgets.size(); ++b) {
    Vertex& vertex = method.vertices[b];
    if (!vertex.inside || !truth.vertices[b].inside) continue;
    const BowlMinimum minimum = minimum_of(shape, bowl_of(exact, budgets[b].rows), options.window);
    if (!minimum.inside) continue;
    vertex.bias = minimum.x - std::log(truth.vertices[b].n_params.value);
    c.push_back(budgets[b].compute);
    found.push_back(std::exp(minimum.x));
    own.push_back(truth.vertices[b].n_params.value);
  }
  if (c.size() >= kLeastBudgets)
    method.bias_a = numerics::least_squares_power(c, found).slope - numerics::least_squares_power(c, own).slope;
}

// How the table counts FLOP: the median of compute/(n_params tokens) over the rows, and how much it varies.
void measure_flop(const Sizes& sizes, IsoflopResult& result) {
  std::vector<double> ratio;
  for (std::size_t i = 0; i < sizes.loss.size(); ++i) {
    for (const auto& [name, column] : {std::pair{"n_params", &sizes.n_params}, std::pair{"tokens", &sizes.tokens},
                                       std::pair{"compute", &sizes.compute}})
      if (!((*column)[i] > 0) || std::isinf((*column)[i]))
        throw base::InputError(
            fmt::format("row {}: expected {} to be a finite number > 0, found {}", i + 1, name, (*column)[i]));
    ratio.push_back(sizes.compute[i] / (sizes.n_params[i] * sizes.tokens[i]));
  }
  result.flop_per_param = numerics::median(ratio);
  const auto [least, most] = std::minmax_element(ratio.begin(), ratio.end());
  result.flop_spread = (*most - *least) / result.flop_per_param;
  if (std::abs(result.flop_per_param - 6) > 0.12)
    result.notes.push_back(
        fmt::format("compute/(n_params tokens) is {}, not 6: the table does not count FLOP or parameters as 6ND does",
                    base::format_number(result.flop_per_param, 4)));
  if (result.flop_spread > 0.02)
    result.notes.push_back(fmt::format(
        "compute/(n_params tokens) varies by {} over the rows; the optimum of the fitted law uses the median, {}",
        base::format_percent(result.flop_spread, 3), base::format_number(result.flop_per_param, 4)));
}

// Finds the budgets with at least four sizes. InputError if there is none.
void group_by_budget(const Sizes& sizes, double tolerance, IsoflopResult& result) {
  std::size_t lone = 0;
  for (IsoflopBudget& budget : budgets_of(sizes.compute, sizes.n_params, tolerance)) {
    if (bowl_of(sizes, budget.rows).x.size() >= kLeastPoints)
      result.budgets.push_back(std::move(budget));
    else
      lone += budget.rows.size();
  }
  if (result.budgets.empty())
    throw base::InputError(fmt::format(
        "no budget has four sizes: none of the {} rows has three others of different n_params within {} % of its compute; "
        "raise --tolerance, or fit a law with phaselaw fit",
        sizes.loss.size(), 100 * tolerance));
  if (lone > 0)
    result.notes.push_back(fmt::format(
        "{} rows belong to no budget with four sizes; only the parametric method and the envelope use them", lone));
}

// Adds method 3, the optimum of the certified law, and the bias of the two methods before it, which follows from it.
void add_parametric(const Sizes& sizes, const IsoflopOptions& options, IsoflopResult& result) {
  const std::size_t last_bowl = result.methods.size();
  Situation situation;
  situation.cost.convention = FlopConvention::exact;
  situation.cost.family.flop_per_param = result.flop_per_param;
  const Allocator allocator(result.fit.fit.law, situation);
  const fitting::Plausible plausible = fitting::plausible_parameters(result.fit);
  result.methods.push_back(parametric_method(result.fit, allocator, plausible, result.budgets));
  Sizes exact = sizes;
  exact.loss = evaluate(result.fit.fit.law, result.data.columns, result.fit.fit.value);
  add_bias(result.methods[last_bowl - 2], BowlShape::parabola, exact, result.budgets, result.methods.back(), options);
  add_bias(result.methods[last_bowl - 1], BowlShape::akima, exact, result.budgets, result.methods.back(), options);
  const std::vector<Vertex>& spline = result.methods[last_bowl - 1].vertices;
  const auto unknown = std::count_if(spline.begin(), spline.end(), [](const Vertex& v) { return v.inside && !v.bias; });
  if (unknown > 0)
    result.notes.push_back(
        fmt::format("at {} budgets the measured minimum lies inside the grid and that of the fitted law outside: "
                    "the law does not follow these bowls, so their bias is unknown; "
                    "use another --law, or remove sizes far from the minimum",
                    unknown));
}

}  // namespace

void IsoflopOptions::validate() const {
  base::check_fields(*this);
  fit.validate();
}

std::vector<IsoflopBudget> budgets_of(std::span<const double> compute, std::span<const double> n_params,
                                      double tolerance) {
  std::vector<std::size_t> order(compute.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return compute[a] < compute[b]; });
  std::vector<IsoflopBudget> budgets;
  double first = 0;
  for (const std::size_t i : order) {
    if (budgets.empty() || compute[i] > first * (1 + tolerance)) {
      budgets.emplace_back();
      first = compute[i];
    }
    budgets.back().rows.push_back(i);
  }
  for (IsoflopBudget& budget : budgets) {
    double log_sum = 0;
    for (const std::size_t i : budget.rows) log_sum += std::log(compute[i]);
    budget.compute = std::exp(log_sum / static_cast<double>(budget.rows.size()));
    std::stable_sort(budget.rows.begin(), budget.rows.end(),
                     [&](std::size_t a, std::size_t b) { return n_params[a] < n_params[b]; });
  }
  return budgets;
}

std::vector<Vertex> spline_vertices(const tables::Measurements& data, const std::vector<IsoflopBudget>& budgets) {
  return vertices_of(BowlShape::akima, sizes_of(data), budgets, 0);
}

IsoflopResult isoflop(const tables::Measurements& data, const std::vector<std::string>& run,
                      const IsoflopOptions& options) {
  options.validate();
  IsoflopResult result;
  result.data = data;
  const laws::Law law = laws::law_from(options.law, data.columns.names);
  const Sizes sizes = sizes_of(data);
  measure_flop(sizes, result);
  group_by_budget(sizes, options.tolerance, result);
  result.fit.data = data;
  result.fit.options = options.fit;
  result.fit.fit = fitting::fit_law(law, data, result.fit.options);
  if (auto envelope = envelope_method(sizes, run, options, result.notes))
    result.methods.push_back(std::move(*envelope));
  result.methods.push_back(bowls(BowlShape::parabola, sizes, result.budgets, options));
  result.methods.push_back(bowls(BowlShape::akima, sizes, result.budgets, options));
  if (result.fit.fit.value.empty() || !result.fit.fit.convergence.certified) {
    result.notes.push_back(fmt::format("method 3 is not used, because the fit of {} is not certified ({})", law.name,
                                       result.fit.fit.convergence.status));
    return result;
  }
  add_parametric(sizes, options, result);
  return result;
}

}  // namespace phaselaw::advice
