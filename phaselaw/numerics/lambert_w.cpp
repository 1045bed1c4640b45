// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/lambert_w.h"

#include <cmath>
#include <stdexcept>

#include <fmt/format.h>
#include <boost/math/special_functions/lambert_w.hpp>

namespace phaselaw::numerics {

double lambert_w0(double z) {
  if (!(z >= kMinusInverseE) || std::isinf(z))
    throw std::domain_error(fmt::format("lambert_w0: expected a finite z >= -1/e, found {}", z));
  if (z == kMinusInverseE) return -1;  // the double lies just below -1/e
  return boost::math::lambert_w0(z);
}

double lambert_w0_of_exp(double x) {
  if (!std::isfinite(x)) throw std::domain_error(fmt::format("lambert_w0_of_exp: expected a finite x, found {}", x));
  if (x < -40) return std::exp(x);  // W0(z) = z (1 - z + ..), z < eps
  if (x < 300) return boost::math::lambert_w0(std::exp(x));
  // Fritsch, Shafer and Crowley 1973: fourth order in the residual of w + ln w = x, so one step from 1e-4 reaches eps.
  const double log_x = std::log(x);
  double w = x - log_x * (1 - 1 / x);
  const double residual = x - w - std::log(w);
  const double q = 2 * (1 + w) * (1 + w + 2.0 / 3 * residual);
  if (std::isfinite(q)) w *= 1 + residual / (1 + w) * (q - residual) / (q - 2 * residual);
  return w;
}

}  // namespace phaselaw::numerics
