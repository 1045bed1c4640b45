// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "phaselaw/kernel/options.h"
#include "phaselaw/model/options.h"

// The cost of a dense kernel with each algorithm, and the choice of the algorithm.
//
// flop counts the multiplications and additions of matrix products, exactly as the code performs them (tests compare
// with counters in the running code); element-wise passes, softmax and copies are not counted. bytes is result plus
// scratch: factors, B, slabs and the buffers of every thread, without the model's own parameters and inputs.
// The algorithm with the least flop / efficiency is chosen, with measured efficiencies of the inner products
// (planner.cpp).
namespace phaselaw::kernel {

// ModelOptions::is_plain_block() as text, for errors.
inline constexpr const char* kPlainBlock =
    "the plain block only (norm rms without gain, plain MLP, no biases, learned positions, own heads, no encoder)";

struct Cost {
  Algorithm algorithm = Algorithm::sandwich;
  bool possible = true;  // recursion: only the sum over layers
  double flop = 0;
  double result_bytes = 0, scratch_bytes = 0;
  double relative_time = 0;  // flop divided by the product's efficiency: what the choice minimises
  [[nodiscard]] double bytes() const { return result_bytes + scratch_bytes; }
};

struct Plan {
  Cost cost;                     // of the chosen algorithm
  std::vector<Cost> considered;  // in the order of Algorithm; vjp only if it is forced or nothing else is possible
  std::string reason;            // "sandwich: 80.1 GFLOP, 0.31 GB; 11.2 times less than jacobian ..."
};

// rows, cols: number of sequences on either side; cols = 0: the symmetric kernel of `rows` sequences, only pairs a <=
// b. scalar_bytes: 4 (float) or 8. InputError if a forced algorithm does not support the request, and for more memory
// than options.memory_limit (with the number and the matrix-free alternative).
[[nodiscard]] Plan plan_kernel(const model::ModelOptions& model, std::int64_t rows, std::int64_t cols,
                               const KernelOptions& options, std::size_t scalar_bytes);

}  // namespace phaselaw::kernel
