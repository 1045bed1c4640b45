// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include <Eigen/Core>

#include "phaselaw/laws/expression.h"

// The operations of an expression at the rows of one block, with their derivatives:
//
//   value = f(a, b),   left_factor = df/da,   right_factor = df/db (operations with two operands)
//
// Results are aligned to 64 bytes and hold a whole number of vectors, so that every row goes through the same vector
// instructions. Accuracy: that of the operation in double. Cost: about 1 ns for each row, 2 to 5 ns for exp or log.
namespace phaselaw::laws::operations {

using Array = Eigen::Map<Eigen::ArrayXd, Eigen::Aligned64>;
using ConstArray = Eigen::Map<const Eigen::ArrayXd>;

[[nodiscard]] inline ConstArray array(const double* x, std::size_t n) { return {x, static_cast<Eigen::Index>(n)}; }
[[nodiscard]] inline Array array(double* x, std::size_t n) { return {x, static_cast<Eigen::Index>(n)}; }

struct Block {
  Array value, left_factor, right_factor;
  ConstArray a, b;  // operations with one operand do not read b
};

// out = ln x: -1e12 at 0, which is finite, so that 0 times it is 0; NaN below 0.
void logarithm(const double* x, double* out, std::size_t n);
// The same, with minus infinity at 0.
void plain_logarithm(const double* x, double* out, std::size_t n);

// out = value, n times.
void fill(double value, double* out, std::size_t n);
// out = factor dot, and out = left left_dot + right right_dot: the chain rule at n rows.
void multiply(const double* factor, const double* dot, double* out, std::size_t n);
void add_products(const double* left, const double* left_dot, const double* right, const double* right_dot, double* out,
                  std::size_t n);

void arithmetic(Op op, Block& x);       // add, subtract, multiply, divide, negate
void choose(Op op, Block& x);           // min, max
void function_of_one(Op op, Block& x);  // exp, log, sqrt, lambert_w
// a^b for a > 0, by logarithms. log_of_a: ln a where it is known, else nullptr.
void power(const double* log_of_a, bool derivatives, Block& x);
// a^exponent for any a, where the exponent is a small integer and a constant.
void integer_power(double exponent, bool derivatives, Block& x);

}  // namespace phaselaw::laws::operations
