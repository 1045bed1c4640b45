// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "phaselaw/advice/isoflop/isoflop_request.h"
#include "phaselaw/report/figure.h"

// The figures of the page. All axes are logarithmic except those that show exponents.
namespace phaselaw::advice {

// Loss against n_params at each budget: the runs, the fitted parabola over its window, its vertex and the interval of
// the vertex. At most as many budgets as can be distinguished.
[[nodiscard]] report::Figure bowl_figure(const IsoflopResult& result);

// N* (or D*) against compute with intervals, by all methods in one frame, with their power laws.
[[nodiscard]] report::Figure optimum_figure(const IsoflopResult& result, bool tokens);

// N* against compute by the leading method of each experiment.
[[nodiscard]] report::Figure experiments_figure(const std::vector<IsoflopExperiment>& experiments);

// The exponent of each experiment with its interval, in the order of the table.
[[nodiscard]] report::Figure exponents_figure(const std::vector<IsoflopExperiment>& experiments);

}  // namespace phaselaw::advice
