// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/plan/plan_point.h"

#include <cmath>
#include <numbers>

#include "phaselaw/advice/plan/frontier.h"
#include "phaselaw/advice/plan/quantities.h"
#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"

namespace phaselaw::advice {

namespace {

using base::kInfinity;
using base::kNaN;
constexpr double kIsoflopSpan = 3.5;  // range on either side of the optimum, in ln

fitting::Estimate exactly(const char* name, double value) { return {name, value, value, value, true, true}; }
fitting::Estimate unknown(const char* name) { return {name, kNaN, {}, {}, false, false}; }

}  // namespace

Planner::Planner(const fitting::SavedFit& saved, const PlanOptions& options)
    : saved_(saved), options_(options), allocator_(saved.fit.law, options.situation), uncertainty_(saved) {}

// No loss is below 0, so that an interval without a lower end begins there.
fitting::Estimate Planner::floor() const {
  fitting::Estimate floor = uncertainty_.estimate(
      "floor", [&](Parameters p) { return allocator_.floor(p); }, false);
  if (floor.hi && !floor.lo) floor.lo = 0;
  return floor;
}

PlanPoint Planner::for_compute(double compute) const {
  return numbers(
      compute, [compute](Parameters) { return compute; }, true);
}

PlanPoint Planner::for_loss(double target) const {
  const auto compute = allocator_.compute_for(saved_.fit.value, target);
  if (!compute) {
    const fitting::Estimate floor = this->floor();
    throw base::InputError(
        {"--loss"},
        fmt::format(
            "no compute up to 1e60 reaches {}: with the held sizes the law {} does not go below {}{}; give a higher loss",
            target, saved_.fit.name(),
            base::format_number(allocator_.best(saved_.fit.value, Allocator::kLargestCompute).loss, 6),
            floor.hi ? fmt::format(" (floor {})", base::format_value(floor.value, floor.lo.value_or(0), *floor.hi))
                     : fmt::format(" (floor {})", base::format_number(floor.value, 4))));
  }
  PlanPoint point = numbers(
      *compute,
      [&, guess = *compute](Parameters p) { return allocator_.compute_for(p, target, guess).value_or(kInfinity); },
      false);
  point.loss = exactly("loss", target);
  return point;
}

fitting::Estimate Planner::at_best(const char* name, const ComputeOf& compute_of,
                                   const std::function<double(const Allocation&)>& quantity) const {
  return uncertainty_.estimate(name, [&](Parameters p) {
    const double compute = compute_of(p);
    return std::isfinite(compute) ? quantity(allocator_.best(p, compute)) : kNaN;
  });
}

PlanPoint Planner::numbers(double compute, const ComputeOf& compute_of, bool fixed) const {
  base::throw_if_interrupted();
  PlanPoint point;
  point.edge = allocator_.best(saved_.fit.value, compute).edge;
  point.compute = fixed ? exactly("compute", compute) : uncertainty_.estimate("compute", compute_of);
  point.floor = floor();
  add_sizes(point, compute_of, fixed);
  add_exponents(point);
  add_loss(point);
  add_elasticities(point);
  if (allocator_.has_sizes() && point.edge == 0) {
    add_bottleneck(point);
    add_isoflop(point);
  }
  add_stage(point);
  return point;
}

void Planner::add_sizes(PlanPoint& point, const ComputeOf& compute_of, bool fixed) const {
  const double compute = point.compute.value;
  const Situation& situation = options_.situation;
  point.n_params = unknown("n_params");
  point.tokens = unknown("tokens");
  point.tokens_per_param = unknown("tokens_per_param");
  point.n_data = unknown("n_data");
  if (allocator_.has_n_data())
    point.n_data = at_best("n_data", compute_of, [](const Allocation& at) { return size_at_edge(at.n_data, at.edge); });
  if (!allocator_.has_sizes()) return;

  const Allocation best = allocator_.best(saved_.fit.value, compute);
  const auto size = [](const Allocation& at) { return size_at_edge(at.n_params, at.edge); };
  const auto tokens = [](const Allocation& at) { return size_at_edge(at.tokens, -at.edge); };
  if (fixed && !allocator_.chooses_sizes()) {  // the sizes follow from the compute alone
    point.n_params = exactly("n_params", best.n_params);
    point.tokens = exactly("tokens", best.tokens);
    point.tokens_per_param = exactly("tokens_per_param", best.tokens / best.n_params);
    return;
  }
  point.n_params =
      situation.n_params ? exactly("n_params", *situation.n_params) : at_best("n_params", compute_of, size);
  if (fixed && best.edge == 0) {  // tokens follow from the size
    point.tokens = decreasing("tokens", point.n_params, [&](double n) { return allocator_.tokens_for(n, compute); });
    point.tokens_per_param =
        decreasing("tokens_per_param", point.n_params, [&](double n) { return allocator_.tokens_for(n, compute) / n; });
    return;
  }
  point.tokens = situation.tokens ? exactly("tokens", *situation.tokens) : at_best("tokens", compute_of, tokens);
  point.tokens_per_param =
      situation.tokens_per_param
          ? exactly("tokens_per_param", *situation.tokens_per_param)
          : at_best("tokens_per_param", compute_of, [&](const Allocation& at) { return tokens(at) / size(at); });
}

void Planner::add_exponents(PlanPoint& point) const {
  point.exponent_n_params = unknown("exponent_n_params");
  point.exponent_tokens = unknown("exponent_tokens");
  if (!allocator_.has_sizes() || point.edge != 0) return;
  const Allocate best = [&](Parameters p, double compute) { return allocator_.best(p, compute); };
  const auto exponent = [&](const char* name, double Allocation::*size) {
    const auto at = [&](Parameters p) { return size_exponent(best, p, point.compute.value, size); };
    return allocator_.chooses_sizes() ? uncertainty_.estimate(name, at, false) : exactly(name, at(saved_.fit.value));
  };
  point.exponent_n_params = exponent("exponent_n_params", &Allocation::n_params);
  const bool product = options_.situation.cost.convention == FlopConvention::six_nd &&
                       options_.situation.inference_tokens == 0 && allocator_.chooses_sizes();
  point.exponent_tokens = product
                              ? decreasing("exponent_tokens", point.exponent_n_params, [](double a) { return 1 - a; })
                              : exponent("exponent_tokens", &Allocation::tokens);
}

// The law at the recommended sizes, and one new run there.
void Planner::add_loss(PlanPoint& point) const {
  const double compute = point.compute.value;
  const Allocation chosen = allocator_.best(saved_.fit.value, compute);
  const double first = allocator_.has_sizes() ? chosen.n_params : chosen.n_data;
  const double second = allocator_.has_sizes() ? chosen.tokens : compute;
  point.loss = uncertainty_.estimate("loss", [&](Parameters p) { return allocator_.loss(p, first, second); });
  point.run = uncertainty_.new_run("run", allocator_.columns(first, second), point.loss);
}

void Planner::add_elasticities(PlanPoint& point) const {
  const double compute = point.compute.value, n = point.n_params.value, d = point.tokens.value;
  const Parameters fitted = saved_.fit.value;
  const Allocate best = [&](Parameters p, double c) { return allocator_.best(p, c); };
  const auto of_compute = [&](bool whole) {
    return uncertainty_.estimate(
        "compute",
        [&, whole](Parameters p) { return compute_elasticity(best, p, compute, whole ? 0 : allocator_.floor(p)); },
        false);
  };
  point.elasticity.compute = of_compute(false);
  point.elasticity_of_loss.compute = of_compute(true);
  if (!allocator_.has_sizes() || point.edge != 0) return;
  point.flop_multiple = options_.situation.cost.per_token(n) / (6 * n);
  const auto of_size = [&](const char* name, Resource resource) {
    return uncertainty_.estimate(
        name,
        [&, resource](Parameters p) { return size_elasticity(allocator_, p, n, d, resource, allocator_.floor(p)); },
        false);
  };
  const auto of_loss = [&](const char* name, Resource resource) {
    return fitting::Estimate{name, size_elasticity(allocator_, fitted, n, d, resource, 0), {}, {}, false, false};
  };
  point.elasticity.n_params = of_size("n_params", Resource::n_params);
  point.elasticity.tokens = of_size("tokens", Resource::tokens);
  point.elasticity_of_loss.n_params = of_loss("n_params", Resource::n_params);
  point.elasticity_of_loss.tokens = of_loss("tokens", Resource::tokens);
}

void Planner::add_bottleneck(PlanPoint& point) const {
  if (allocator_.chooses_sizes()) {
    point.bottleneck = "compute-starved";
    point.reason =
        "the compute is spent optimally: a larger model and more tokens help equally, so only more compute helps";
    return;
  }
  const double n = point.n_params.value, d = point.tokens.value, compute = point.compute.value;
  point.balance = uncertainty_.estimate("balance", [&](Parameters p) { return gain_ratio(allocator_, p, n, d); });
  if (point.balance->value > 1) {
    point.bottleneck = "model-limited";
    point.reason = "a larger model lowers the loss more than tokens of the same cost";
  } else {
    point.bottleneck = "data-limited";
    point.reason = "more tokens lower the loss more than parameters of the same cost";
  }
  Situation best = options_.situation;
  best.n_params = best.tokens = best.tokens_per_param = std::nullopt;
  std::optional<Allocator> unheld;
  try {
    unheld.emplace(saved_.fit.law, best);
  } catch (const base::InputError&) {  // a law of one size alone has no best sizes
    return;
  }
  point.optimal_share = uncertainty_.estimate("optimal_share", [&](Parameters p) {
    const auto least = unheld->compute_for(p, allocator_.best(p, compute).loss, compute);
    return least ? *least / compute : kNaN;
  });
}

void Planner::add_isoflop(PlanPoint& point) const {
  const std::size_t count = options_.isoflop_points;
  if (count < 2) return;
  std::vector<double> n, d;
  for (std::size_t i = 0; i < count; ++i) {
    const double x = kIsoflopSpan * (2 * static_cast<double>(i) / static_cast<double>(count - 1) - 1);
    const double size = point.n_params.value * std::exp(x), tokens = allocator_.tokens_for(size, point.compute.value);
    if (!(tokens > 0) || !(size >= 1)) continue;
    n.push_back(size);
    d.push_back(tokens);
  }
  if (n.empty()) return;
  const std::vector<double> value = allocator_.losses(saved_.fit.value, n, d);
  const auto band = with_band("loss", n, value, [&](std::size_t i) {
    return uncertainty_.estimate("loss", [&](Parameters p) { return allocator_.loss(p, n[i], d[i]); });
  });
  for (std::size_t i = 0; i < n.size(); ++i) point.isoflop.push_back({n[i], d[i], value[i], band[i].lo, band[i].hi});
}

// The stage of a two-stage law: the exponential becomes a power where W0(C/C0) = 1, at C = e C0.
void Planner::add_stage(PlanPoint& point) const {
  const laws::Law& law = saved_.fit.law;
  if (law.name != "two-stage") return;
  const std::size_t scale = law.find("C0");
  point.balance = uncertainty_.estimate(
      "balance", [&](Parameters p) { return point.compute.value / (std::numbers::e * p[scale]); });
  const bool before = point.balance->value < 1;
  point.bottleneck = before ? "compute-starved" : "data-limited";
  point.reason = before ? "before the bend: the loss still falls exponentially with compute"
                        : "beyond the bend: the loss falls as a power, and more compute needs more data";
}

}  // namespace phaselaw::advice
