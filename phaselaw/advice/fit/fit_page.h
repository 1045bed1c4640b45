// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "phaselaw/advice/fit/fit_request.h"
#include "phaselaw/fitting/predict.h"
#include "phaselaw/report/page.h"

// A fitted law as a page: the law with its values and what its rows determine; the reducible part against compute; the
// parameters; what limits the fit, by harm; the ranking of laws; prediction against measurement and residuals; profiles
// of the poorly constrained parameters, pairs of resamples and the certificate. The reducible part is the loss minus the
// fitted floor of the law. It is not called an excess risk because the true floor is unknown.
namespace phaselaw::advice {

// `predicted`: predictions of the best fit at the fitted rows. Cost: the refits for at most three profiles.
[[nodiscard]] report::Page fit_page(const FitAnswer& answer, const fitting::Prediction& predicted);

}  // namespace phaselaw::advice
