// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "phaselaw/advice/isoflop/methods.h"
#include "phaselaw/numerics/line.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"

// Simulated IsoFLOP tables of L = 1.8 + 400 N^-0.34 + 410 D^-0.28, and what an interval of the exponent holds. Shared by
// the test and by benchmarks/laws/study_isoflop.cpp.
namespace phaselaw::advice::testing {

struct IsoflopDesign {
  std::size_t budgets = 5, sizes = 6;
  bool uneven = false;   // budgets of sizes, sizes - 2, sizes - 3, ..., at least four
  double noise = 0.002;  // standard deviation of ln loss
  double scatter = 0;    // of ln of the best size of a budget, for reasons other than the noise
};

constexpr double kDesignExponent = 0.28 / (0.34 + 0.28);

inline double design_loss(double n, double d) { return 1.8 + 400 * std::pow(n, -0.34) + 410 * std::pow(d, -0.28); }

struct SimulatedIsoflop {
  Sizes noisy, exact;
  std::vector<IsoflopBudget> budgets;
};

// Budgets a factor 4 apart from 1e18 FLOP; sizes within a factor 4 of a centre that lies within 30 % of the optimum.
inline SimulatedIsoflop simulate(const IsoflopDesign& design, std::uint64_t draw) {
  numerics::RandomStream stream(19, "isoflop_design", draw);
  SimulatedIsoflop out;
  const double g = std::pow(0.34 * 400 / (0.28 * 410), 1 / 0.62);
  for (std::size_t b = 0; b < design.budgets; ++b) {
    const double compute = 1e18 * std::pow(4, static_cast<double>(b));
    const double centre = g * std::pow(compute / 6, kDesignExponent) * std::exp(0.3 * (2 * stream.uniform() - 1));
    const double shift = std::exp(design.scatter * stream.normal());
    const std::size_t count = design.uneven && b > 0
                                  ? std::max<std::size_t>(4, design.sizes - std::min(design.sizes - 4, b + 1))
                                  : design.sizes;
    out.budgets.push_back({compute, {}});
    for (const double n : numerics::log_spaced(centre / 4, centre * 4, count)) {
      out.budgets.back().rows.push_back(out.exact.n_params.size());
      out.exact.n_params.push_back(n);
      out.exact.tokens.push_back(compute / (6 * n));
      out.exact.compute.push_back(compute);
      out.exact.loss.push_back(design_loss(n * shift, compute / (6 * n * shift)));
    }
  }
  out.noisy = out.exact;
  for (double& loss : out.noisy.loss) loss *= std::exp(design.noise * stream.normal());
  return out;
}

struct IsoflopCoverage {
  int tables = 0, exponents = 0;  // with at least three budgets
  int held = 0, held_truth = 0;   // what the method finds without noise; the exponent of the law
  int open = 0;                   // intervals with a missing end
  double bias = 0;                // mean of the exponent without noise minus that of the law
  std::vector<double> widths;
  [[nodiscard]] double percent(int count) const { return 100.0 * count / std::max(1, exponents); }
};

inline void look_at(BowlShape shape, const IsoflopDesign& design, int resamples, std::uint64_t draw,
                    IsoflopCoverage& counts) {
  const SimulatedIsoflop table = simulate(design, draw);
  IsoflopOptions options;
  options.fit.resamples = resamples;
  options.fit.seed = static_cast<std::int64_t>(draw);
  const BowlNoise noise = noise_of(table.noisy, table.budgets, options.window);
  const IsoflopMethod method = bowl_method(shape, table.noisy, table.budgets, noise, options);
  ++counts.tables;
  if (!method.power) return;
  ++counts.exponents;
  std::vector<double> c, n;
  const std::vector<Vertex> exact = vertices_of(shape, table.exact, table.budgets, options.window);
  for (std::size_t b = 0; b < exact.size(); ++b)
    if (method.vertices[b].inside) {
      c.push_back(exact[b].compute);
      n.push_back(exact[b].n_params.value);
    }
  // The scatter of the budgets belongs to the errors of the exponent.
  const double sought = design.scatter > 0 ? kDesignExponent : numerics::least_squares_power(c, n).slope;
  const fitting::Estimate& a = method.power->a;
  const auto holds = [&](double x) { return (!a.lo || *a.lo <= x) && (!a.hi || x <= *a.hi); };
  counts.held += holds(sought) ? 1 : 0;
  counts.held_truth += holds(kDesignExponent) ? 1 : 0;
  counts.open += a.lo && a.hi ? 0 : 1;
  counts.bias += sought - kDesignExponent;
  if (a.lo && a.hi) counts.widths.push_back(*a.hi - *a.lo);
}

}  // namespace phaselaw::advice::testing
