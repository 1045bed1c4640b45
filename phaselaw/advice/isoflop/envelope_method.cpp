// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>

#include "phaselaw/advice/isoflop/methods.h"
#include "phaselaw/base/constants.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/numerics/line.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"

// The lowest of the loss curves at each compute; runs are resampled.
namespace phaselaw::advice {

namespace {

using base::kNaN;

constexpr std::size_t kLeastCurves = 4;

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

// The lowest run at one compute. Unset where the smallest or the largest run is the lowest.
std::optional<Vertex> envelope_vertex(const std::vector<const RunCurve*>& curves, double compute) {
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
  if (best == nullptr || count < 3 || best->n_params == smallest || best->n_params == largest) return std::nullopt;
  Vertex vertex;
  vertex.compute = compute;
  vertex.n_points = count;
  vertex.n_params = {"n_params", best->n_params, {}, {}, false, false};
  vertex.tokens = {"tokens", compute / best->flop_per_token, {}, {}, false, false};
  vertex.loss = std::exp(least);
  vertex.inside = true;
  return vertex;
}

std::vector<Vertex> envelope_vertices(const std::vector<const RunCurve*>& curves, const std::vector<double>& computes) {
  std::vector<Vertex> vertices;
  for (const double compute : computes)
    if (auto vertex = envelope_vertex(curves, compute)) vertices.push_back(std::move(*vertex));
  return vertices;
}

struct Powers {
  numerics::Line n, d;
};
std::optional<Powers> powers_of(const std::vector<Vertex>& vertices) {
  if (vertices.size() < kLeastBudgets) return std::nullopt;
  std::vector<double> c, n, d;
  for (const Vertex& vertex : vertices) {
    c.push_back(vertex.compute);
    n.push_back(vertex.n_params.value);
    d.push_back(vertex.tokens.value);
  }
  return Powers{numerics::least_squares_power(c, n), numerics::least_squares_power(c, d)};
}

// Percentiles of the draws; none if fewer than half of the resamples have a value.
fitting::Estimate percentiles(std::string name, double value, std::vector<double> draws, std::size_t resamples,
                              double level) {
  fitting::Estimate out{std::move(name), value, {}, {}, false, false};
  if (2 * draws.size() < resamples || draws.size() < 2) return out;
  std::sort(draws.begin(), draws.end());
  out.lo = numerics::quantile_of_sorted(draws, (1 - level) / 2);
  out.hi = numerics::quantile_of_sorted(draws, (1 + level) / 2);
  out.identified = true;
  return out;
}

OptimumPower power_with_resamples(const Powers& found, const std::vector<const RunCurve*>& all,
                                  const std::vector<double>& computes, const IsoflopOptions& options) {
  const auto resamples = static_cast<std::size_t>(options.fit.resamples);
  std::vector<double> a, b;
  for (std::size_t k = 0; k < resamples; ++k) {
    base::throw_if_interrupted();
    numerics::RandomStream stream(static_cast<std::uint64_t>(options.fit.seed), "isoflop.envelope", k);
    std::vector<const RunCurve*> drawn;
    for (std::size_t i = 0; i < all.size(); ++i) drawn.push_back(all[stream.below(all.size())]);
    if (const auto powers = powers_of(envelope_vertices(drawn, computes))) {
      a.push_back(powers->n.slope);
      b.push_back(powers->d.slope);
    }
  }
  const std::size_t known = a.size();
  OptimumPower power;
  power.a = percentiles("a", found.n.slope, std::move(a), resamples, options.fit.level);
  power.b = percentiles("b", found.d.slope, std::move(b), resamples, options.fit.level);
  power.k_n_params = std::exp(found.n.intercept);
  power.k_tokens = std::exp(found.d.intercept);
  power.r2 = found.n.r2;
  power.budgets = found.n.points;
  power.interval = power.a.lo ? fmt::format("percentiles of {} resamples of the {} runs", known, all.size()) : "none";
  if (!power.a.lo)
    power.why = fmt::format("only {} of {} resamples of the {} runs have an envelope at {} computes", known, resamples,
                            all.size(), kLeastBudgets);
  return power;
}

}  // namespace

std::optional<IsoflopMethod> envelope_method(const Sizes& sizes, const std::vector<std::string>& run,
                                             const IsoflopOptions& options) {
  const std::vector<RunCurve> curves = curves_of(sizes, run);
  if (curves.size() < kLeastCurves) return std::nullopt;
  const auto [low, high] = std::minmax_element(sizes.compute.begin(), sizes.compute.end());
  const std::vector<double> computes = numerics::log_spaced(*low, *high, kEnvelopeBins);
  std::vector<const RunCurve*> all;
  for (const RunCurve& curve : curves) all.push_back(&curve);
  IsoflopMethod method;
  method.name = "envelope";
  method.vertices = envelope_vertices(all, computes);
  if (const auto found = powers_of(method.vertices))
    method.power = power_with_resamples(*found, all, computes, options);
  else
    method.why = fmt::format("at {} computes a run of intermediate size is the lowest; {} are needed",
                             method.vertices.size(), kLeastBudgets);
  return method;
}

}  // namespace phaselaw::advice
