// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/matrix.h"

// A symmetric matrix defined by its action y = A x. The objects that it refers to must outlive it.
namespace phaselaw::kernel {

struct SymmetricOperator {
  std::int64_t size = 0;
  std::function<void(std::span<const double> x, std::span<double> y)> apply;
};

// 2 size^2 flop per product; reads the whole matrix.
[[nodiscard]] inline SymmetricOperator symmetric_operator(const numerics::Matrix<double>& matrix) {
  PHASELAW_CHECK_EQ(matrix.rows(), matrix.cols());
  return {matrix.rows(), [&matrix](std::span<const double> x, std::span<double> y) {
            const Eigen::Map<const numerics::Vector<double>> in(x.data(), matrix.cols());
            Eigen::Map<numerics::Vector<double>>(y.data(), matrix.rows()).noalias() = matrix * in;
          }};
}

}  // namespace phaselaw::kernel
