// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "phaselaw/laws/measured_table.h"
#include "phaselaw/laws/selection.h"
#include "phaselaw/report/page.h"

// A fitted law as a page: the reducible part against compute, prediction against measurement, residuals, profiles of
// what is not determined, pairs of resamples, the ranking of laws. Reducible: the loss less the law's fitted floor; it
// is no excess risk, whose floor would be known.
namespace phaselaw::advice {

// `ranking`: of all laws, or null. `held_out`: its rows are drawn apart. Cost: refits of profiles of at most three
// parameters.
[[nodiscard]] report::Page fit_page(const laws::MeasuredTable& table, const laws::LawFit& fit,
                                    const laws::LawOptions& options, const laws::Ranking* ranking,
                                    const std::optional<laws::Holdout>& held_out);

}  // namespace phaselaw::advice
