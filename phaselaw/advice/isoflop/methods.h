// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "phaselaw/advice/isoflop/bowl_noise.h"
#include "phaselaw/advice/isoflop/isoflop.h"
#include "phaselaw/advice/plan/allocation.h"
#include "phaselaw/fitting/uncertainty.h"

// The methods of isoflop.h, one function each. All take the budgets with at least four sizes.
namespace phaselaw::advice {

// Minima of the budgets, without intervals.
[[nodiscard]] std::vector<Vertex> vertices_of(BowlShape shape, const Sizes& sizes,
                                              const std::vector<IsoflopBudget>& budgets, double window);

// The noise of the budgets at which the parabola has a minimum; of all budgets if there is none.
[[nodiscard]] BowlNoise noise_of(const Sizes& sizes, const std::vector<IsoflopBudget>& budgets, double window);

// Parabola or spline, with intervals from the noise.
[[nodiscard]] IsoflopMethod bowl_method(BowlShape shape, const Sizes& sizes, const std::vector<IsoflopBudget>& budgets,
                                        const BowlNoise& noise, const IsoflopOptions& options);

// Unset without loss curves: at least four runs must have three rows.
[[nodiscard]] std::optional<IsoflopMethod> envelope_method(const Sizes& sizes, const std::vector<std::string>& run,
                                                           const IsoflopOptions& options);

// The optimum of the fitted law at each budget.
[[nodiscard]] IsoflopMethod parametric_method(const fitting::Uncertainty& uncertainty,
                                              std::span<const double> parameters, const Allocator& allocator,
                                              const std::vector<IsoflopBudget>& budgets);

// The lowest and the highest budget; half and twice the compute of a single one.
[[nodiscard]] std::pair<double, double> compute_range(const std::vector<IsoflopBudget>& budgets);

// The slope of ln size between two computes, where size is `measure` of the best n_params, and of ln tokens. Unset if
// the law has no best size there.
using SizeMeasure = std::function<double(double)>;
[[nodiscard]] std::optional<OptimumPower> parametric_power(const fitting::Uncertainty& uncertainty,
                                                           std::span<const double> parameters,
                                                           const Allocator& allocator, double low, double high,
                                                           const SizeMeasure& measure = {});

// The bias of a bowl method at each budget and of its exponent, from the fitted law's own losses without noise.
void add_bias(IsoflopMethod& method, BowlShape shape, const Sizes& exact, const std::vector<IsoflopBudget>& budgets,
              const IsoflopMethod& law, double window);

// The rows are the optima themselves.
[[nodiscard]] IsoflopMethod optima_method(const Sizes& sizes, double level);

}  // namespace phaselaw::advice
