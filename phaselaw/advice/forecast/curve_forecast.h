// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "phaselaw/advice/forecast/forecast.h"
#include "phaselaw/advice/forecast/rate_plan.h"

// The continuation of a loss curve under a known learning rate, as a mixture over the forms that its rows allow.
//
//   L(t)  = E + A (S1(t) + s0)^-alpha - K D(t) + w(t) + noise
//   S1(t) = sum of the learning rates, relative to their peak
//   D(t)  = sum over the decreases of eta^gamma of (1 - (1 + S/c)^-1/2), S: the sum of learning rates since; c = 0: 1
//   w(t)  = a random walk in ln t, of variance delta^2 per unit: what the law does not describe
// The annealing term is that of the multi-power law (Luo et al. 2025, arXiv 2503.12811 [S]) with fixed exponents. Because
// curves seldom show how a decay acts before it is over, several (gamma, c) are kept: gamma in {0.4, 0.7, 1}, c in
// {0, 0.05, 0.3} of the steps. Together with 16 alpha, 10 s0 and 7 delta they are a grid; E, A and K are Gaussian given a
// grid point, and points are weighted by their marginal likelihood [T: universal kriging with a prior]. The annealing to come may
// differ from that seen by 25 % (one standard deviation), and K keeps at least the share not yet seen of its prior standard
// deviation, because a small part of a decay does not show the rest. The interval includes the error of the level at the end,
// measured as the level now.
//
// Priors, relative to the loss now: E 0.5 +- 0.4, A 0 +- 3, K 0.045 +- 0.025 for a decay to zero; ln alpha: ln 0.4 +-
// ln 2.2. E, A and K are not negative. They matter where the rows do not decide; before a decay the prior of K alone
// says how far it lowers the loss. They come from the runs of benchmarks/laws/study_forecast.cpp and from published decays
// [R]. Result and priors do not depend on the units of loss and steps.
// Cost: about 5 ms for 100 blocks.
namespace phaselaw::advice {

// Blocks of a curve (diagnose/loss_curve.h) from the steps that a law can describe.
struct ForecastBlocks {
  std::vector<double> step, loss, sd;  // sd: of the loss; 0 if the noise is unknown
  double end_error = 0;                // standard error of the level at the end, relative
};
// Rows must be positive and ascending. Rows before the end of the warm-up and before 4 % of the last step are left out if
// at least 8 blocks remain.
[[nodiscard]] ForecastBlocks forecast_blocks(std::span<const double> step, std::span<const double> loss,
                                             double warmup_end);
// The level of a recorded loss at a step within the record: the end of a straight line through the rows of the 3 % of
// the steps before it if they are at least 16, otherwise linear between the two rows around it. `step` ascending and
// positive, not empty.
[[nodiscard]] double level_at(std::span<const double> step, std::span<const double> loss, double at);

struct LawForecast {
  std::vector<LossInterval> at;   // at the requested steps
  LossInterval at_constant_rate;  // at the last of them, if the rate stayed that of the last block
  LossInterval by_schedule;       // how much lower the last of them is than that
  double wander = 0;              // mean delta: how far the curve leaves the law per e-fold of steps, relative
  bool schedule_matters = false;  // the rate changes after the last block
};
// At steps after the last block, ascending. At least 4 blocks. `level` of the intervals.
[[nodiscard]] LawForecast forecast_by_law(const ForecastBlocks& blocks, const RatePlan& plan,
                                          const std::vector<double>& steps, double level);

}  // namespace phaselaw::advice
