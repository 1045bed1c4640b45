// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/kernel/symmetric_operator.h"

#include "phaselaw/base/errors.h"

namespace phaselaw::kernel {

SymmetricOperator symmetric_operator(const numerics::Matrix<double>& matrix) {
  PHASELAW_CHECK_EQ(matrix.rows(), matrix.cols());
  return {matrix.rows(), [&matrix](std::span<const double> x, std::span<double> y) {
            const Eigen::Map<const numerics::Vector<double>> in(x.data(), matrix.cols());
            Eigen::Map<numerics::Vector<double>>(y.data(), matrix.rows()).noalias() = matrix * in;
          }};
}

}  // namespace phaselaw::kernel
