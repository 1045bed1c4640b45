// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/learning_curve.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/constants.h"
#include "phaselaw/base/errors.h"
#include "phaselaw/base/format.h"
#include "phaselaw/base/interrupt.h"
#include "phaselaw/dynamics/gradient_flow_risk.h"
#include "phaselaw/dynamics/leave_one_out_flow.h"
#include "phaselaw/dynamics/omniscient.h"
#include "phaselaw/dynamics/row_estimates.h"
#include "phaselaw/numerics/random.h"

namespace phaselaw::dynamics {

namespace {

using Index = Eigen::Index;
using numerics::Matrix;
using numerics::Vector;
using Sequences = std::vector<std::int64_t>;

void require_numbers(std::span<const double> values, std::int64_t rows, const char* what, bool may_be_absent) {
  if (values.empty() && may_be_absent) return;
  if (static_cast<std::int64_t>(values.size()) != rows)
    throw base::InputError(
        fmt::format("{}: expected {} numbers (sequences x rows), found {}", what, rows, values.size()));
  if (!std::all_of(values.begin(), values.end(), [](double x) { return std::isfinite(x); }))
    throw base::InputError(fmt::format("{}: found NaN or infinity; remove the sequences that contain it", what));
}

void validate(const Pool& pool, Estimator estimator, const SurfaceOptions& options, const TestSet* test) {
  const auto& k = pool.kernel;
  if (!k.block || k.n_rows < 1 || k.n_rows != k.n_columns || k.rows_per_sequence < 1)
    throw base::InputError(
        fmt::format("pool: expected a square kernel of sequences, found {} x {}", k.n_rows, k.n_columns));
  const std::int64_t rows = k.n_rows * k.rows_per_sequence;
  require_numbers(pool.targets, rows, "pool targets", false);
  require_numbers(pool.outputs, rows, "pool outputs", true);
  require_numbers(pool.clean_targets, rows, "pool clean targets", true);
  if (test != nullptr) {
    if (!test->kernel.block || test->kernel.n_columns != k.n_rows || test->kernel.n_rows < 1 ||
        test->kernel.rows_per_sequence != k.rows_per_sequence)
      throw base::InputError(fmt::format("test set: expected a kernel against the pool's {} sequences, found {} x {}",
                                         k.n_rows, test->kernel.n_rows, test->kernel.n_columns));
    require_numbers(test->targets, test->kernel.n_rows * k.rows_per_sequence, "test targets", false);
    require_numbers(test->outputs, test->kernel.n_rows * k.rows_per_sequence, "test outputs", true);
  }
  validate_times(options.times);
  if (options.n_data.empty() || !std::is_sorted(options.n_data.begin(), options.n_data.end(), std::less_equal<>()) ||
      !std::is_sorted(options.times.begin(), options.times.end(), std::less_equal<>()))
    throw base::InputError("learning curve: n_data and times must be increasing, with at least one n");
  if (options.n_data.front() < 1 || options.n_data.back() > k.n_rows)
    throw base::InputError(fmt::format("n_data: expected 1 .. {} (the pool), found {} .. {}", k.n_rows,
                                       options.n_data.front(), options.n_data.back()));
  if (estimator == Estimator::leave_one_out && k.n_rows < 2)
    throw base::InputError("leave-one-out needs at least 2 sequences in the pool, found 1; add data");
  if (estimator == Estimator::sub_sampling && test == nullptr && options.n_data.back() >= k.n_rows)
    throw base::InputError(fmt::format(
        "sub-sampling: n = {} leaves none of the pool's {} sequences for testing; use a smaller n or a test set",
        options.n_data.back(), k.n_rows));
  if (options.subsets < 1 || options.folds < 0 || options.folds == 1 || options.resamples < 0 || !(options.level > 0) ||
      !(options.level < 1) || !(options.noise_variance >= 0))
    throw base::InputError(
        "learning curve: expected subsets >= 1, folds 0 or >= 2, resamples >= 0, level in (0, 1), noise_variance >= 0");
}

std::vector<double> part_of(std::span<const double> values, const Sequences& sequences, std::int64_t rows) {
  std::vector<double> part;
  if (values.empty()) return part;
  for (const auto row : rows_of(sequences, rows)) part.push_back(values[static_cast<std::size_t>(row)]);
  return part;
}

Sequences all_of(std::int64_t count) {
  Sequences all;
  for (std::int64_t a = 0; a < count; ++a) all.push_back(a);
  return all;
}

// The training data of one fit.
struct Sample {
  Matrix<double> kernel;
  std::vector<double> targets, outputs, clean;
  std::int64_t rows;
  Sample(const Pool& pool, const Sequences& sequences)
      : kernel(block_of(pool.kernel, sequences, sequences)),
        targets(part_of(pool.targets, sequences, pool.kernel.rows_per_sequence)),
        outputs(part_of(pool.outputs, sequences, pool.kernel.rows_per_sequence)),
        clean(part_of(pool.clean_targets, sequences, pool.kernel.rows_per_sequence)),
        rows(pool.kernel.rows_per_sequence) {}
  [[nodiscard]] SequenceProblem problem() const {
    return {{kernel.data(), kernel.rows(), kernel.cols()}, targets, outputs, clean, rows};
  }
};

class Surface {
 public:
  Surface(const Pool& pool, Estimator estimator, const SurfaceOptions& options, const TestSet* test)
      : pool_(pool), options_(options), test_(test) {
    result_.estimator = estimator;
    result_.n_data = options.n_data;
    result_.times = options.times;
    const auto n = static_cast<Index>(options.n_data.size()), t = static_cast<Index>(options.times.size());
    result_.risk = Matrix<double>::Zero(n, t);
    result_.lo = result_.hi = Matrix<double>::Constant(n, t, base::kNaN);
    for (const auto count : options.n_data) result_.trained_on.push_back(static_cast<double>(count));
  }

  RiskSurface run() {
    result_.method = base::enum_name(result_.estimator);
    if (result_.estimator == Estimator::omniscient || result_.estimator == Estimator::two_point)
      from_population();
    else
      for (std::size_t k = 0; k < options_.n_data.size(); ++k)
        for (std::int64_t subset = 0; subset < subsets_for(k); ++subset) fit(k, subset);
    if (!result_.held_out.empty()) {
      for (const auto& part : result_.held_out)
        result_.risk.row(static_cast<Index>(part.n_index)) +=
            part.errors.rowwise().mean().transpose() / static_cast<double>(subsets_for(part.n_index));
      result_.method += fmt::format(", {} random subsets of the pool for each n", options_.subsets);
      if (options_.resamples > 0) {
        result_.method += fmt::format("; {} percentile interval over {} resamplings of sequences and subsets",
                                      base::format_percent(options_.level, 4), options_.resamples);
        add_intervals(result_, options_.level, options_.resamples, options_.seed);
      }
    }
    if (assumes_independent_rows(result_.estimator))
      result_.method +=
          "; assumes independent rows, but the rows of one sequence are dependent, so the estimate is usually too low";
    return std::move(result_);
  }

 private:
  // The number of sequences in a subset for n_data[k], and the number of different subsets that are useful.
  [[nodiscard]] std::int64_t held_by(std::size_t k) const {
    const auto n = options_.n_data[k];
    return result_.estimator == Estimator::leave_one_out ? std::min(n + 1, pool_.kernel.n_rows) : n;
  }
  [[nodiscard]] std::int64_t subsets_for(std::size_t k) const {
    return held_by(k) == pool_.kernel.n_rows ? 1 : options_.subsets;
  }

  void fit(std::size_t k, std::int64_t subset) {
    base::throw_if_interrupted();
    // One order of the pool per subset index: the subsets of different n are nested, which makes curves in n smooth.
    auto order = numerics::RandomStream(options_.seed, "dynamics/subset", static_cast<std::uint64_t>(subset))
                     .permutation(pool_.kernel.n_rows);
    const auto held = static_cast<std::ptrdiff_t>(held_by(k));
    const Sequences chosen(order.begin(), order.begin() + held), rest(order.begin() + held, order.end());
    const Sample sample(pool_, chosen);
    if (result_.estimator == Estimator::leave_one_out)
      leave_out(k, subset, chosen, sample);
    else if (result_.estimator == Estimator::sub_sampling)
      sub_sample(k, chosen, rest, sample);
    else
      gcv(k, sample);
  }

  void leave_out(std::size_t k, std::int64_t subset, const Sequences& chosen, const Sample& sample) {
    const auto count = static_cast<std::int64_t>(chosen.size());
    const bool by_folds = options_.folds > 0 && options_.folds < count;
    const Folds folds = by_folds ? k_folds(count, options_.folds, options_.seed + static_cast<std::uint64_t>(subset))
                                 : leave_one_out_folds(count);
    result_.trained_on[k] = static_cast<double>(count) - static_cast<double>(count) / static_cast<double>(folds.size());
    const LeaveOutFlow flow = leave_out_flow(sample.problem(), options_.times, folds);
    HeldOutErrors part{k, chosen, Matrix<double>(result_.risk.cols(), count)};
    for (std::size_t t = 0; t < flow.at.size(); ++t)
      for (std::size_t a = 0; a < chosen.size(); ++a)
        part.errors(static_cast<Index>(t), static_cast<Index>(a)) = flow.at[t].per_sequence[a];
    result_.held_out.push_back(std::move(part));
  }

  void sub_sample(std::size_t k, const Sequences& chosen, const Sequences& rest, const Sample& sample) {
    const auto rows = pool_.kernel.rows_per_sequence;
    const SequenceProblem problem = sample.problem();
    dynamics::validate(problem);
    const Sequences tested = test_ != nullptr ? all_of(test_->kernel.n_rows) : rest;
    const Matrix<double> cross = block_of(test_ != nullptr ? test_->kernel : pool_.kernel, tested, chosen);
    if (!cross.allFinite()) throw base::InputError("test kernel: found NaN or infinity; check the model's parameters");
    const auto& measured = pool_.clean_targets.empty() ? pool_.targets : pool_.clean_targets;
    const auto y = part_of(test_ != nullptr ? test_->targets : measured, tested, rows);
    const auto f0 = part_of(test_ != nullptr ? test_->outputs : pool_.outputs, tested, rows);
    Vector<double> start = Eigen::Map<const Vector<double>>(y.data(), static_cast<Index>(y.size()));
    if (!f0.empty()) start -= Eigen::Map<const Vector<double>>(f0.data(), start.size());

    const EigenSystem system = eigen_system(problem.kernel);
    const Vector<double> along = system.vectors * problem.residual();
    // Column t: g_t(H) r in the eigenvectors, g_t(h) = (1 - exp(-2 h t / n)) / h; 1/h at infinity, 0 on the null space.
    Matrix<double> filtered(along.size(), static_cast<Index>(options_.times.size()));
    for (std::size_t t = 0; t < options_.times.size(); ++t)
      for (Index i = 0; i < along.size(); ++i) {
        const double h = system.spectrum.eigenvalues[static_cast<std::size_t>(i)];
        const double rate = 2 * options_.times[t] / static_cast<double>(chosen.size());
        const double floor = system.spectrum.noise_floor;
        // A null vector grows with t, but no new sequence depends on it; late times would only amplify its rounding
        // errors.
        const double null = std::isinf(rate) || rate * floor >= 1 ? 0 : rate;
        const double filter = h > floor ? -std::expm1(-rate * h) / h : null;
        filtered(i, static_cast<Index>(t)) = filter * along[i];
      }
    const Matrix<double> weights = system.vectors.transpose() * filtered;
    const Matrix<double> errors = (cross * weights).colwise() - start;
    HeldOutErrors part{k, tested, Matrix<double>(errors.cols(), static_cast<Index>(tested.size()))};
    for (Index t = 0; t < errors.cols(); ++t)
      for (Index a = 0; a < part.errors.cols(); ++a)
        part.errors(t, a) = errors.col(t).segment(a * rows, rows).squaredNorm() / static_cast<double>(rows);
    result_.held_out.push_back(std::move(part));
  }

  void gcv(std::size_t k, const Sample& sample) {
    const SequenceProblem problem = sample.problem();
    dynamics::validate(problem);
    const EigenSystem system = eigen_system(problem.kernel);
    const Vector<double> r = problem.residual();
    for (Index t = 0; t < result_.risk.cols(); ++t) {
      const double ridge = std::max(equivalent_ridge(options_.n_data[k], options_.times[static_cast<std::size_t>(t)]),
                                    1e3 * system.spectrum.noise_floor);
      result_.risk(static_cast<Index>(k), t) +=
          row_estimates(system, {r.data(), static_cast<std::size_t>(r.size())}, ridge).gcv /
          static_cast<double>(subsets_for(k));
    }
  }

  void from_population() {
    const Sequences everything = all_of(pool_.kernel.n_rows);
    const Sample sample(pool_, everything);
    const SequenceProblem problem = sample.problem();
    dynamics::validate(problem);
    const EigenSystem system = eigen_system(problem.kernel);
    const Vector<double> along = system.vectors * problem.residual();
    const Vector<double> squares = along.array().square();
    const Population population =
        population_of_pool(system.spectrum.eigenvalues, {squares.data(), static_cast<std::size_t>(squares.size())},
                           options_.noise_variance);
    for (std::size_t k = 0; k < options_.n_data.size(); ++k)
      for (std::size_t t = 0; t < options_.times.size(); ++t) {
        const auto n = options_.n_data[k];
        const double time = options_.times[t], n_rows = static_cast<double>(n * pool_.kernel.rows_per_sequence);
        // With as many rows as the pool has, the limit without ridge is the interpolation peak, so a ridge of the size
        // of rounding is kept.
        const double ridge = std::max(equivalent_ridge(n, time), system.spectrum.noise_floor);
        const bool by_ridge = result_.estimator == Estimator::omniscient || std::isinf(time);
        result_.risk(static_cast<Index>(k), static_cast<Index>(t)) =
            by_ridge ? omniscient_ridge(population, n_rows, ridge).test
                     : gradient_flow_risk(population, n_rows, 2 * time / static_cast<double>(n)).test;
      }
  }

  const Pool& pool_;
  const SurfaceOptions& options_;
  const TestSet* test_;
  RiskSurface result_;
};

}  // namespace

RiskSurface risk_surface(const Pool& pool, Estimator estimator, const SurfaceOptions& options, const TestSet* test) {
  validate(pool, estimator, options, test);
  return Surface(pool, estimator, options, test).run();
}

}  // namespace phaselaw::dynamics
