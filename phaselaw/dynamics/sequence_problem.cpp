// SPDX-License-Identifier: Apache-2.0
#include "phaselaw/dynamics/sequence_problem.h"

#include <algorithm>
#include <cmath>

#include "phaselaw/base/errors.h"
#include "phaselaw/numerics/random.h"
#include "phaselaw/numerics/statistics.h"

namespace phaselaw::dynamics {

namespace {

using numerics::Vector;

Eigen::Map<const Vector<double>> map(std::span<const double> x) {
  return {x.data(), static_cast<Eigen::Index>(x.size())};
}

void require_rows(std::span<const double> values, std::int64_t rows, const char* what) {
  if (static_cast<std::int64_t>(values.size()) != rows)
    throw base::InputError(
        fmt::format("{}: expected one number per row of the kernel ({}), found {}", what, rows, values.size()));
  if (!map(values).allFinite())
    throw base::InputError(fmt::format("{}: found NaN or infinity; remove the sequences that contain it", what));
}

}  // namespace

Vector<double> SequenceProblem::residual() const {
  return outputs.empty() ? Vector<double>(map(targets)) : Vector<double>(map(targets) - map(outputs));
}

Vector<double> SequenceProblem::noise() const {
  if (clean_targets.empty()) return Vector<double>::Zero(rows());
  return map(targets) - map(clean_targets);
}

void validate(const SequenceProblem& problem) {
  const auto& h = problem.kernel;
  if (h.rows() < 1 || h.rows() != h.cols())
    throw base::InputError(fmt::format("kernel: expected a square matrix, found {} x {}", h.rows(), h.cols()));
  if (problem.rows_per_sequence < 1 || h.rows() % problem.rows_per_sequence != 0)
    throw base::InputError(fmt::format("kernel: {} rows are no whole number of sequences of {} rows", h.rows(),
                                       problem.rows_per_sequence));
  if (!h.allFinite()) throw base::InputError("kernel: found NaN or infinity; check the model's parameters and inputs");
  require_rows(problem.targets, h.rows(), "targets");
  if (!problem.outputs.empty()) require_rows(problem.outputs, h.rows(), "outputs at initialisation");
  if (!problem.clean_targets.empty()) require_rows(problem.clean_targets, h.rows(), "clean targets");
}

void validate_times(std::span<const double> times) {
  if (times.empty()) throw base::InputError("times: expected at least one, found none");
  for (const double t : times)
    if (!(t >= 0)) throw base::InputError(fmt::format("times: expected numbers >= 0, found {}", t));
}

EigenSystem eigen_system(numerics::ConstMatrixView<double> kernel) {
  EigenSystem result;
  result.vectors = kernel;
  result.spectrum =
      kernel::spectrum_in_place<double>({result.vectors.data(), result.vectors.rows(), result.vectors.cols()}, true);
  return result;
}

Folds leave_one_out_folds(std::int64_t n_sequences) {
  if (n_sequences < 2)
    throw base::InputError(fmt::format(
        "leave-one-sequence-out needs at least 2 sequences, so that one remains for training; found {}; add data",
        n_sequences));
  Folds folds;
  for (std::int64_t a = 0; a < n_sequences; ++a) folds.push_back({a});
  return folds;
}

Folds k_folds(std::int64_t n_sequences, std::int64_t count, std::uint64_t seed) {
  if (count < 2 || count > n_sequences)
    throw base::InputError(
        fmt::format("folds: expected 2 .. {} (the number of sequences), found {}", n_sequences, count));
  const auto order = numerics::RandomStream(seed, "dynamics/folds").permutation(n_sequences);
  Folds folds(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < order.size(); ++i) folds[i % folds.size()].push_back(order[i]);
  for (auto& fold : folds) std::sort(fold.begin(), fold.end());
  return folds;
}

void validate(const Folds& folds, std::int64_t n_sequences) {
  std::vector<int> held(static_cast<std::size_t>(n_sequences), 0);
  bool whole = folds.size() >= 2;
  for (const auto& fold : folds) {
    whole = whole && !fold.empty();
    for (const auto a : fold) {
      if (a < 0 || a >= n_sequences)
        throw base::InputError(fmt::format("folds: found sequence {}, the data has 0 .. {}", a, n_sequences - 1));
      ++held[static_cast<std::size_t>(a)];
    }
  }
  if (!whole || std::any_of(held.begin(), held.end(), [](int times) { return times != 1; }))
    throw base::InputError(fmt::format(
        "folds: expected at least 2, none empty, which together contain each of {} sequences once", n_sequences));
}

HeldOutRisk summarise(std::vector<double> per_sequence) {
  HeldOutRisk risk;
  risk.per_sequence = std::move(per_sequence);
  risk.mean = numerics::mean(risk.per_sequence);
  const auto n = risk.per_sequence.size();
  risk.standard_error = n < 2 ? 0 : numerics::standard_deviation(risk.per_sequence) / std::sqrt(static_cast<double>(n));
  return risk;
}

HeldOutRisk held_out_risk(std::span<const double> errors, std::int64_t rows_per_sequence) {
  PHASELAW_CHECK(rows_per_sequence > 0 && errors.size() % static_cast<std::size_t>(rows_per_sequence) == 0);
  std::vector<double> per_sequence;
  const auto rows = static_cast<std::size_t>(rows_per_sequence);
  for (std::size_t first = 0; first < errors.size(); first += rows)
    per_sequence.push_back(map(errors.subspan(first, rows)).squaredNorm() / static_cast<double>(rows));
  return summarise(std::move(per_sequence));
}

std::vector<std::int64_t> rows_of(const std::vector<std::int64_t>& sequences, std::int64_t rows_per_sequence) {
  std::vector<std::int64_t> rows;
  rows.reserve(sequences.size() * static_cast<std::size_t>(rows_per_sequence));
  for (const auto a : sequences)
    for (std::int64_t r = 0; r < rows_per_sequence; ++r) rows.push_back(a * rows_per_sequence + r);
  return rows;
}

}  // namespace phaselaw::dynamics
