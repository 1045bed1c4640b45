// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "phaselaw/base/value.h"
#include "phaselaw/fitting/fit.h"
#include "phaselaw/fitting/row_groups.h"

// Does the law describe the rows, or do its residuals have a pattern? Score tests of the residuals e of the least-squares
// fit (tangent_space.h) in directions z that the law does not have:
//
//   e = J b + z g,   t = g/se(g)
//
//   share       the share of its run at which a row was taken (row_groups.h)
//   law         with x_c = ln of the columns of the law, centred: x_c, x_c^2, x_c x_d; the first kMostLawDirections
//   run         group means of residuals, where rows of one run are taken for independent
//   replicates  what the law misses beyond the scatter of equal runs
//
// J has no columns of coordinates at a bound. Directions in the tangent space (the squared share outside is below 1e-7) are
// skipped. se: CR2 with Bell-McCaffrey degrees of freedom (numerics/cluster_robust.h) if rows share errors or the noise is
// uneven, otherwise the classical one with n - rank - 1. Rows share errors in the clusters of the options; without a column
// of runs, in groups of equal n_params with means that differ (F test, 1 %). The noise is uneven if |e| changes with the
// sum of the x_c (5 %; 10 % below 12 degrees of freedom).
//
// The probability of a false alarm is 5 %: half for the share, half for all others by Holm's correction; all for the others
// if there is no share to test. Sizes say how far rows are off the fitted law in the direction; the law has bent towards
// them, so sizes err low: early rows up to 3 % high in six rows per run appear 1.5 % high.
// Measured size and power: benchmarks/laws/study_lack_of_fit.cpp.
// Cost: a warm refit and O(n q^2) for each direction, q = rank + 1. Source: [T] Rao 1948, Holm 1979, and cluster_robust.h.
namespace phaselaw::fitting {

inline constexpr double kLackOfFitLevel = 0.05;
inline constexpr std::size_t kMostLawDirections = 9;

enum class DirectionKind { share, linear, square, product, run, replicates };
[[nodiscard]] base::EnumNames<DirectionKind> enum_names(DirectionKind);

struct DirectionTest {
  DirectionKind kind = DirectionKind::linear;
  std::vector<std::string> columns;  // those of z; of a share its progress
  // Percent of the output. share: how far the earliest rows lie above the law, relative to rows at the end of their runs;
  // < 0 if they lie below. law: the largest deviation in the direction, > 0. run, replicates: a standard deviation, > 0.
  double size_percent = 0;
  double statistic = 0;  // t, or F of run and replicates
  double dof = 0;        // of t, or the second one of F
  double p_value = 1;    // of this direction alone
  double adjusted = 1;   // for all directions tested
  std::string where{};   // law: "too high in the middle of the range of tokens and too low at its ends"
  // Significant, and as intermediate rows of a decaying schedule would be.
  [[nodiscard]] bool early_rows_are_high() const {
    return kind == DirectionKind::share && size_percent > 0 && adjusted < kLackOfFitLevel;
  }
  [[nodiscard]] std::string name() const;  // "share of the run", "ln tokens", "(ln tokens)^2", "ln n_params ln tokens"
};

struct LackOfFit {
  bool tested = false;
  std::string reason;                     // why it was not tested
  bool significant = false;               // at kLackOfFitLevel
  double p_value = 1;                     // adjusted, of the strongest direction
  std::string direction;                  // its name; of the one that the sentence is about
  double size_percent = 0;                // its size
  std::string sentence;                   // what is wrong and what to do; empty if not significant
  std::string variance;                   // "classical", "cluster-robust" or "uneven"
  std::size_t clusters = 0;               // groups of rows that share errors; 0 if rows are independent
  std::vector<DirectionTest> directions;  // as tested
  RunShares shares;
  Replicates replicates;

  // A sentence about several rows of one run, whether or not the share matters; empty without such rows.
  [[nodiscard]] std::string checkpoints_sentence() const;
};

// `run`: the run of each row, or no texts; `label`: rows with different labels are no replicates (row_groups.h).
// InputError as LawForm.
[[nodiscard]] LackOfFit lack_of_fit(const Fit& fit, const tables::Measurements& data, const FitOptions& options,
                                    std::span<const std::string> run = {}, std::span<const std::string> label = {});
// What is wrong in this direction, and what to do.
[[nodiscard]] std::string sentence_of(const LackOfFit& lack, const DirectionTest& direction);
// {tested, reason, significant, p_value, direction, size_percent, sentence, variance, clusters, directions [..],
// checkpoints {runs, rows, progress, sentence} or null, replicates {configurations, rows, dof, seed_sd} or null}
[[nodiscard]] base::Value to_value(const LackOfFit& lack);

}  // namespace phaselaw::fitting
