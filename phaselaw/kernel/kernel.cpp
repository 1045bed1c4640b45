// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/kernel/kernel.h"

#include <algorithm>
#include <cstdint>

#ifdef __linux__
#include <sys/mman.h>
#endif

#include "phaselaw/base/clock.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/team.h"
#include "phaselaw/kernel/contraction.h"
#include "phaselaw/kernel/problem.h"
#include "phaselaw/kernel/recursion.h"
#include "phaselaw/kernel/sandwich.h"
#include "phaselaw/kernel/vjp_rows.h"
#include "phaselaw/numerics/gemm.h"

namespace phaselaw::kernel {

namespace {

// Not initialised, because the algorithms write every entry. Large pages save most of the time for first touching the
// 4 KiB pages of a large matrix.
template <class T>
void allocate(numerics::Matrix<T>& matrix, Index rows, Index cols) {
  matrix.resize(rows, cols);
#ifdef __linux__
  constexpr std::uintptr_t kPage = 1U << 21U;
  const auto begin = (reinterpret_cast<std::uintptr_t>(matrix.data()) + kPage - 1) / kPage * kPage;
  const auto end = reinterpret_cast<std::uintptr_t>(matrix.data() + matrix.size()) / kPage * kPage;
  // This is only advice: a kernel without large pages ignores it.
  if (end > begin) (void)madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
#endif
}

// A thread needs enough work to be worth waking and waiting for.
int useful_threads(double flop, int offered) {
  constexpr double kFlopPerThread = 5e6;  // about 0.1 ms
  return static_cast<int>(std::clamp(flop / kFlopPerThread, 1.0, static_cast<double>(offered)));
}

template <class T>
DenseKernel<T> compute(const model::Transformer<T>& model, std::span<const T> theta, const model::Inputs<T>& rows,
                       const model::Inputs<T>& cols, bool symmetric, const KernelOptions& options,
                       std::span<const Index> row_numbers = {}, std::span<const Index> col_numbers = {}) {
  const auto start = base::Clock::now();
  PHASELAW_CHECK_EQ(static_cast<Index>(theta.size()), model.table().size());
  PHASELAW_CHECK(rows.n >= 1 && cols.n >= 1);
  numerics::require_thread_safe_blas();
  DenseKernel<T> result;
  result.plan = plan_kernel(model.options(), rows.n, symmetric ? 0 : cols.n, options, sizeof(T));
  const KernelShape shape(model.options(), model.table(), options.reduce);
  const numerics::OneBlasThread one_thread;
  base::Team team(useful_threads(result.plan.cost.flop, base::thread_count(options.threads)));
  Problem<T> problem{shape,     theta,          rows,       cols,
                     symmetric, options.detail, team,       part_names(shape, options.detail),
                     result,    row_numbers,    col_numbers};
  allocate(result.total, rows.n * shape.rows, cols.n * shape.rows);
  for (const PartName& part : problem.parts) {
    auto& entry = result.parts.emplace_back();
    entry.name = part.name;
    entry.layer = part.layer;
    allocate(entry.values, rows.n * shape.rows, cols.n * shape.rows);
  }
  if (!row_numbers.empty()) {
    result.total.setZero();
    for (auto& part : result.parts) part.values.setZero();
  }
  switch (result.plan.cost.algorithm) {
    case Algorithm::jacobian:
    case Algorithm::token_dual:
      run_contraction(problem, result.plan.cost.algorithm);
      break;
    case Algorithm::recursion:
      run_recursion(problem);
      break;
    case Algorithm::vjp:
      run_vjp(problem, vjp_slab_bytes(options, result.plan.cost.result_bytes));
      break;
    default:
      run_sandwich(problem);
  }
  base::throw_if_interrupted();  // the loops over pairs stopped early
  result.seconds = base::seconds_since(start);
  return result;
}

// Some of the sequences, copied.
template <class T>
struct SequenceSubset {
  std::vector<T> vectors;
  std::vector<std::int32_t> tokens;
  model::Inputs<T> inputs;

  SequenceSubset(const model::ModelOptions& options, const model::Inputs<T>& all, std::span<const Index> numbers) {
    const Index length = options.input_len(), size = length * options.d_model;
    for (const Index number : numbers) {
      PHASELAW_CHECK(number >= 0 && number < all.n);
      if (all.vectors != nullptr)
        vectors.insert(vectors.end(), all.vectors + number * size, all.vectors + (number + 1) * size);
      if (all.tokens != nullptr)
        tokens.insert(tokens.end(), all.tokens + number * length, all.tokens + (number + 1) * length);
    }
    inputs.n = static_cast<Index>(numbers.size());
    inputs.vectors = all.vectors != nullptr ? vectors.data() : nullptr;
    inputs.tokens = all.tokens != nullptr ? tokens.data() : nullptr;
  }
};

}  // namespace

template <class T>
DenseKernel<T> dense_kernel_upper(const model::Transformer<T>& model, std::span<const T> theta,
                                  const model::Inputs<T>& inputs, std::span<const Index> rows,
                                  std::span<const Index> cols, KernelOptions options) {
  PHASELAW_CHECK(options.algorithm == Algorithm::automatic || options.algorithm == Algorithm::sandwich);
  options.algorithm = Algorithm::sandwich;
  const SequenceSubset<T> left(model.options(), inputs, rows);
  if (std::equal(rows.begin(), rows.end(), cols.begin(), cols.end()))
    return compute(model, theta, left.inputs, left.inputs, true, options);
  const SequenceSubset<T> right(model.options(), inputs, cols);
  return compute(model, theta, left.inputs, right.inputs, false, options, rows, cols);
}

template <class T>
DenseKernel<T> dense_kernel(const model::Transformer<T>& model, std::span<const T> theta,
                            const model::Inputs<T>& inputs, const KernelOptions& options) {
  return compute(model, theta, inputs, inputs, true, options);
}

template <class T>
DenseKernel<T> dense_kernel(const model::Transformer<T>& model, std::span<const T> theta, const model::Inputs<T>& test,
                            const model::Inputs<T>& train, const KernelOptions& options) {
  return compute(model, theta, test, train, false, options);
}

Index rows_per_sequence(const model::ModelOptions& model, Reduce reduce) {
  return reduce == Reduce::none ? model.seq_len * model.outputs() : reduce == Reduce::coordinates ? model.seq_len : 1;
}

template DenseKernel<float> dense_kernel<float>(const model::Transformer<float>&, std::span<const float>,
                                                const model::Inputs<float>&, const KernelOptions&);
template DenseKernel<double> dense_kernel<double>(const model::Transformer<double>&, std::span<const double>,
                                                  const model::Inputs<double>&, const KernelOptions&);
template DenseKernel<float> dense_kernel<float>(const model::Transformer<float>&, std::span<const float>,
                                                const model::Inputs<float>&, const model::Inputs<float>&,
                                                const KernelOptions&);
template DenseKernel<double> dense_kernel<double>(const model::Transformer<double>&, std::span<const double>,
                                                  const model::Inputs<double>&, const model::Inputs<double>&,
                                                  const KernelOptions&);
template DenseKernel<float> dense_kernel_upper<float>(const model::Transformer<float>&, std::span<const float>,
                                                      const model::Inputs<float>&, std::span<const Index>,
                                                      std::span<const Index>, KernelOptions);
template DenseKernel<double> dense_kernel_upper<double>(const model::Transformer<double>&, std::span<const double>,
                                                        const model::Inputs<double>&, std::span<const Index>,
                                                        std::span<const Index>, KernelOptions);

}  // namespace phaselaw::kernel
