// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/shuffled_sgd.h"

#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/base/team.h"
#include "phaselaw/dynamics/first_order.h"
#include "phaselaw/dynamics/sgd_moments.h"
#include "phaselaw/numerics/gemm.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::dynamics {

namespace {

using numerics::Index;
using numerics::Matrix;
using numerics::Op;
using numerics::Vector;

RunMean run_mean(const std::vector<double>& losses) {
  if (losses.size() < 2) return {losses.front(), 0};
  return {numerics::mean(losses), numerics::standard_deviation(losses) / std::sqrt(static_cast<double>(losses.size()))};
}

void require(const ClosedForm& problem, const ShuffledSgdOptions& options) {
  require_batch(options.batch, problem.n_data());
  const double limit = step_limit(problem);
  if (!(options.step > 0 && options.step < limit))
    throw base::InputError(fmt::format("step: SGD on this kernel needs 0 < step < n/lambda_max = {}, found {}",
                                       base::format_number(limit, 6), options.step));
  if (options.replicates < 2)
    throw base::InputError(
        fmt::format("replicates: a standard error needs at least 2 runs, found {}", options.replicates));
  const auto rows = static_cast<double>(problem.rows());
  const double bytes = sizeof(double) * rows * (2 * rows + 2 * static_cast<double>(options.replicates));
  if (bytes > options.max_bytes)
    throw base::InputError(
        fmt::format("{} runs of SGD on {} rows need {} GB, but {} GB are allowed; use fewer "
                    "replicates or sequences, or raise max_bytes",
                    options.replicates, problem.rows(), base::format_number(bytes * 1e-9),
                    base::format_number(options.max_bytes * 1e-9)));
}

}  // namespace

ShuffledSgd::ShuffledSgd(const ClosedForm& problem, const ShuffledSgdOptions& options)
    : problem_(problem), options_(options) {
  require(problem, options);
  const Index rows = problem.rows(), n = problem.n_data();
  const Index runs = options.batch == n ? 1 : options.replicates;
  const Matrix<double>& v = problem.vectors();
  const Matrix<double> scaled = problem.scaled_eigenvalues().asDiagonal() * v;
  kernel_.resize(rows, rows);
  numerics::gemm<double>(Op::transpose, Op::none, rows, rows, rows, 1.0, v.data(), rows, scaled.data(), rows, 0.0,
                         kernel_.data(), rows);
  scale_ = 2 * (options.step / static_cast<double>(options.batch)) * problem.unit();
  const Vector<double> start = v.transpose() * problem.start();
  residual_ = start.transpose().replicate(runs, 1);
  coefficients_ = Matrix<double>::Zero(runs, rows);
  updates_.resize(runs, options.batch * (rows / n));
  for (Index run = 0; run < runs; ++run) {
    orders_.push_back({numerics::RandomStream(options.seed, "shuffled-sgd", static_cast<std::uint64_t>(run)),
                       std::vector<std::int64_t>(static_cast<std::size_t>(n)), 0});
    Order& order = orders_.back();
    std::iota(order.sequences.begin(), order.sequences.end(), std::int64_t{0});
    order.at = options.batch == n ? 0 : order.sequences.size();
  }
}

// One run. The batch's residuals are copied first, because a sequence may be in it twice.
void ShuffledSgd::run(std::int64_t replicate, std::int64_t steps) {
  const Index rows = problem_.rows(), width = rows / problem_.n_data();
  Order& order = orders_[static_cast<std::size_t>(replicate)];
  auto r = residual_.row(replicate), a = coefficients_.row(replicate), update = updates_.row(replicate);
  std::vector<Index> batch(static_cast<std::size_t>(options_.batch));
  for (std::int64_t step = 0; step < steps; ++step) {
    base::throw_if_interrupted();
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (order.at == order.sequences.size()) {
        if (options_.batch < problem_.n_data()) order.sequences = order.stream.permutation(problem_.n_data());
        order.at = 0;
      }
      batch[i] = order.sequences[order.at++];
      update.segment(static_cast<Index>(i) * width, width) = scale_ * r.segment(batch[i] * width, width);
    }
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const auto part = update.segment(static_cast<Index>(i) * width, width);
      a.segment(batch[i] * width, width) += part;
      r.noalias() -= part * kernel_.middleRows(batch[i] * width, width);
    }
  }
}

void ShuffledSgd::advance(std::int64_t steps) {
  if (steps < 0) throw base::InputError(fmt::format("SGD steps: expected a number >= 0, found {}", steps));
  base::parallel_for(residual_.rows(), options_.threads, [&](std::int64_t replicate, int) { run(replicate, steps); });
  steps_ += steps;
}

std::vector<double> ShuffledSgd::losses() const {
  std::vector<double> losses;
  for (Index run = 0; run < residual_.rows(); ++run)
    losses.push_back(residual_.row(run).squaredNorm() / static_cast<double>(problem_.n_data()));
  return losses;
}

RunMean ShuffledSgd::expected_loss() const { return run_mean(losses()); }

RunMean ShuffledSgd::expected_test_loss(const TestOutputs& test, std::span<const double> targets,
                                        std::int64_t n_test) const {
  // f = f0 - H(x, X) a; TestOutputs reads coefficients V a, in units of 1/unit.
  const Index runs = residual_.rows(), rows = problem_.rows();
  SpectralPath path{{}, Matrix<double>(runs, rows)};
  numerics::gemm<double>(Op::none, Op::transpose, runs, rows, rows, 1.0, coefficients_.data(), rows,
                         problem_.vectors().data(), rows, 0.0, path.coefficients.data(), rows);
  return run_mean(test.losses(path, targets, n_test));
}

}  // namespace phaselaw::dynamics
