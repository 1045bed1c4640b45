// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phaselaw/report/claim.h"
#include "phaselaw/report/figure.h"
#include "phaselaw/reproduce/experiment.h"

// The statistical lower bound, simulated: Le Cam's two constant targets F+- = +-(xi/(2 sqrt n)) u at the inputs of a
// real data set, labels y = F+- + xi N(0, 1), and tests and estimators that know u, n, xi and both targets
// (docs/theory/lower-bounds.md, theory/two_point.h).
//
// Risk: (1/n) sum_a ||Fhat(X_a) - F(X_a)||^2, in sample; the mean over the two targets, which the worst case can only
// exceed. Estimators: two that use only the two points (likelihood-ratio plug-in, posterior mean: minimax), three of
// the mean of the labels (itself, along u, James-Stein), two that train on the tangent kernel of a transformer at its
// start: gradient flow at its best stopping time and ridge at its best strength, both chosen with knowledge of the
// truth.
namespace phaselaw::reproduce {

struct Simulated {
  std::string name;
  double value = 0, standard_error = 0;
};

// One data set and noise.
struct TwoPointCell {
  std::int64_t n_data = 0, draws = 0;
  double noise = 0;
  std::vector<Simulated> errors;  // of tests: the sum of both error probabilities; the likelihood ratio first
  std::vector<Simulated> risks;   // of estimators, in units of xi^2/n; the posterior mean first
};

// The risk of the posterior mean at another separation h of the two points, in units of xi^2/n.
struct SeparationPoint {
  double separation = 0;
  Simulated risk;
};

struct TwoPointExperiment {
  std::vector<TwoPointCell> cells;
  std::vector<SeparationPoint> separations;
};

// The simulation of one cell. `draws` noise vectors, each used for both targets. The same for any number of threads.
[[nodiscard]] TwoPointCell simulate_two_points(const sweep::Experiment& experiment, std::int64_t draws);
[[nodiscard]] SeparationPoint simulate_separation(double separation, std::int64_t draws, std::uint64_t seed);

// LB.two_point.test_bound, .best_test, .risk_bound, .minimax, .attained. Intervals are valid for all cells and
// estimators at once (Bonferroni).
[[nodiscard]] std::vector<report::Claim> claims_of(const TwoPointExperiment& experiment);
[[nodiscard]] std::vector<report::Figure> figures_of(const TwoPointExperiment& experiment);
[[nodiscard]] report::Table table_of(const TwoPointExperiment& experiment);

[[nodiscard]] Finding two_point(const Context& context);

}  // namespace phaselaw::reproduce
