// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/advice/fit/fit_request.h"
#include "phaselaw/fitting/predict.h"
#include "phaselaw/report/page.h"

// A fitted law as a page: the reducible part against compute, prediction against measurement, residuals, profiles of
// what is not determined, pairs of resamples, the ranking of laws. Reducible: the loss less the law's fitted floor; it
// is no excess risk, whose floor would be known.
namespace phaselaw::advice {

// `predicted`: the best fit at the fitted rows. Cost: refits of profiles of at most three parameters.
[[nodiscard]] report::Page fit_page(const FitAnswer& answer, const fitting::Prediction& predicted);

}  // namespace phaselaw::advice
