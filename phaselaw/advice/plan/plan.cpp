// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/advice/plan/plan.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/fitting/selection.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::advice {

namespace {

using base::kInfinity;
using base::kNaN;
constexpr double kStep = 1e-3;        // step in ln resource for elasticities: error kStep^2
constexpr double kBalanced = 1e-4;    // elasticities closer than this, relatively, count as equal
constexpr double kIsoflopSpan = 3.5;  // range on either side of the optimum, in ln
constexpr double kFar = 10;           // factor beyond the fitted rows that causes a warning

using Parameters = std::vector<double>;

// A quantity at the fit and at each plausible set of parameters. NaN where it is not defined.
template <class F>
fitting::Estimate carried(const fitting::Plausible& plausible, std::string name, const Parameters& fitted, const F& f) {
  std::vector<double> draws;
  for (const Parameters& parameters : plausible.parameters) draws.push_back(f(parameters));
  return plausible.estimate(std::move(name), f(fitted), std::move(draws));
}

// The sizes of one set of parameters; an optimum at the end of the range of sizes is at infinity or zero.
struct SizesAtCompute {
  double compute = kNaN, n_params = kNaN, tokens = kNaN, n_data = kNaN, loss = kNaN, exponent_n = kNaN,
         exponent_d = kNaN, elasticity = kNaN, elasticity_of_loss = kNaN;
  int edge = 0;
};

double size_at_edge(double value, int edge) { return edge > 0 ? kInfinity : edge < 0 ? 0 : value; }

SizesAtCompute at_compute(const Allocator& allocator, const Parameters& parameters, double compute) {
  const Allocation middle = allocator.best(parameters, compute);
  const double h = 0.02;  // exponents of smooth laws, exact to h^2
  const Allocation below = allocator.best(parameters, compute * std::exp(-h)),
                   above = allocator.best(parameters, compute * std::exp(h));
  const double floor = allocator.floor(parameters);
  SizesAtCompute at;
  at.compute = compute;
  at.edge = middle.edge;
  at.n_params = size_at_edge(middle.n_params, middle.edge);
  at.tokens = size_at_edge(middle.tokens, -middle.edge);
  at.n_data = size_at_edge(middle.n_data, middle.edge);
  at.loss = middle.loss;
  if (middle.edge == 0 && allocator.has_sizes()) {
    at.exponent_n = std::log(above.n_params / below.n_params) / (2 * h);
    at.exponent_d = std::log(above.tokens / below.tokens) / (2 * h);
  }
  at.elasticity = -std::log((above.loss - floor) / (below.loss - floor)) / (2 * h);
  at.elasticity_of_loss = -std::log(above.loss / below.loss) / (2 * h);
  return at;
}

double elasticity(const Allocator& allocator, const Parameters& parameters, double n, double d, bool of_tokens,
                  bool of_loss) {
  const double up = std::exp(kStep), down = std::exp(-kStep);
  const double above = of_tokens ? allocator.loss(parameters, n, d * up) : allocator.loss(parameters, n * up, d);
  const double below = of_tokens ? allocator.loss(parameters, n, d * down) : allocator.loss(parameters, n * down, d);
  const double floor = of_loss ? 0 : allocator.floor(parameters);
  return -std::log((above - floor) / (below - floor)) / (2 * kStep);
}

// +1: a larger model gains more for its compute than more tokens; -1: the reverse; 0: both gain the same.
int what_pays(const Allocator& allocator, const Parameters& parameters, double n, double d) {
  const double up = std::exp(kStep), down = std::exp(-kStep);
  const double per_n = std::log(allocator.compute(n * up, d) / allocator.compute(n * down, d));
  const double per_d = std::log(allocator.compute(n, d * up) / allocator.compute(n, d * down));
  const double model = elasticity(allocator, parameters, n, d, false, true) / per_n;
  const double data = elasticity(allocator, parameters, n, d, true, true) / per_d;
  if (std::abs(model - data) <= kBalanced * std::max(std::abs(model), std::abs(data))) return 0;
  return model > data ? 1 : -1;
}

class Planner {
 public:
  Planner(const fitting::SavedFit& saved, const PlanOptions& options)
      : saved_(saved),
        options_(options),
        allocator_(saved.fit.law, options.situation),
        plausible_(fitting::plausible_parameters(saved)) {}

  Plan begin() const {
    Plan plan{saved_.fit.name(),
              saved_.fit.formula(),
              plausible_.method,
              base::enum_to_text(options_.situation.cost.convention),
              plausible_.level,
              {},
              {},
              saved_.fit.warnings};
    if (!saved_.fit.convergence.certified)
      plan.warnings.insert(
          plan.warnings.begin(),
          fmt::format("the fit is not certified ({}), so this plan is not reliable; see the warnings of phaselaw fit",
                      saved_.fit.convergence.status));
    std::vector<std::string> open;
    for (const fitting::Estimate& e : saved_.fit.parameters)
      if (!e.identified && !e.fixed) open.push_back(e.name);
    if (!open.empty())
      plan.warnings.push_back(fmt::format(
          "the data constrain {} poorly, so everything computed from them is uncertain; use the intervals rather than the values",
          fmt::join(open, ", ")));
    if (plausible_.parameters.empty())
      plan.warnings.emplace_back(
          "there are no intervals, because the rows constrain the parameters too poorly for a covariance; fit with --interval bootstrap");
    if (options_.past_errors) {
      fitting::FitOptions plain = saved_.options;
      if (const auto past = holdout(saved_.fit.law, saved_.data, plain, 0.2))
        plan.past = PastErrors{past->compute_factor, past->mean_abs_rel_error, past->n_predicted};
    }
    return plan;
  }

  PlanPoint at_computes(double compute, const std::vector<double>& compute_draws) const {
    base::throw_if_interrupted();
    const Parameters& fitted = saved_.fit.value;
    const SizesAtCompute centre = at_compute(allocator_, fitted, compute);
    std::vector<SizesAtCompute> draws;
    for (std::size_t k = 0; k < plausible_.parameters.size(); ++k) {
      const double own = compute_draws.empty() ? compute : compute_draws[k];
      draws.push_back(std::isfinite(own) ? at_compute(allocator_, plausible_.parameters[k], own) : SizesAtCompute{});
      if (!std::isfinite(own)) draws.back().compute = own;
    }
    const auto estimate = [&](const char* name, double SizesAtCompute::*field) {
      std::vector<double> values;
      for (const SizesAtCompute& draw : draws) values.push_back(draw.*field);
      return plausible_.estimate(name, centre.*field, std::move(values));
    };
    PlanPoint point;
    point.compute = estimate("compute", &SizesAtCompute::compute);
    if (compute_draws.empty()) point.compute = {"compute", compute, compute, compute, true, true};
    point.n_params = estimate("n_params", &SizesAtCompute::n_params);
    point.tokens = estimate("tokens", &SizesAtCompute::tokens);
    point.n_data = estimate("n_data", &SizesAtCompute::n_data);
    point.exponent_n_params = estimate("exponent_n_params", &SizesAtCompute::exponent_n);
    point.exponent_tokens = estimate("exponent_tokens", &SizesAtCompute::exponent_d);
    point.elasticity.compute = estimate("compute", &SizesAtCompute::elasticity);
    point.elasticity_of_loss.compute = estimate("compute", &SizesAtCompute::elasticity_of_loss);
    point.edge = centre.edge;
    point.floor = carried(plausible_, "floor", fitted, [&](const Parameters& p) { return allocator_.floor(p); });
    std::vector<double> ratios;
    for (const SizesAtCompute& draw : draws) ratios.push_back(draw.tokens / draw.n_params);
    point.tokens_per_param = plausible_.estimate("tokens_per_param", centre.tokens / centre.n_params, ratios);
    const auto held = [](fitting::Estimate& e, std::optional<double> value) {
      if (value) e = {e.name, *value, *value, *value, true, true};
    };
    held(point.n_params, options_.situation.n_params);
    held(point.tokens, options_.situation.tokens);
    held(point.tokens_per_param, options_.situation.tokens_per_param);
    add_loss(point, compute);
    if (allocator_.has_sizes() && centre.edge == 0) add_sizes(point);
    if (!allocator_.has_sizes()) add_stage(point);
    add_warnings(point);
    return point;
  }

  PlanPoint at_loss(double target) const {
    const Parameters& fitted = saved_.fit.value;
    const auto compute = allocator_.compute_for(fitted, target);
    if (!compute) {
      const fitting::Estimate floor =
          carried(plausible_, "floor", fitted, [&](const Parameters& p) { return allocator_.floor(p); });
      throw base::InputError(
          {"--loss"},
          fmt::format(
              "no compute up to 1e60 reaches {}: with the held sizes the law {} does not go below {}{}; give a higher loss",
              target, saved_.fit.name(),
              base::format_number(allocator_.best(fitted, Allocator::kLargestCompute).loss, 6),
              floor.lo && floor.hi ? fmt::format(" (floor {})", base::format_value(floor.value, *floor.lo, *floor.hi))
                                   : ""));
    }
    std::vector<double> draws;
    std::size_t reached = 0;
    for (const Parameters& parameters : plausible_.parameters) {
      base::throw_if_interrupted();
      draws.push_back(allocator_.compute_for(parameters, target, *compute).value_or(kInfinity));
      if (std::isfinite(draws.back())) ++reached;
    }
    PlanPoint point = at_computes(*compute, draws);
    point.loss = {"loss", target, target, target, true, true};
    if (!draws.empty()) point.reached = static_cast<double>(reached) / static_cast<double>(draws.size());
    if (point.reached < 1)
      point.warnings.push_back(fmt::format(
          "for {} of the plausible parameters no compute reaches this loss, because it lies within the interval of the floor",
          base::format_percent(1 - point.reached, 3)));
    return point;
  }

  [[nodiscard]] const Allocator& allocator() const { return allocator_; }
  [[nodiscard]] const fitting::Plausible& plausible() const { return plausible_; }

 private:
  // The law at the recommended sizes, and one new run there.
  void add_loss(PlanPoint& point, double compute) const {
    const Parameters& fitted = saved_.fit.value;
    const Allocation chosen = allocator_.best(fitted, compute);
    const double first = allocator_.has_sizes() ? chosen.n_params : chosen.n_data;
    const double second = allocator_.has_sizes() ? chosen.tokens : compute;
    std::vector<double> draws;
    for (const Parameters& parameters : plausible_.parameters)
      draws.push_back(allocator_.loss(parameters, first, second));
    point.loss = plausible_.estimate("loss", chosen.loss, draws);
    point.run = plausible_.new_run("run", point.loss);
  }

  void add_sizes(PlanPoint& point) const {
    const Parameters& fitted = saved_.fit.value;
    const double n = point.n_params.value, d = point.tokens.value;
    point.flop_multiple = options_.situation.cost.per_token(n) / (6 * n);
    for (const bool of_loss : {false, true}) {
      Elasticities& into = of_loss ? point.elasticity_of_loss : point.elasticity;
      into.n_params = carried(plausible_, "n_params", fitted,
                              [&](const Parameters& p) { return elasticity(allocator_, p, n, d, false, of_loss); });
      into.tokens = carried(plausible_, "tokens", fitted,
                            [&](const Parameters& p) { return elasticity(allocator_, p, n, d, true, of_loss); });
    }
    const bool free =
        !options_.situation.n_params && !options_.situation.tokens && !options_.situation.tokens_per_param;
    const int pays = free ? 0 : what_pays(allocator_, fitted, n, d);
    std::size_t same = 0;
    for (const Parameters& p : plausible_.parameters)
      if (free || what_pays(allocator_, p, n, d) == pays) ++same;
    point.bottleneck_share = plausible_.parameters.empty()
                                 ? 0
                                 : static_cast<double>(same) / static_cast<double>(plausible_.parameters.size());
    if (pays == 0) {
      point.bottleneck = "compute-starved";
      point.reason =
          "the compute is spent optimally: a larger model and more tokens help equally, so only more compute helps";
    } else if (pays > 0) {
      point.bottleneck = "model-limited";
      point.reason = "a larger model lowers the loss more than tokens of the same cost";
    } else {
      point.bottleneck = "data-limited";
      point.reason = "more tokens lower the loss more than parameters of the same cost";
    }
    if (!free) {
      Situation best = options_.situation;
      best.n_params = best.tokens = best.tokens_per_param = std::nullopt;
      const Allocator unheld(saved_.fit.law, best);
      const double compute = point.compute.value;
      point.optimal_share = carried(plausible_, "optimal_share", fitted, [&](const Parameters& p) {
        const auto least = unheld.compute_for(p, allocator_.best(p, compute).loss, compute);
        return least ? *least / compute : kNaN;
      });
    }
    add_isoflop(point);
  }

  void add_isoflop(PlanPoint& point) const {
    const std::size_t count = options_.isoflop_points;
    if (count < 2) return;
    const double centre = allocator_.best(saved_.fit.value, point.compute.value).n_params;
    std::vector<double> n, d;
    for (std::size_t i = 0; i < count; ++i) {
      const double x = kIsoflopSpan * (2 * static_cast<double>(i) / static_cast<double>(count - 1) - 1);
      const double size = centre * std::exp(x), tokens = allocator_.tokens_for(size, point.compute.value);
      if (!(tokens > 0) || !(size >= 1)) continue;
      n.push_back(size);
      d.push_back(tokens);
    }
    if (n.empty()) return;
    const std::vector<double> value = allocator_.losses(saved_.fit.value, n, d);
    std::vector<std::vector<double>> draws(n.size());
    for (const Parameters& p : plausible_.parameters) {
      const std::vector<double> at = allocator_.losses(p, n, d);
      for (std::size_t i = 0; i < n.size(); ++i) draws[i].push_back(at[i]);
    }
    for (std::size_t i = 0; i < n.size(); ++i) {
      const fitting::Estimate e = plausible_.estimate("loss", value[i], std::move(draws[i]));
      point.isoflop.push_back({n[i], d[i], value[i], e.lo, e.hi});
    }
  }

  // The stage of a two-stage law: the exponential becomes a power where W0(C/C0) = 1, at C = e C0.
  void add_stage(PlanPoint& point) const {
    const laws::Law& law = saved_.fit.law;
    if (law.name != "two-stage") return;
    const std::size_t scale = law.find("C0");
    const auto starved = [&](const Parameters& p) { return point.compute.value < std::numbers::e * p[scale]; };
    const bool here = starved(saved_.fit.value);
    point.bottleneck = here ? "compute-starved" : "data-limited";
    point.reason = here ? "before the bend: the loss still falls exponentially with compute"
                        : "beyond the bend: the loss falls as a power, and more compute needs more data";
    std::size_t same = 0;
    for (const Parameters& p : plausible_.parameters)
      if (starved(p) == here) ++same;
    if (!plausible_.parameters.empty())
      point.bottleneck_share = static_cast<double>(same) / static_cast<double>(plausible_.parameters.size());
  }

  void add_warnings(PlanPoint& point) const {
    if (point.edge != 0)
      point.warnings.push_back(
          fmt::format("there is no best size: under the fitted law {} is always better at this compute; "
                      "hold a size, or fit a law with a term for parameters and one for tokens",
                      point.edge > 0 ? "a larger model" : "a smaller model"));
    const auto compare = [&](const char* name, double value) {
      if (!std::isfinite(value) || !(value > 0)) return;
      std::vector<double> column;
      try {
        column = saved_.data.columns.get(name);
      } catch (const base::InputError&) {
        return;
      }
      const auto [low, high] = std::minmax_element(column.begin(), column.end());
      Extrapolation e{name, value, 1, true};
      if (value > *high) e.factor = value / *high;
      if (value < *low) {
        e.factor = *low / value;
        e.above = false;
      }
      point.extrapolation.push_back(e);
      if (e.factor > kFar)
        point.warnings.push_back(
            fmt::format("{} of {} is {} times {} of the fitted runs, so the plan is an extrapolation", name,
                        base::format_number(value, 3, base::notation_of(tables::unit_of(name))),
                        base::format_number(e.factor), e.above ? "above the largest" : "below the smallest"));
    };
    compare("compute", options_.situation.inference_tokens > 0 && allocator_.has_sizes()
                           ? options_.situation.cost.per_token(point.n_params.value) * point.tokens.value
                           : point.compute.value);
    compare("n_params", point.n_params.value);
    compare("tokens", point.tokens.value);
    if (!plausible_.parameters.empty() && allocator_.has_sizes() && point.edge == 0 && !point.n_params.identified)
      point.warnings.emplace_back(
          "the best size is poorly constrained: its interval spans more than a factor 100 or has an open end; "
          "find a run that narrows it with --next-run");
    if (point.bottleneck == "model-limited" || point.bottleneck == "data-limited")
      if (!plausible_.parameters.empty() && point.bottleneck_share < plausible_.level)
        point.warnings.push_back(fmt::format("the bottleneck is uncertain: {} of the plausible parameters give {}",
                                             base::format_percent(point.bottleneck_share), point.bottleneck));
    if (point.loss.value - point.floor.value < saved_.fit.residual_scale * point.loss.value)
      point.warnings.emplace_back(
          "the loss above the floor is smaller than the scatter between runs, so more compute brings no measurable gain");
  }

  const fitting::SavedFit& saved_;
  PlanOptions options_;
  Allocator allocator_;
  fitting::Plausible plausible_;
};

}  // namespace

Plan plan_for_compute(const fitting::SavedFit& saved, const std::vector<double>& computes, const PlanOptions& options) {
  const Planner planner(saved, options);
  for (const double compute : computes) (void)planner.allocator().best(saved.fit.value, compute);  // errors first
  Plan plan = planner.begin();
  for (const double compute : computes) plan.points.push_back(planner.at_computes(compute, {}));
  return plan;
}

Plan plan_for_loss(const fitting::SavedFit& saved, const std::vector<double>& losses, const PlanOptions& options) {
  const Planner planner(saved, options);
  Plan plan = planner.begin();
  for (const double loss : losses) plan.points.push_back(planner.at_loss(loss));
  return plan;
}

std::vector<FrontierPoint> frontier(const fitting::SavedFit& saved, const Situation& situation,
                                    const std::vector<double>& computes) {
  const Allocator allocator(saved.fit.law, situation);
  const fitting::Plausible plausible = fitting::plausible_parameters(saved);
  std::vector<FrontierPoint> points;
  for (const double compute : computes) {
    base::throw_if_interrupted();
    const Allocation centre = allocator.best(saved.fit.value, compute);
    std::vector<double> n, d, loss;
    for (const Parameters& p : plausible.parameters) {
      const Allocation draw = allocator.best(p, compute);
      n.push_back(size_at_edge(draw.n_params, draw.edge));
      d.push_back(size_at_edge(draw.tokens, -draw.edge));
      loss.push_back(draw.loss);
    }
    points.push_back({{"compute", compute, compute, compute, true, true},
                      plausible.estimate("n_params", size_at_edge(centre.n_params, centre.edge), n),
                      plausible.estimate("tokens", size_at_edge(centre.tokens, -centre.edge), d),
                      plausible.estimate("loss", centre.loss, loss)});
  }
  return points;
}

}  // namespace phaselaw::advice
