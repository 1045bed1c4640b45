// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/ranks/distributed_kernel.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/kernel/problem.h"
#include "phaselaw/kernel/sandwich.h"

namespace phaselaw::ranks {

GridShape grid_for(int ranks) {
  int rows = static_cast<int>(std::sqrt(static_cast<double>(ranks)));
  while (ranks % rows != 0) --rows;
  return {rows, ranks / rows};
}

std::int64_t Cyclic::own(int place) const {
  std::int64_t rows = 0;
  for (std::int64_t i = place; i < blocks(); i += places) rows += length(i);
  return rows;
}

std::vector<std::int64_t> Cyclic::numbers(int place) const {
  std::vector<std::int64_t> list;
  for (std::int64_t i = place; i < blocks(); i += places)
    for (std::int64_t k = 0; k < length(i); ++k) list.push_back(i * block + k);
  return list;
}

DistributedPlan plan_distributed(const model::ModelOptions& model, std::int64_t n, int ranks,
                                 const kernel::KernelOptions& options, std::size_t scalar_bytes) {
  if (options.algorithm != kernel::Algorithm::automatic && options.algorithm != kernel::Algorithm::sandwich)
    throw base::InputError({"--algorithm"}, fmt::format("the distributed kernel needs algorithm sandwich; found {}",
                                                        base::enum_to_text(options.algorithm)));
  if (!model.is_plain_block())
    throw base::InputError(
        {"--distributed"},
        fmt::format("needs algorithm sandwich, which has closed forms for {}; omit it for this model",
                    kernel::kPlainBlock));
  DistributedPlan plan;
  plan.grid = grid_for(ranks);
  const std::int64_t rows = kernel::rows_per_sequence(model, options.reduce);
  plan.group =
      std::clamp<std::int64_t>((kLeastBlock + rows - 1) / rows, 1, std::max<std::int64_t>(1, n / (2 * plan.grid.cols)));
  // The first place has the largest part.
  const std::int64_t p = Cyclic{n, plan.group, plan.grid.rows}.own(0), q = Cyclic{n, plan.group, plan.grid.cols}.own(0);
  if (p * rows * q * rows > std::numeric_limits<std::int32_t>::max())
    throw base::InputError(fmt::format(
        "the kernel has {} rows, which on {} ranks are {} numbers each, but ScaLAPACK counts to 2^31; use more ranks or fewer sequences",
        n * rows, ranks, p * rows * q * rows));
  const model::ParameterTable table(model);
  const kernel::KernelShape shape(model, table, options.reduce);
  const auto threads = std::max<std::int64_t>(options.threads, 1);
  const auto bytes = static_cast<double>(scalar_bytes);
  plan.matrix_bytes = static_cast<double>(p * rows) * static_cast<double>(q * rows) * bytes;
  plan.matrices = 1 + static_cast<double>(kernel::part_names(shape, options.detail).size());
  plan.solver_bytes = plan.group * rows > kLongestBlock ? plan.matrix_bytes : 0;
  const std::int64_t cols = ranks == 1 ? 0 : q;
  plan.scratch_bytes = scalar_bytes == sizeof(float)
                           ? kernel::sandwich_scratch<float>(shape, p, cols, options.detail, threads)
                           : kernel::sandwich_scratch<double>(shape, p, cols, options.detail, threads);
  if (options.memory_limit > 0 && plan.bytes() > static_cast<double>(options.memory_limit))
    throw base::InputError(
        {"--memory-limit"},
        fmt::format(
            "the kernel needs {} GB on each of {} ranks, of which {} GB are its matrices, but the limit is {} GB per rank; "
            "raise it, or use more ranks, float32 or fewer sequences",
            base::format_number(plan.bytes() * 1e-9), ranks,
            base::format_number(plan.matrices * plan.matrix_bytes * 1e-9),
            base::format_number(static_cast<double>(options.memory_limit) * 1e-9)));
  return plan;
}

template <class T>
DistributedKernel<T>::DistributedKernel(Engine& engine, const model::Transformer<T>& model, std::span<const T> theta,
                                        const model::Inputs<T>& inputs, const kernel::KernelOptions& options)
    : engine_(engine), plan_(plan_distributed(model.options(), inputs.n, engine.size(), options, sizeof(T))) {
  p_ = engine.rank() / plan_.grid.cols;
  q_ = engine.rank() % plan_.grid.cols;
  const std::int64_t per_sequence = kernel::rows_per_sequence(model.options(), options.reduce);
  rows_ = {inputs.n * per_sequence, plan_.group * per_sequence, plan_.grid.rows};
  cols_ = {inputs.n * per_sequence, plan_.group * per_sequence, plan_.grid.cols};
  const auto mine = Cyclic{inputs.n, plan_.group, plan_.grid.rows}.numbers(p_);
  const auto others = Cyclic{inputs.n, plan_.group, plan_.grid.cols}.numbers(q_);
  if (!mine.empty() && !others.empty()) {
    own_ = kernel::dense_kernel_upper<T>(model, theta, inputs, mine, others, options);
  } else {  // more ranks than blocks
    const kernel::KernelShape shape(model.options(), model.table(), options.reduce);
    for (const auto& part : kernel::part_names(shape, options.detail)) {
      own_.parts.emplace_back();
      own_.parts.back().name = part.name;
      own_.parts.back().layer = part.layer;
    }
  }
  double figures[] = {own_.flop};
  engine_.sum(figures);
  flop_ = figures[0];
  double slowest[] = {own_.seconds};
  engine_.largest(slowest);
  own_.seconds = slowest[0];
}

template <class T>
numerics::Matrix<T>& DistributedKernel<T>::matrix(int part) {
  return part < 0 ? own_.total : own_.parts[static_cast<std::size_t>(part)].values;
}

template <class T>
double DistributedKernel<T>::own_bytes() const {
  auto numbers = own_.total.size();
  for (const auto& part : own_.parts) numbers += part.values.size();
  return static_cast<double>(numbers) * sizeof(T);
}

// This rank's entries of one row of the symmetric matrix, in the order of columns: to the right of the diagonal from
// the row itself, to the left from the column of the same number.
template <class T>
void DistributedKernel<T>::append_row(const numerics::Matrix<T>& values, std::int64_t row, std::vector<T>& to) const {
  const std::int64_t i = row / rows_.block, within = row % rows_.block;
  for (std::int64_t j = 0; j < rows_.blocks(); ++j) {
    const std::int64_t upper = std::min(i, j), lower = std::max(i, j);
    if (rows_.place(upper) != p_ || cols_.place(lower) != q_) continue;
    const std::int64_t r = rows_.start(upper), c = cols_.start(lower);
    for (std::int64_t k = 0; k < rows_.length(j); ++k)
      to.push_back(j > i || (j == i && k >= within) ? values(r + within, c + k) : values(r + k, c + within));
  }
}

template <class T>
void DistributedKernel<T>::gather(int part, const std::function<void(std::span<const T>)>& take) {
  const numerics::Matrix<T>& values = matrix(part);
  const auto ranks = static_cast<std::size_t>(engine_.size());
  const std::int64_t n = rows_.n, step = std::max<std::int64_t>(1, kPieceNumbers / n);
  const auto owner = [&](std::int64_t i, std::int64_t j) {
    const std::int64_t rank = std::int64_t{rows_.place(std::min(i, j))} * plan_.grid.cols + cols_.place(std::max(i, j));
    return static_cast<std::size_t>(rank);
  };
  std::vector<std::vector<T>> from(ranks);
  std::vector<T> piece;
  std::exception_ptr failure;
  for (std::int64_t start = 0; start < n; start += step) {
    const std::int64_t end = std::min(n, start + step);
    auto& mine = from[static_cast<std::size_t>(engine_.rank())];
    mine.clear();
    for (std::int64_t row = start; row < end; ++row) append_row(values, row, mine);
    if (engine_.rank() != 0) {
      engine_.send(0, mine.data(), mine.size() * sizeof(T));
      continue;
    }
    std::vector<std::size_t> counts(ranks, 0);
    for (std::int64_t row = start; row < end; ++row)
      for (std::int64_t j = 0; j < rows_.blocks(); ++j)
        counts[owner(row / rows_.block, j)] += static_cast<std::size_t>(rows_.length(j));
    for (std::size_t rank = 1; rank < ranks; ++rank) {
      from[rank].resize(counts[rank]);
      engine_.receive(static_cast<int>(rank), from[rank].data(), counts[rank] * sizeof(T));
    }
    std::vector<std::size_t> read(ranks, 0);
    piece.clear();
    for (std::int64_t row = start; row < end; ++row)
      for (std::int64_t j = 0; j < rows_.blocks(); ++j) {
        const std::size_t rank = owner(row / rows_.block, j);
        const auto first = from[rank].begin() + static_cast<std::ptrdiff_t>(read[rank]);
        piece.insert(piece.end(), first, first + rows_.length(j));
        read[rank] += static_cast<std::size_t>(rows_.length(j));
      }
    // The others continue to send; a full disk is reported at the end.
    if (!failure) try {
        take(piece);
      } catch (...) {
        failure = std::current_exception();
      }
  }
  double failed[] = {failure ? 1.0 : 0.0};
  engine_.largest(failed);
  if (failure) std::rethrow_exception(failure);
  if (failed[0] > 0) throw base::RunError("rank 0 could not take the matrix");
}

template <class T>
Layout DistributedKernel<T>::solver_layout() const {
  Layout result = layout();
  if (result.block > kLongestBlock) result.block = kSolverBlock;
  return result;
}

// The matrix in the layout and precision of the solver; `values` is freed.
template <class T>
template <class U>
std::vector<U> DistributedKernel<T>::for_solver(numerics::Matrix<T>& values) {
  const bool finite = values.size() == 0 || values.allFinite();
  double unfit[] = {finite ? 0.0 : 1.0};
  engine_.largest(unfit);
  if (unfit[0] > 0) throw std::domain_error("a spectrum needs finite entries, found NaN or infinity");
  const Layout from = layout(), to = solver_layout();
  const auto own = [&](const Layout& l) {
    return static_cast<std::size_t>(std::max<std::int64_t>(
        1, Cyclic{l.n, l.block, l.grid_rows}.own(q_) * Cyclic{l.n, l.block, l.grid_cols}.own(p_)));
  };
  std::vector<U> result(own(from));
  std::transform(values.data(), values.data() + values.size(), result.begin(), [](T x) { return static_cast<U>(x); });
  values.resize(0, 0);
  if (to.block == from.block) return result;
  std::vector<U> moved(own(to));
  engine_.redistribute(from, result.data(), to, moved.data());
  return moved;
}

namespace {

void require_success(int info, const char* what) {
  if (info != 0) throw base::RunError(fmt::format("ScaLAPACK's {} failed with info = {}", what, info));
}

}  // namespace

template <class T>
kernel::Spectrum DistributedKernel<T>::spectrum(int part) {
  std::vector<T> a = for_solver<T>(matrix(part));
  std::vector<T> values(static_cast<std::size_t>(rows_.n));
  if (rows_.n == 1) {  // ScaLAPACK is not needed; rank 0 has the number
    double value[] = {engine_.rank() == 0 ? static_cast<double>(a[0]) : 0.0};
    engine_.sum(value);
    values[0] = static_cast<T>(value[0]);
  } else {
    require_success(engine_.eigenvalues(solver_layout(), a.data(), values.data()), "syev");
  }
  return kernel::summarise({values.begin(), values.end()}, static_cast<double>(std::numeric_limits<T>::epsilon()));
}

template <class T>
typename DistributedKernel<T>::WithCoefficients DistributedKernel<T>::spectrum_with_coefficients(
    std::span<const double> y) {
  PHASELAW_CHECK_EQ(static_cast<std::int64_t>(y.size()), rows_.n);
  constexpr double kEps = std::numeric_limits<double>::epsilon();
  if (rows_.n == 1) return {spectrum(-1), {y[0] * y[0]}};
  const Layout l = solver_layout();
  std::vector<double> a = for_solver<double>(own_.total);
  const auto rows = Cyclic{l.n, l.block, l.grid_rows}.numbers(q_), cols = Cyclic{l.n, l.block, l.grid_cols}.numbers(p_);
  double energy[] = {0};  // y^T H y, by the triangle that is read
  for (std::size_t k = 0; k < cols.size(); ++k)
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (rows[i] >= cols[k])
        energy[0] += (rows[i] > cols[k] ? 2 : 1) * a[k * rows.size() + i] * y[static_cast<std::size_t>(rows[i])] *
                     y[static_cast<std::size_t>(cols[k])];
  engine_.sum(energy);
  std::vector<double> z(a.size()), values(static_cast<std::size_t>(rows_.n));
  require_success(engine_.eigenvectors(l, a.data(), values.data(), z.data()), "syevd");
  std::vector<double> along(values.size(), 0.0);
  for (std::size_t k = 0; k < cols.size(); ++k)
    for (std::size_t i = 0; i < rows.size(); ++i)
      along[static_cast<std::size_t>(cols[k])] += z[k * rows.size() + i] * y[static_cast<std::size_t>(rows[i])];
  engine_.sum(along);
  for (double& c : along) c *= c;
  const double found = std::inner_product(along.begin(), along.end(), values.begin(), 0.0);
  const double size = std::max(std::abs(values.front()), std::abs(values.back())) *
                      std::inner_product(y.begin(), y.end(), y.begin(), 0.0);
  if (!(std::abs(found - energy[0]) <= 10 * static_cast<double>(rows_.n) * kEps * size))
    throw base::RunError(fmt::format("ScaLAPACK's eigenvectors are wrong: sum lambda_i (v_i^T y)^2 = {}, y^T H y = {}",
                                     found, energy[0]));
  std::reverse(along.begin(), along.end());  // eigenvalues come in ascending order
  return {kernel::summarise(std::move(values), kEps), std::move(along)};
}

template class DistributedKernel<float>;
template class DistributedKernel<double>;

}  // namespace phaselaw::ranks
