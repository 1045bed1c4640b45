// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/numerics/polygamma.h"

#include <cmath>
#include <stdexcept>

#include <fmt/format.h>
#include <boost/math/special_functions/digamma.hpp>
#include <boost/math/special_functions/trigamma.hpp>

namespace phaselaw::numerics {

double digamma(double x) {
  if (!(x > 0)) throw std::domain_error(fmt::format("digamma: expected x > 0, found {}", x));
  return boost::math::digamma(x);
}

double trigamma(double x) {
  if (!(x > 0)) throw std::domain_error(fmt::format("trigamma: expected x > 0, found {}", x));
  return boost::math::trigamma(x);
}

double inverse_trigamma(double y) {
  if (!(y >= 1e-8 && y <= 1e8))
    throw std::domain_error(fmt::format("inverse_trigamma: expected 1e-8 to 1e8, found {}", y));
  // trigamma falls between 1/x^2 (small x) and 1/x (large x).
  double lo = std::log(1e-5), hi = std::log(1e9);
  for (int i = 0; i < 60 && hi - lo > 1e-13; ++i) {
    const double middle = 0.5 * (lo + hi);
    (trigamma(std::exp(middle)) > y ? lo : hi) = middle;
  }
  return std::exp(0.5 * (lo + hi));
}

}  // namespace phaselaw::numerics
