// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>

#include <cblas.h>

#include "phaselaw/numerics/gemm.h"

// Our arguments in the types of CBLAS. Included by sources that call it, not by headers.
namespace phaselaw::numerics {

inline CBLAS_TRANSPOSE blas_flag(Op op) { return op == Op::none ? CblasNoTrans : CblasTrans; }

// BLAS requires a leading dimension of at least 1, even for empty matrices.
inline blasint blas_leading(std::ptrdiff_t ld) { return static_cast<blasint>(std::max<std::ptrdiff_t>(ld, 1)); }

}  // namespace phaselaw::numerics
