// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "phaselaw/tables/columns.h"

// Replicates: rows with the same inputs, such as runs that differ in their seed alone. Their scatter is a variance of
// the noise that depends on no law.
//
//   sd^2 = sum_g sum_{i in g} (r_i - mean_g r)^2 / dof,   r = ln L (or L),   dof = sum_g (n_g - 1)
//   interval: dof sd^2 / chi^2_{1 - a/2}(dof) <= variance <= dof sd^2 / chi^2_{a/2}(dof),   a = 1 - level
// It is pooled over groups, which assumes one variance; `trend` tests this. [T: one-way analysis of variance]
//
// How the interval of a new run should use it. The residuals of the law contain the seed's variance and the lack of fit:
// s_n^2 = seed + misfit. At inputs like those of the table a new run has the law's uncertainty plus s_n^2, as without
// replicates. The replicates give the part of it that no law removes: if sd^2 is known with dof >= 5 and the test of
// lack of fit against it is silent, use sd^2 with dof for s_n^2 (pooled with the residual variance s^2 of k degrees of
// freedom: (dof sd^2 + k s^2)/(dof + k), with dof + k). If the test finds a lack of fit, keep s^2 and say that the part
// s^2 - sd^2 is the law's error, which grows beyond the table. With the uneven-noise slope gam of the fit, scale sd^2 by
// exp(2 gam (x_new - x_replicates)). The mean of m new seeds has sd^2/m in place of sd^2.
//
// Rows of one run are not replicates, so with `run` a run counts once in a group: repeated measurements of one run
// (another evaluation of the same weights) are averaged first.
// Errors: InputError for a missing column; PHASELAW_CHECK for lists of other lengths. Cost: O(n log n).
namespace phaselaw::fitting {

struct Replicates {
  std::vector<std::vector<std::size_t>> groups;  // rows with equal inputs, of at least two runs; by first row
  std::size_t n_rows = 0;                        // in the groups
  double dof = 0;                                // sum of (runs of the group - 1)
  double sd = 0;                                 // pooled standard deviation of ln L (of L, if raw)
  double lo = 0, hi = 0;                         // its interval at `level`
  double level = 0;
  // Spearman's correlation of the variance within a group with its mean, and its p-value (two-sided, t with groups - 2
  // degrees of freedom); unset with fewer than 5 groups.
  std::optional<double> trend, trend_p;
};

// std::nullopt if no inputs occur twice. `columns`: the names of the inputs, usually law.columns(). `run`: of each row;
// empty: every row is a run.
[[nodiscard]] std::optional<Replicates> replicates(const tables::Measurements& data,
                                                   const std::vector<std::string>& columns,
                                                   std::span<const std::string> run, bool raw, double level);

}  // namespace phaselaw::fitting
