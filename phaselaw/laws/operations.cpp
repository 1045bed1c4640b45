// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/operations.h"

#include <cmath>
#include <limits>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/lambert_w.h"

namespace phaselaw::laws::operations {

namespace {

using base::kNaN;
constexpr double kLogOfZero = -1e12;  // finite, so that 0 times it is 0; its exponential is below 1e-308

double lambert(double x) {
  if (std::isinf(x) && x > 0) return x;
  return x > 0 ? numerics::lambert_w0_of_exp(std::log(x)) : x == 0 ? 0 : kNaN;
}

}  // namespace

void logarithm(const double* x, double* out, std::size_t n) {
  array(out, n) = array(x, n).max(std::numeric_limits<double>::min()).log();
  for (std::size_t i = 0; i < n; ++i)
    if (!(x[i] > 0)) out[i] = x[i] == 0 ? kLogOfZero : kNaN;
}

void arithmetic(Op op, Block& x) {
  switch (op) {
    case Op::add:
      x.value = x.a + x.b;
      x.left_factor.setConstant(1);
      x.right_factor.setConstant(1);
      break;
    case Op::subtract:
      x.value = x.a - x.b;
      x.left_factor.setConstant(1);
      x.right_factor.setConstant(-1);
      break;
    case Op::multiply:
      x.value = x.a * x.b;
      x.left_factor = x.b;
      x.right_factor = x.a;
      break;
    case Op::divide:
      x.left_factor = x.b.inverse();
      x.value = x.a * x.left_factor;
      x.right_factor = -x.value * x.left_factor;
      break;
    case Op::negate:
      x.value = -x.a;
      x.left_factor.setConstant(-1);
      break;
    default:
      PHASELAW_CHECK(false);
  }
}

void integer_power(double exponent, bool derivatives, Block& x) {
  for (Eigen::Index k = 0; k < x.a.size(); ++k) {
    x.value[k] = std::pow(x.a[k], exponent);
    if (derivatives) x.left_factor[k] = exponent == 0 ? 0 : exponent * std::pow(x.a[k], exponent - 1);
  }
}

void power(const double* log_of_a, bool derivatives, Block& x) {
  const auto width = static_cast<std::size_t>(x.a.size());
  if (log_of_a == nullptr)
    logarithm(x.a.data(), x.right_factor.data(), width);
  else
    x.right_factor = array(log_of_a, width);
  x.value = (x.b * x.right_factor).exp();
  if (!derivatives) return;
  x.left_factor = (x.a > 0).select(x.b * x.value / x.a, 0.0);
  x.right_factor *= x.value;
}

void choose(Op op, Block& x) {
  for (Eigen::Index k = 0; k < x.a.size(); ++k) {
    const bool right = op == Op::min ? x.b[k] < x.a[k] : x.b[k] > x.a[k];
    x.value[k] = right ? x.b[k] : x.a[k];
    x.left_factor[k] = right ? 0 : 1;
    x.right_factor[k] = right ? 1 : 0;
  }
}

void function_of_one(Op op, Block& x) {
  switch (op) {
    case Op::exp:
      x.value = x.a.exp();
      x.left_factor = x.value;
      break;
    case Op::log:
      x.value = x.a.log();
      x.left_factor = x.a.inverse();
      break;
    case Op::sqrt:
      x.value = x.a.sqrt();
      x.left_factor = 0.5 * x.value.inverse();
      break;
    case Op::lambert_w:
      for (Eigen::Index k = 0; k < x.a.size(); ++k) {
        x.value[k] = lambert(x.a[k]);
        x.left_factor[k] = 1 / (x.a[k] + std::exp(x.value[k]));
      }
      break;
    default:
      PHASELAW_CHECK(false);
  }
}

}  // namespace phaselaw::laws::operations
