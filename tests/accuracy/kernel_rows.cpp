// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>

#include "accuracy/rows.h"
#include "kernel/dense_cases.h"
#include "phaselaw/base/fields.h"
#include "phaselaw/kernel/lanczos.h"
#include "phaselaw/kernel/spectrum.h"
#include "phaselaw/kernel/symmetric_operator.h"

namespace phaselaw::accuracy {

namespace {

using kernel::Algorithm;
using numerics::Matrix;
using testing::Case;

constexpr std::uint64_t kCases = 48;

Matrix<double> definition(const Case& c) {
  const auto j = kernel::reference::explicit_jacobian(model::Transformer<double>(c.options), c.theta, c.inputs());
  return kernel::reference::kernel_of(c.table, j, j, "");
}

template <class T>
double error_of(const Case& c, Algorithm algorithm, const Matrix<double>& exact) {
  kernel::KernelOptions options;
  options.algorithm = algorithm;
  options.threads = 1;
  const testing::Batch<T> batch(c);
  const auto fast =
      kernel::dense_kernel<T>(model::Transformer<T>(c.options), batch.theta, batch.inputs(), options).total;
  return (fast.template cast<double>() - exact).norm() / exact.norm();
}

}  // namespace

std::vector<Row> kernel_rows() {
  const std::string over = "48 random models, paper's block";
  const std::string error = "Frobenius norms, difference / definition";
  const std::array algorithms{Algorithm::sandwich, Algorithm::jacobian, Algorithm::token_dual, Algorithm::recursion,
                              Algorithm::vjp};
  std::vector<Row> rows;
  for (const Algorithm algorithm : algorithms)
    for (const bool wide : {true, false})
      rows.push_back({std::string("H by ") + base::enum_to_text(algorithm) + (wide ? ", double" : ", float"),
                      "J J^T, with J by one J^T u per row", over, error, wide ? 1e-12 : 2e-5});
  Row largest{"ten largest eigenvalues of H, matrix-free", "LAPACK on J J^T", over, "difference / largest", 1e-8};
  for (std::uint64_t i = 0; i < kCases; ++i) {
    const Case c = testing::small_case(i);
    const Matrix<double> exact = definition(c);
    if (exact.norm() == 0) continue;  // what is trained does not reach the output: relu units that are all off
    for (std::size_t a = 0; a < algorithms.size(); ++a) {
      rows[2 * a].see(error_of<double>(c, algorithms[a], exact));
      rows[2 * a + 1].see(error_of<float>(c, algorithms[a], exact));
    }
    kernel::TangentOperator<double> op(c.options, c.theta, c.inputs(), {});
    const auto found = kernel::largest_eigenvalues(op.kernel());
    Matrix<double> copy = exact;
    const auto all = kernel::spectrum_in_place<double>({copy.data(), copy.rows(), copy.cols()});
    for (std::size_t k = 0; k < found.values.size(); ++k)
      largest.see(std::abs(found.values[k] - all.eigenvalues[k]) / all.lambda_max);
  }
  rows.push_back(largest);
  Row blocks{"H of GPT-2's, Llama's and other blocks, double", "J J^T, with J by one J^T u per row",
             "48 random models, other blocks", error, 1e-12};
  for (std::uint64_t i = 0; i < kCases; ++i) {
    const Case c = testing::small_block_case(i);
    const Matrix<double> exact = definition(c);
    if (exact.norm() > 0) blocks.see(error_of<double>(c, Algorithm::automatic, exact));
  }
  rows.push_back(blocks);
  return rows;
}

}  // namespace phaselaw::accuracy
