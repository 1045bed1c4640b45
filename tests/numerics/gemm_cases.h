// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <ostream>
#include <vector>

#include <gtest/gtest.h>

#include "phaselaw/base/constants.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/numerics/random.h"

// A product compared with its definition in plain loops.
namespace phaselaw::numerics {

template <class T>
struct Operand {
  std::vector<T> data;
  std::ptrdiff_t ld = 0;
};

// rows x cols of uniform numbers in (-1, 1), rows `padding` further apart than they are long; the gaps hold NaN, so
// that any read of a gap shows in the result.
template <class T>
Operand<T> random_operand(RandomStream& random, std::ptrdiff_t rows, std::ptrdiff_t cols, std::ptrdiff_t padding) {
  Operand<T> made{{}, cols + padding};
  made.data.assign(static_cast<std::size_t>(rows * made.ld), static_cast<T>(base::kNaN));
  for (std::ptrdiff_t i = 0; i < rows; ++i)
    for (std::ptrdiff_t j = 0; j < cols; ++j)
      made.data[static_cast<std::size_t>(i * made.ld + j)] = static_cast<T>(2 * random.uniform() - 1);
  return made;
}

struct Product {
  Op op_a, op_b;
  std::ptrdiff_t m, n, k;
  double alpha, beta;
  std::ptrdiff_t padding;
};

inline std::ostream& operator<<(std::ostream& out, const Product& p) {
  return out << (p.op_a == Op::none ? "A " : "A' ") << (p.op_b == Op::none ? "B " : "B' ") << p.m << " x " << p.n
             << " x " << p.k << " alpha " << p.alpha << " beta " << p.beta << " padding " << p.padding;
}

// Compares multiply(<the arguments of gemm>) with the definition, summed in long double. The bound is the textbook one
// for any order of summation: |error| <= (k + 3) eps (|alpha| |A||B| + |beta C|), entry by entry; 3 for alpha, beta and
// their sum.
template <class T, class Multiply>
void expect_product(const Product& p, RandomStream& random, Multiply&& multiply) {
  const auto a = p.op_a == Op::none ? random_operand<T>(random, p.m, p.k, p.padding)
                                    : random_operand<T>(random, p.k, p.m, p.padding);
  const auto b = p.op_b == Op::none ? random_operand<T>(random, p.k, p.n, p.padding)
                                    : random_operand<T>(random, p.n, p.k, p.padding);
  const auto before = random_operand<T>(random, p.m, p.n, p.padding);
  auto c = before;
  if (p.beta == 0)
    std::fill(c.data.begin(), c.data.end(), static_cast<T>(base::kNaN));  // must be overwritten, not read
  multiply(p.op_a, p.op_b, p.m, p.n, p.k, static_cast<T>(p.alpha), a.data.data(), a.ld, b.data.data(), b.ld,
           static_cast<T>(p.beta), c.data.data(), c.ld);

  const auto at = [](const Operand<T>& x, std::ptrdiff_t i, std::ptrdiff_t j) {
    return static_cast<long double>(x.data[static_cast<std::size_t>(i * x.ld + j)]);
  };
  for (std::ptrdiff_t i = 0; i < p.m; ++i)
    for (std::ptrdiff_t j = 0; j < p.n; ++j) {
      long double sum = 0, magnitude = 0;
      for (std::ptrdiff_t l = 0; l < p.k; ++l) {
        const auto term =
            (p.op_a == Op::none ? at(a, i, l) : at(a, l, i)) * (p.op_b == Op::none ? at(b, l, j) : at(b, j, l));
        sum += term;
        magnitude += std::abs(term);
      }
      const auto old = p.beta == 0 ? 0.0L : static_cast<long double>(p.beta) * at(before, i, j);
      const auto expected = static_cast<long double>(p.alpha) * sum + old;
      const auto scale = std::abs(static_cast<long double>(p.alpha)) * magnitude + std::abs(old);
      const auto bound = static_cast<long double>(p.k + 3) * std::numeric_limits<T>::epsilon() * scale;
      const auto error = std::abs(at(c, i, j) - expected);
      ASSERT_LE(error, bound) << p << " at " << i << ", " << j << ": " << static_cast<double>(at(c, i, j))
                              << " against " << static_cast<double>(expected);
    }
  for (std::ptrdiff_t i = 0; i < p.m; ++i)
    for (std::ptrdiff_t j = p.n; j < c.ld; ++j) ASSERT_TRUE(std::isnan(at(c, i, j))) << p << ": a gap of C was written";
}

// Of any transposition, with sizes around those of the kernels, primes and 1.
inline constexpr std::ptrdiff_t kSizes[] = {1, 2, 3, 5, 7, 8, 9, 13, 15, 16, 17, 31, 32, 33, 61, 63, 64, 65, 127};

inline Product random_product(RandomStream& random) {
  const auto size = [&] { return kSizes[random.below(std::size(kSizes))]; };
  const auto op = [&] { return random.below(2) == 0 ? Op::none : Op::transpose; };
  const double scalars[] = {0, 1, -1, 0.37, -2.5};
  // alpha and beta are rounded to float, so that both types compute with the number that the reference uses.
  const double alpha = static_cast<float>(scalars[random.below(5)]),
               beta = static_cast<float>(scalars[random.below(5)]);
  const auto padding = static_cast<std::ptrdiff_t>(random.below(2) * (1 + random.below(6)));
  const Op op_a = op(), op_b = op();
  const std::ptrdiff_t m = size(), n = size(), k = size();
  return {op_a, op_b, m, n, k, alpha, beta, padding};
}

}  // namespace phaselaw::numerics
