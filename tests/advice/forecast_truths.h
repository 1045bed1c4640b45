// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "phaselaw/numerics/random.h"
#include "phaselaw/tables/runs.h"

// Runs with a known final loss under a known schedule, for the tests of forecasts.
namespace phaselaw::advice::testing {

struct ForecastTruth {
  tables::StatedSchedule schedule;
  double floor = 1.8, amplitude = 6, alpha = 0.35, annealing = 0, noise = 0.01;
  std::size_t steps = 2000;
};

// floor + amplitude (S1 + 20)^-alpha - annealing (1 - rate), one row for each step.
inline tables::Curve run_of(const ForecastTruth& truth, std::uint64_t draw = 0) {
  const tables::LearningRates rates = tables::rates_of(truth.schedule, static_cast<double>(truth.steps));
  numerics::RandomStream stream(9, "forecast truths", draw);
  tables::Curve out;
  out.name = "run " + std::to_string(draw);
  out.quantity = "loss";
  double sum = 0;
  for (std::size_t t = 1; t <= truth.steps; ++t) {
    sum += rates.lr[t - 1];
    out.step.push_back(static_cast<double>(t));
    out.loss.push_back(
        (truth.floor + truth.amplitude * std::pow(sum + 20, -truth.alpha) - truth.annealing * (1 - rates.lr[t])) *
        std::exp(truth.noise * stream.normal()));
  }
  return out;
}

inline double final_of(ForecastTruth truth) {
  truth.noise = 0;
  return run_of(truth).loss.back();
}

inline tables::Curve first_part(tables::Curve curve, double share) {
  const auto n = static_cast<std::size_t>(share * static_cast<double>(curve.step.size()));
  curve.step.resize(n);
  curve.loss.resize(n);
  if (curve.rates.step.size() > n) {
    curve.rates.step.resize(n);
    curve.rates.lr.resize(n);
  }
  return curve;
}

}  // namespace phaselaw::advice::testing
