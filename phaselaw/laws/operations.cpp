// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/laws/operations.h"

#include <cmath>
#include <cstdint>
#include <limits>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/instruction_set.h"
#include "phaselaw/numerics/elementary.h"
#include "phaselaw/numerics/lambert_w.h"

namespace phaselaw::laws::operations {

namespace {

using base::kInfinity;
using base::kNaN;
constexpr double kLogOfZero = -1e12;  // finite, so that 0 times it is 0; its exponential is below 1e-307

double lambert(double x) {
  if (std::isinf(x) && x > 0) return x;
  return x > 0 ? numerics::lambert_w0_of_exp(std::log(x)) : x == 0 ? 0 : kNaN;
}

// e^x; infinite beyond the range of the numbers, and about 1e-308 below it.
[[gnu::always_inline]] inline double exp_of(double x) { return x > 709 ? kInfinity : numerics::exponential(x); }

// ln x, with `at_zero` at 0 and NaN below.
[[gnu::always_inline]] inline double log_of(double x, double at_zero) {
  const double of_positive = numerics::logarithm(x), elsewhere = x == 0 ? at_zero : kNaN;
  return x > 0 ? of_positive : elsewhere;
}

// The operations with one instruction stream for all rows: value and derivatives at one row. The loops below are called
// by base::Versions, which compiles them for each instruction set.
struct Factors {
  double value, left, right;
};
struct Add {
  static Factors apply(double a, double b) { return {a + b, 1, 1}; }
};
struct Subtract {
  static Factors apply(double a, double b) { return {a - b, 1, -1}; }
};
struct Multiply {
  static Factors apply(double a, double b) { return {a * b, b, a}; }
};
struct Divide {
  static Factors apply(double a, double b) {
    const double inverse = 1 / b, value = a * inverse;
    return {value, inverse, -value * inverse};
  }
};
struct Least {
  static Factors apply(double a, double b) { return b < a ? Factors{b, 0, 1} : Factors{a, 1, 0}; }
};
struct Greatest {
  static Factors apply(double a, double b) { return b > a ? Factors{b, 0, 1} : Factors{a, 1, 0}; }
};
struct Negate {
  static Factors apply(double a) { return {-a, -1, 0}; }
};
struct Exponential {
  static Factors apply(double a) {
    const double value = exp_of(a);
    return {value, value, 0};
  }
};
struct Logarithm {
  static Factors apply(double a) { return {log_of(a, -kInfinity), 1 / a, 0}; }
};
struct SquareRoot {
  static Factors apply(double a) {
    const double value = std::sqrt(a);
    return {value, 0.5 / value, 0};
  }
};

template <class Operation>
void apply_to_one(std::int64_t n, const double* a, double* value, double* left) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) {
    const Factors f = Operation::apply(a[i]);
    value[i] = f.value;
    left[i] = f.left;
  }
}

template <class Operation>
void apply_to_two(std::int64_t n, const double* a, const double* b, double* value, double* left, double* right) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) {
    const Factors f = Operation::apply(a[i], b[i]);
    value[i] = f.value;
    left[i] = f.left;
    right[i] = f.right;
  }
}

template <class Operation>
void of_one(Block& x) {
  base::Versions<apply_to_one<Operation>>::call(x.a.size(), x.a.data(), x.value.data(), x.left_factor.data());
}
template <class Operation>
void of_two(Block& x) {
  base::Versions<apply_to_two<Operation>>::call(x.a.size(), x.a.data(), x.b.data(), x.value.data(),
                                                x.left_factor.data(), x.right_factor.data());
}

void logarithms(std::int64_t n, const double* x, double at_zero, double* out) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) out[i] = log_of(x[i], at_zero);
}

void fill_with(std::int64_t n, double value, double* out) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) out[i] = value;
}

void multiply_rows(std::int64_t n, const double* factor, const double* dot, double* out) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) out[i] = factor[i] * dot[i];
}

void add_row_products(std::int64_t n, const double* left, const double* left_dot, const double* right,
                      const double* right_dot, double* out) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) out[i] = left[i] * left_dot[i] + right[i] * right_dot[i];
}

// value = e^(b log)
void powers(std::int64_t n, const double* b, const double* log, double* value) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) value[i] = exp_of(b[i] * log[i]);
}

// left = b value / a, 0 where a <= 0; right = log value
void power_factors(std::int64_t n, const double* a, const double* b, const double* value, const double* log,
                   double* left, double* right) {
#pragma omp simd
  for (std::int64_t i = 0; i < n; ++i) {
    const double slope = b[i] * value[i] / a[i];
    left[i] = a[i] > 0 ? slope : 0;
    right[i] = log[i] * value[i];
  }
}

}  // namespace

void logarithm(const double* x, double* out, std::size_t n) {
  base::Versions<logarithms>::call(static_cast<std::int64_t>(n), x, kLogOfZero, out);
}

void plain_logarithm(const double* x, double* out, std::size_t n) {
  base::Versions<logarithms>::call(static_cast<std::int64_t>(n), x, -kInfinity, out);
}

void fill(double value, double* out, std::size_t n) {
  base::Versions<fill_with>::call(static_cast<std::int64_t>(n), value, out);
}

void multiply(const double* factor, const double* dot, double* out, std::size_t n) {
  base::Versions<multiply_rows>::call(static_cast<std::int64_t>(n), factor, dot, out);
}

void add_products(const double* left, const double* left_dot, const double* right, const double* right_dot, double* out,
                  std::size_t n) {
  base::Versions<add_row_products>::call(static_cast<std::int64_t>(n), left, left_dot, right, right_dot, out);
}

void arithmetic(Op op, Block& x) {
  switch (op) {
    case Op::add:
      return of_two<Add>(x);
    case Op::subtract:
      return of_two<Subtract>(x);
    case Op::multiply:
      return of_two<Multiply>(x);
    case Op::divide:
      return of_two<Divide>(x);
    case Op::negate:
      return of_one<Negate>(x);
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
  const std::int64_t n = x.a.size();
  if (log_of_a == nullptr) {
    logarithm(x.a.data(), x.right_factor.data(), static_cast<std::size_t>(n));
    log_of_a = x.right_factor.data();
  }
  base::Versions<powers>::call(n, x.b.data(), log_of_a, x.value.data());
  if (derivatives)
    base::Versions<power_factors>::call(n, x.a.data(), x.b.data(), x.value.data(), log_of_a, x.left_factor.data(),
                                        x.right_factor.data());
}

void choose(Op op, Block& x) { op == Op::min ? of_two<Least>(x) : of_two<Greatest>(x); }

void function_of_one(Op op, Block& x) {
  switch (op) {
    case Op::exp:
      return of_one<Exponential>(x);
    case Op::log:
      return of_one<Logarithm>(x);
    case Op::sqrt:
      return of_one<SquareRoot>(x);
    case Op::lambert_w:
      for (Eigen::Index k = 0; k < x.a.size(); ++k) {
        x.value[k] = lambert(x.a[k]);
        x.left_factor[k] = 1 / (x.a[k] + std::exp(x.value[k]));
      }
      return;
    default:
      PHASELAW_CHECK(false);
  }
}

}  // namespace phaselaw::laws::operations
