// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Eigen/Core>

// Row-major dense matrices, owned and viewed. A row is a token, a sample or a run; columns are its coordinates.
namespace phaselaw::numerics {

using Index = Eigen::Index;

template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using Vector = Eigen::Matrix<T, Eigen::Dynamic, 1>;
template <class T>
using MatrixView = Eigen::Map<Matrix<T>>;
template <class T>
using ConstMatrixView = Eigen::Map<const Matrix<T>>;

// A count of rows or columns as the unsigned type of the standard containers.
[[nodiscard]] constexpr std::size_t length(Index count) { return static_cast<std::size_t>(count); }

}  // namespace phaselaw::numerics
