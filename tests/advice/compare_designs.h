// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>

#include "phaselaw/advice/compare/paired_law.h"
#include "phaselaw/numerics/random.h"

// Simulated runs of two recipes with known laws, for the tests of compare and its study.
namespace phaselaw::advice::testing {

struct Design {
  int budgets = 4, seeds = 1;
  double floor = 1.7, amplitude = 1.5;
  double baseline_exponent = 0.15, candidate_exponent = 0.155;
  double gain = 1.4;     // of the candidate at kCentre
  double noise = 0.004;  // standard deviation of ln loss
  double decades = 3;    // from the smallest to the largest budget
  bool shifted = false;  // the candidate's budgets lie between those of the baseline

  static constexpr double kFirst = 1e18, kCentre = 1e19;
  [[nodiscard]] double first() const { return kFirst; }
  [[nodiscard]] double last() const { return kFirst * std::pow(10, decades); }
  [[nodiscard]] double baseline_loss(double x) const {
    return floor + amplitude * std::pow(x / kCentre, -baseline_exponent);
  }
  [[nodiscard]] double candidate_loss(double x) const {
    return floor + amplitude * std::pow(gain, -baseline_exponent) * std::pow(x / kCentre, -candidate_exponent);
  }
  // s(x) with baseline_loss(s x) = candidate_loss(x).
  [[nodiscard]] double speedup(double x) const {
    return kCentre * std::pow((candidate_loss(x) - floor) / amplitude, -1 / baseline_exponent) / x;
  }
};

struct RecipePair {
  RecipePoints baseline, candidate;
};

inline RecipePair draw(const Design& design, std::uint64_t index, std::uint64_t seed = 1) {
  numerics::RandomStream stream(seed, "compare_designs", index);
  RecipePair out;
  for (int b = 0; b < design.budgets; ++b) {
    const double step = design.budgets > 1 ? design.decades / (design.budgets - 1) : 0;
    const double x = design.first() * std::pow(10, step * b);
    const double y = design.shifted ? x * std::pow(10, step / 2 * (b + 1 < design.budgets ? 1 : -0.5)) : x;
    for (int s = 0; s < design.seeds; ++s) {
      out.baseline.resource.push_back(x);
      out.baseline.loss.push_back(design.baseline_loss(x) * std::exp(design.noise * stream.normal()));
      out.candidate.resource.push_back(y);
      out.candidate.loss.push_back(design.candidate_loss(y) * std::exp(design.noise * stream.normal()));
    }
  }
  return out;
}

inline bool holds(const fitting::Estimate& e, double truth) {
  return (!e.lo || *e.lo <= truth) && (!e.hi || *e.hi >= truth);
}

}  // namespace phaselaw::advice::testing
